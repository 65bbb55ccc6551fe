"""The API's own description: complete, true to the routes, and without a foreign host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gridsvc.web import schemas
from tests.web.conftest import Client
from tests.web.test_access import ALLOWED


@pytest.fixture(scope="module")
def told(client: Client) -> dict[str, Any]:
    return dict(client().get("/openapi.json").json())


def operations(told: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(method.upper(), path): one for path, found in told["paths"].items() for method, one in found.items()}


def test_every_route_of_the_api_is_described(told: dict[str, Any]) -> None:
    wanted = {
        (method, re.sub(r":\w+}", "}", path))
        for method, path in ALLOWED
        if path.startswith(("/api/", "/basemap/", "/healthz", "/readyz"))
    }
    assert set(operations(told)) == wanted


def bodies(of: type[schemas.In] = schemas.In) -> Iterator[type[schemas.In]]:
    """Every kind of body that the API reads."""
    for one in of.__subclasses__():
        yield one
        yield from bodies(one)


def loose(schema: object) -> Iterator[object]:
    """The whole numbers of a body's core schema that something else would pass for, as `true` does for 1."""
    if isinstance(schema, dict):
        if schema.get("type") == "int" and not schema.get("strict"):
            yield schema
        for one in schema.values():
            yield from loose(one)
    elif isinstance(schema, list | tuple):
        for one in schema:
            yield from loose(one)


def test_nothing_but_a_whole_number_is_one_in_a_body(told: dict[str, Any]) -> None:
    found = {one.__name__: list(loose(one.__pydantic_core_schema__)) for one in bodies()}
    assert {"ActionIn", "ActionWanted", "OneOfSeveral", "PostIn", "ReleaseIn", "VisitSaid"} <= set(found)
    assert {name: fields for name, fields in found.items() if fields} == {}


def test_every_operation_says_what_it_does_and_how_it_refuses(told: dict[str, Any]) -> None:
    for key, one in operations(told).items():
        assert one["description"].endswith("."), key
        assert re.fullmatch("[a-z_]+", one["operationId"]), key
        for status, answer in one["responses"].items():
            if status in ("400", "401", "403", "404", "409", "422", "503"):
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorOut"}, (key, status)
    assert "HTTPValidationError" not in told["components"]["schemas"]


def test_it_names_no_foreign_host(told: dict[str, Any]) -> None:
    assert "http" not in str(told).replace("HTTP", "")


def test_fields_are_the_issues(told: dict[str, Any]) -> None:
    schemas = told["components"]["schemas"]
    assert schemas["ReportIn"]["additionalProperties"] is False
    assert set(schemas["ReportIn"]["required"]) == {"client_key", "category", "description", "location"}
    location = schemas["LocationIn"]["properties"]
    assert set(location) == {"lon", "lat", "crs", "accuracy_m", "compound", "words"}
    beside = {"due_at", "n_similar", "similar"}
    assert set(schemas["SubmittedOut"]["properties"]) == {"number", "state", "grid", "placement", "worker"} | beside


def test_it_takes_no_parameter_it_does_not_know(client: Client) -> None:
    answer = client().get("/openapi.json?format=yaml")
    assert (answer.status_code, answer.json()["code"]) == (400, "query_unknown")
    assert client().get("/openapi.json?lang=zh").status_code == 200
