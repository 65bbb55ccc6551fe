"""A map's first view costs the same at ten times the reports: the page as it is measured by the bench, in small."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from bench.maps import opened
from bench.place import Place
from bench.tiles import fill, readers, settle
from gridsvc.web.app import create_app
from tests.conftest import Maker
from tests.web.live import Clock, serving, settings

SIZES = (10_000, 100_000)
N_GRIDS = 200
MOST_ROUNDS = 8  # a busy machine; a quiet one needs one
MOST_TIMES = 3.0  # longer than with a tenth of the reports
SOON_S = 3.0  # what is ready by then is ready, whatever the other took


@pytest.fixture(scope="module")
def towns(
    maker: Maker, vendored: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[int, tuple[str, str]]]:
    """By number of reports: the address of a service over so many, and what a planner shows it."""
    with ExitStack() as stack:
        found = {}
        for n in SIZES:
            made = stack.enter_context(maker())
            place = Place(made.schema, made.app_url, made.owner_url)
            with place.begin() as db:
                fill(db, N_GRIDS, n)
                token = readers(db)["planner"]["Authorization"]
            settle(place)
            app = create_app(settings(made, tmp_path_factory.mktemp("data")), clock=Clock())
            found[n] = (stack.enter_context(serving(app)), token)
        yield found


def is_as_soon(least_s: dict[int, float]) -> bool:
    few, many = (least_s[n] for n in SIZES)
    return many <= max(MOST_TIMES * few, SOON_S)


def test_ten_times_the_reports_are_ready_as_soon(browser: Browser, towns: dict[int, tuple[str, str]]) -> None:
    seen, least_s = [], dict.fromkeys(SIZES, math.inf)
    for n in SIZES:  # the first of each warms the service
        opened(browser, *towns[n])
    for _ in range(MOST_ROUNDS):
        # turn by turn, so that a busy machine is busy for both; the least is what it takes
        seen.append({n: opened(browser, *towns[n]) for n in SIZES})
        least_s = {n: min(one[n].ready_s for one in seen) for n in SIZES}
        if is_as_soon(least_s):
            break
    assert is_as_soon(least_s), least_s
    pages_kb = {round(one[n].page_kb, 2) for one in seen for n in SIZES}
    assert max(pages_kb) - min(pages_kb) <= 1
    assert 4 < max(pages_kb) <= 20
