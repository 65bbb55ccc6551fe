"""What anybody can write, in every text column, on every page, for every role: shown as it was written, never obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import text

from gridsvc.i18n import LOCALES
from gridsvc.rules.roles import ROLES
from gridsvc.web.app import create_app
from tests.conftest import NOW, Maker
from tests.through import lead
from tests.web import canaries, dealing
from tests.web.canaries import BOUND, FREE
from tests.web.county import worked_out
from tests.web.live import settings
from tests.web.offices import Offices, opened

# What no page has as text in its HTML, and where it is instead.
UNSEEN = {
    ("basemap", "name"): "drawn by the maps' scripts: tests/browser",
    **{("calendar_day", "name"): "command line", ("calendar_year", "source"): "command line"},
    **{
        ("category_condition", name): "API and command line"
        for name in (
            "class_name",
            "clauses",
            "legal_basis",
            "limit_raw",
            "name",
            "responsibles",
            "supervisors",
        )
    },
    ("category_condition", "milestones"): "copied into a case when it is filed",
    **{("category_sheet", name): "command line" for name in ("name", "file")},
    ("compound", "aliases"): "searched, not shown",
    ("credential", "label"): "command line",
    ("joined", "phone"): "of no concern to any page",
    ("report", "category_raw"): "files that are read and written",
}
WRITTEN = {(table, name) for table, names in FREE.items() for name in names}


@pytest.fixture(scope="module")
def offices(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    with opened(maker, tmp_path_factory.mktemp("data")) as found:
        with found.made.begin(owner=True) as db:
            dealing.store_sheet(db)
        dealing.new(found, category="E0101")  # of several filing conditions one is to be chosen
        dealing.at_state(found, "filed", category="E0102")
        number = dealing.new(found, linked=True)
        dealing.send(found, "manager", number, "note", note="记一笔")
        with found.made.begin(owner=True) as db:
            lead(db, found.county.numbers["west"], "filed", NOW)  # what was released of it is public
            canaries.fill(db, found.county)
        yield found


def test_every_text_column_is_written_or_says_why_not(offices: Offices) -> None:
    """A new column fails here until somebody says whether people can write it."""
    assert WRITTEN | set(BOUND) == set(canaries.columns())
    assert WRITTEN & set(BOUND) == set()
    with offices.made.begin(owner=True) as db:
        assert [one for one, n in canaries.n_written(db).items() if not n] == []


class Look(HTMLParser):
    """What a browser would make of a page: its texts and attributes, and whatever a canary made of it."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.obeyed: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.obeyed += [
            f"<{tag} {name}>" for name, value in attrs if name.startswith("on") or (name, value) == ("src", "x")
        ]
        self.texts += [value for _, value in attrs if value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def addresses(offices: Offices, role: str | None) -> Iterator[str]:
    """Every GET page of the app, each with something that is there; for most roles one report is enough."""
    with offices.made.begin() as db:
        shop = db.scalar(text("SELECT id FROM household WHERE kind = 'shop'"))
        # the first, of which most is known; the one with a strange number; the newest, which has a contact; two with conditions
        numbers = list(db.scalars(text("SELECT number FROM report ORDER BY id")))
        numbers = [numbers[0], next(one for one in numbers if "script" in one), *numbers[-3:]]
        numbers = numbers if role in ("admin", "dispatcher") else numbers[:1]
    reports = [f"/reports/{quote(number, safe='')}" for number in numbers]
    known = {
        "/reports/{number:path}": reports,
        "/reports/{number:path}/act": [f"{one}/act?action=note" for one in reports],
        "/reports/{number:path}/slip": [f"{one}/slip" for one in reports],
        "/r/{number}": [f"/r/{quote(numbers[0])}"],
        "/campaigns/{code}": ["/campaigns/canary"],
        "/campaigns/{code}/change": ["/campaigns/canary/change"],
        "/campaigns/{code}/mop-up": ["/campaigns/canary/mop-up"],
        "/households/{household_id}": [f"/households/{shop}"],
        "/households/{household_id}/change": [f"/households/{shop}/change"],
        "/visit/{household_id}": [f"/visit/{shop}"],
        # with all that a reader without scripts gets
        "/wall": ["/wall?table=1"],
        "/maps/hotspots": ["/maps/hotspots?table=1"],
        "/maps/coverage": ["/maps/coverage?table=1", "/maps/coverage?table=1&campaign=canary"],
        "/public": ["/public?table=1"],
        "/worklist": ["/worklist", "/worklist?state=all"],
        "/reports": ["/reports"],
        "/accounts": ["/accounts", "/accounts?log=1"],
    }
    files = (
        "/static",
        "/basemap",
        "/api/",
        ".{kind}",
        ".{file_format}",
        ".pbf",
        ".json",
        ".js",
        ".webmanifest",
        "/readyz",
    )
    for route in iter_route_contexts(create_app(settings(offices.made, Path("unused"))).routes):
        path = str(route.path)
        if route.methods and "GET" in route.methods and not any(part in path for part in files):
            assert path in known or "{" not in path, f"{path}: say here what stands in its place"
            yield from known.get(path, [path])


def pages(offices: Offices) -> Iterator[tuple[str | None, str, httpx.Response]]:
    """Every page as every role gets it, in one language or the other; and those that tell of a person for a purpose."""
    for place, role in enumerate((None, *ROLES)):
        every = list(addresses(offices, role))
        for address in every:
            lang = {"Accept-Language": LOCALES[place % 2]}
            yield role, address, offices.clients[role].get(address, headers=lang)
    door = next(one for one in every if re.fullmatch(r"/households/\d+", one))
    yield "manager", door, offices.clients["manager"].post(door, data={"act": "unmask", "words": "电话"})
    with offices.made.begin() as db:
        contact = db.scalar(text("SELECT r.number FROM report r ORDER BY r.id DESC LIMIT 1"))
    yield "dispatcher", "unmask", dealing.send(offices, "dispatcher", str(contact), "unmask", note="回访")


def test_no_page_obeys_what_people_wrote(offices: Offices) -> None:
    wrong, seen = [], set()
    for role, address, answer in pages(offices):
        if answer.status_code >= 500:
            wrong.append((role, address, f"{answer.status_code}"))
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        look = Look(answer.text)
        wrong += [(role, address, one) for one in look.obeyed]
        if worked_out(answer.text):
            wrong.append((role, address, "7*191"))
        for told in look.texts:
            for table, name in re.findall(r"«(\w+)\.(\w+)»", told):
                seen.add((table, name))
                if canaries.canary(table, name) not in told.replace("\\u003c", "<").replace("\\u003e", ">"):
                    wrong.append((role, address, f"{table}.{name} is not as it was written: {told[:200]}"))
    assert wrong == []
    assert WRITTEN - seen == set(UNSEEN)
