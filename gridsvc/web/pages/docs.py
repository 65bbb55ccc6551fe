"""The page that lists the operations of the API, from the app's own description; no foreign host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from gridsvc.web.deps import UnitDep
from gridsvc.web.templating import frame_of, page

router = APIRouter()

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    where: str
    type: str
    required: bool
    told: str


@dataclass(frozen=True)
class Call:
    """One operation."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    body: str
    answers: tuple[tuple[str, str], ...]

    @property
    def anchor(self) -> str:
        """The name of its place on the page."""
        return f"{self.method}{self.path}".replace("/", "-").replace("{", "").replace("}", "")


@router.get("/docs/api", response_class=HTMLResponse)
def show(request: Request, unit: UnitDep) -> Response:
    """The operations by group."""
    groups: dict[str, list[Call]] = {}
    for path, operations in request.app.openapi().get("paths", {}).items():
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                groups.setdefault((operation.get("tags") or [path.split("/")[1]])[0], []).append(
                    _call(method, path, operation)
                )
    return page(frame_of(request), "api.html", groups=groups)


def _call(method: str, path: str, operation: Mapping[str, Any]) -> Call:
    content = operation.get("requestBody", {}).get("content", {})
    first, _, rest = str(operation.get("description", "")).replace("`", "").strip().partition("\n")
    return Call(
        method=method,
        path=path,
        summary=first or str(operation.get("summary", "")),
        description=rest.strip(),
        parameters=tuple(_parameter(one) for one in operation.get("parameters", ())),
        body=", ".join(f"{kind}: {_type(told.get('schema', {}))}" for kind, told in content.items()),
        answers=tuple((status, str(told.get("description", ""))) for status, told in operation["responses"].items()),
    )


def _parameter(one: Mapping[str, Any]) -> Parameter:
    schema = one.get("schema", {})
    told = str(one.get("description") or schema.get("description") or "")
    return Parameter(one["name"], one["in"], _type(schema), bool(one.get("required")), told)


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"{_type(schema.get('items', {}))}[]"
    return str(schema.get("const") or schema.get("format") or schema.get("type") or "any")
