"""The wall on paper as it comes over HTTP: numbers, words and filters of the API, this reader's rows, one at a time."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest
import shapely
from sqlalchemy import text

from gridsvc import reports
from gridsvc.i18n import LOCALES, translate
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from gridsvc.web.app import create_app
from gridsvc.web.press import Press
from maps.paper import board, layout, pins
from maps.paper import frame as frames
from maps.paper.sheet import SIZES, Pin
from tests.conftest import NOW, Fresh
from tests.through import lead
from tests.web.county import CANARY, RULE, WEST, County
from tests.web.live import Clock, serving, settings
from tests.web.test_map_paper import squeezed

CREDIT = {"tile_attribution": "© 某图源", "map_review_number": "审图号 GS(2026)1234号"}
STATES = ("filed", "dispatched", "disposed", "checked", "closed", "struck_off")
N_EACH = 12
PHONE = "13912345678"


class Printer:
    """A running service with a wall that needs several pages."""

    def __init__(self, address: str, county: County, services: Any) -> None:
        self.address, self.county, self.services = address, county, services

    def ask(self, path: str, login: str | None = "admin", **asked: Any) -> httpx.Response:
        headers = {} if login is None else {"Authorization": f"Bearer {self.county.tokens[login]}"}
        return httpx.get(self.address + path, params=asked, headers=headers, timeout=60)

    def pages(self, login: str = "admin", **asked: Any) -> list[str]:
        """The words of each page of the wall's PDF, without blanks."""
        answer = self.ask("/wall.pdf", login, **asked)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["cache-control"] == "no-store"
        document = pypdfium2.PdfDocument(answer.content)
        for nr in range(len(document)):
            assert document.get_page_size(nr) == pytest.approx(SIZES[asked.get("paper", "a3")], abs=0.01)
        texts = []
        for nr in range(len(document)):
            page = document[nr]
            part = page.get_textpage()
            texts.append(squeezed(part.get_text_range()))
            part.close()
            page.close()
        document.close()
        return texts


@pytest.fixture(scope="module")
def printer(made: Fresh, county: County, folder: Path) -> Iterator[Printer]:
    with made.begin() as db:
        for i, state in enumerate(STATES * N_EACH):
            place = Position(110.002 + 0.0005 * i, 23.004 + 0.001 * (i % 9), "wgs84")
            words = f"堆垃圾{i}号，电话 {PHONE} {CANARY}"
            number = reports.submit(
                db, Draft(uuid.uuid4(), "0110", words, "web", place), ANONYMOUS, NOW - timedelta(days=3 + i % 4), RULE
            ).number
            lead(db, number, state, NOW - timedelta(days=2 + i % 4))
        db.execute(text("UPDATE category SET name_zh = name_zh || :c, name_en = name_en || :c"), {"c": CANARY})
    app = create_app(settings(made, folder, **CREDIT), clock=Clock())
    with serving(app) as address:
        yield Printer(address, county, app.state.services)


@pytest.mark.parametrize("lang", LOCALES)
@pytest.mark.parametrize("paper", ["a3", "a0"])
def test_the_paper_is_the_wall_of_the_api(printer: Printer, lang: Any, paper: str) -> None:
    told = printer.ask("/api/v1/wall", limit=100, lang=lang).json()
    pages = printer.pages(paper=paper, lang=lang)
    everything = "".join(pages)
    assert len(told["rows"]) > 70
    assert len(pages) > 1

    def word(name: str, **facts: object) -> str:
        return squeezed(translate(f"wall.{name}", lang, **facts))

    for row in told["rows"]:
        line = f"{row['nr']}{row['category']['name']}{row['description']}"
        assert squeezed(line) in everything, line
    assert everything.count("堆垃圾") == sum(row["description"].startswith("堆垃圾") for row in told["rows"])
    kind = squeezed(told["rows"][0]["category"]["name"])
    assert everything.count(kind) == len([row for row in told["rows"] if squeezed(row["category"]["name"]) == kind])
    for nr, page in enumerate(pages, 1):
        assert squeezed(CREDIT["map_review_number"]) in page
        assert squeezed(CREDIT["tile_attribution"]) in page
        assert squeezed(translate("paper.page", lang, n=nr, of=len(pages))) in page
        assert word("as_of", when=told["as_of"][:16].replace("T", " ")) in page
        assert word("filter_none") in page
        for name in ("nr", "problem", "body", "owner", "deadline", "progress", "struck"):
            assert word(f"col_{name}") in page, name
    for standing, n in told["counts"].items():
        assert word(f"standing_{standing}") + str(n) in pages[0]
    n, left = len(told["rows"]), told["left_out"]
    shown = word("shown", total=told["total"], n=n, left=left) if left else word("shown_all", total=told["total"])
    assert shown in pages[0]
    assert word("title") in pages[0]
    assert word("zone", zone="Asia/Shanghai") in pages[0]
    assert "\ufffd" not in everything


def test_a_line_says_what_its_row_says(printer: Printer) -> None:
    for asked in ({"deadline": "struck_off"}, {"state": "dispatched"}):
        (row, *_) = printer.ask("/api/v1/wall", lang="zh", **asked).json()["rows"]
        (page, *_) = printer.pages(lang="zh", **asked)
        told = squeezed(translate(f"wall.standing_{row['standing']}", "zh"))
        if row["until"]:
            told += squeezed(row["until"][:16].replace("T", " "))
        for line in (
            told,
            squeezed(row["grid"]["name"]),
            row["owner"]["name"] if row["owner"] else translate("wall.nobody", "zh"),
            squeezed(translate(f"wall.step_{row['step']}", "zh") + "●"),
            squeezed(row["updated_at"][:16].replace("T", " ")),
        ):
            assert line in page, line
        assert row["struck_at"] is None or row["struck_at"][:10] in page


def test_pins_have_the_numbers_of_their_lines(printer: Printer) -> None:
    rows = printer.ask("/api/v1/wall", lang="zh").json()["rows"]
    there = [row for row in rows if row["location"]]
    hung = [
        Pin(row["nr"], row["standing"], shapely.Point(row["location"]["lon"], row["location"]["lat"])) for row in there
    ]
    seen = frames.at(110.02, 23.008, 14, board.map_box("a0"), board.map_box("a0").wide / (800 * 0.75))
    answer = printer.ask("/wall.pdf", lang="zh", paper="a0", map="14/23.008/110.02", px="800x200")
    document = pypdfium2.PdfDocument(answer.content)
    page = document[0]
    part = page.get_textpage()
    found = pins.hung(seen, hung, layout.plan("a0").fine)
    for pin, _, at in found:
        around = {"left": at.x - 12, "right": at.x + 12, "bottom": at.y - 9, "top": at.y + 9}
        assert squeezed(part.get_text_bounded(**around)) == f"{pin.nr}"
    told = squeezed(part.get_text_range())
    part.close()
    page.close()
    document.close()
    n_off, n_bare = pins.n_off(seen, hung), len(rows) - len(there)
    assert (len(found), n_off) == (len(hung) - n_off, 1)  # a report from another county
    assert squeezed(translate("wall.off_sheet", "zh", n=n_off)) in told
    assert squeezed(translate("wall.no_pin", "zh", n=n_bare)) in told
    assert n_bare == 1


def test_filters_are_those_of_the_page_and_said(printer: Printer) -> None:
    asked = {"area": WEST, "category": "0110", "state": "closed", "deadline": "closed", "limit": "50"}
    told = printer.ask("/api/v1/wall", lang="zh", **asked).json()
    pages = printer.pages(lang="zh", **asked)
    assert "".join(pages).count("堆垃圾") == len(told["rows"]) > 0
    said = ("西社区", f"暴露垃圾{CANARY}", "已结案待评价")
    assert all(squeezed(one) in pages[0] for one in said)
    assert squeezed(translate("wall.filter_none", "zh")) not in pages[0]
    none = printer.pages(lang="zh", category="gone")
    assert len(none) == 1
    assert squeezed(translate("wall.empty", "zh")) in none[0]
    assert squeezed(translate("wall.option_unknown", "zh", value="gone")) in none[0]
    assert printer.ask("/wall.pdf", area="gone").status_code == 404
    for wrong in ({"limit": "7"}, {"paper": "a5"}, {"map": "x"}, {"state": "x"}, {"px": "0x1"}):
        assert printer.ask("/wall.pdf", **wrong).status_code == 422


def test_a_reader_gets_the_own_rows_masked(printer: Printer) -> None:
    for login in ("manager_east", "worker", "planner"):
        rows = printer.ask("/api/v1/wall", login, lang="zh").json()["rows"]
        words = "".join(printer.pages(login, lang="zh"))
        assert words.count("堆垃圾") == sum(row["description"].startswith("堆垃圾") for row in rows)
        assert PHONE not in words
    east = "".join(printer.pages("manager_east", lang="zh"))
    assert "第8网格" in east
    assert "第1网格" not in east
    answer = printer.ask("/wall.pdf", None)
    assert (answer.status_code, answer.headers["location"].startswith("/login")) == (303, True)


def test_what_people_write_is_printed_as_they_wrote_it(printer: Printer) -> None:
    words = "".join(printer.pages(lang="en", state="filed"))
    assert words.count(squeezed(CANARY)) >= N_EACH
    assert "49" not in re.findall(r"img(\d+)", words)
    assert squeezed(CANARY) in printer.pages(compounds="on", map="16/23.0045/110.0045", px="800x800", limit="50")[0]


def test_the_picture_shows_every_page(printer: Printer) -> None:
    answer = printer.ask("/wall.png", paper="a4")
    assert answer.headers["content-type"] == "image/png"
    assert re.fullmatch(
        r'attachment; filename="gridsvc-wall-\d{4}-\d\d-\d\d-a4\.png"', answer.headers["content-disposition"]
    )
    wide, high = (int.from_bytes(answer.content[at : at + 4], "big") for at in (16, 20))
    n = len(printer.pages(paper="a4"))
    assert n > 1
    assert (wide, high) == pytest.approx((2339, 1654 * n), abs=n)


def test_the_selected_row_is_ringed_and_named(printer: Printer) -> None:
    rows = printer.ask("/api/v1/wall", lang="zh").json()["rows"]
    theirs = {row["key"] for row in printer.ask("/api/v1/wall", "manager_east", lang="zh").json()["rows"]}
    chosen = next(row for row in rows if row["nr"] > 3 and row["location"] and row["key"] not in theirs)
    told = squeezed(translate("paper.ringed", "zh", n=chosen["nr"]))
    pages = printer.pages(lang="zh", sel=chosen["key"])
    assert told in pages[0]
    assert pages[0] != printer.pages(lang="zh")[0]
    for gone in ("gridsvc/none/0", CANARY):
        assert printer.pages(lang="zh", sel=gone) == printer.pages(lang="zh")
    east = printer.pages("manager_east", lang="zh", sel=chosen["key"])  # of a row of others not even the number is told
    assert squeezed(translate("paper.ringed", "zh", n=0)).split("0")[0] not in "".join(east)


def test_busy_is_said_with_a_time(printer: Printer) -> None:
    patient, printer.services.press = printer.services.press, Press(waiting=0)
    with printer.services.press.turn():
        answer = printer.ask("/wall.pdf", lang="en")
    printer.services.press = patient
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "Other maps are being drawn" in answer.text
    assert printer.ask("/wall.pdf").status_code == 200
