"""What people do about the town's reports, and the pictures they take."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time
from functools import cache
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pyproj import Geod

from geodata import datum, town
from geodata.town import loop, phrases, pictures
from geodata.town.rows import ZONE, Report, Town

UNTIL = date(2026, 1, 1)


@cache
def built() -> Town:
    return town.build(UNTIL, 1)


def test_the_same_thing_reported_twice_is_linked_to_an_open_report_of_it_nearby() -> None:
    made = built()
    by_key = {one.client_key: one for one in made.reports}
    done = list(loop.deeds(made))
    ended = {report.client_key: deed.at for report, deed in done if deed.action in ("close", "void", "not_file")}
    links = [(report, deed) for report, deed in done if deed.action == "link"]
    merged = {report.client_key for report, _ in links}
    assert len(links) > 30
    for report, deed in links:
        assert deed.parent is not None
        first = by_key[deed.parent]
        assert first.category == report.category
        assert first.received_at <= report.received_at < deed.at
        assert first.client_key not in merged
        assert first.client_key not in ended or ended[first.client_key] > deed.at
        assert _apart_m(report, first) <= loop.SAME_WITHIN_M + 1
    assert all(deed.action == "link" for report, deed in done if report.client_key in merged)


def _apart_m(one: Report, other: Report) -> float:
    places = []
    for report in (one, other):
        assert report.lon is not None
        assert report.lat is not None
        assert report.datum is not None
        places += [float(value) for value in datum.to_wgs84(report.lon, report.lat, report.datum)]
    return float(Geod(ellps="WGS84").inv(*places)[2])


def test_what_is_turned_down_says_why_and_nothing_happens_at_or_after_the_end() -> None:
    end = datetime.combine(UNTIL, time(0), ZONE)
    done = list(loop.deeds(built()))
    assert all(deed.at < end for _, deed in done)
    assert [deed.at for _, deed in done] == sorted(deed.at for _, deed in done)
    counts = Counter(deed.action for _, deed in done)
    assert min(counts["not_file"], counts["solve_on_spot"], counts["void"]) > 20
    assert all(deed.note for _, deed in done if deed.action in ("not_file", "solve_on_spot", "void"))
    assert all(deed.shows for _, deed in done if deed.action == "solve_on_spot")


@pytest.mark.parametrize("category", [one.code for one in phrases.PHRASES])
def test_a_picture_of_every_category_changes_when_the_work_is_done(category: str) -> None:
    before, after = pictures.draw(category, "one"), pictures.draw(category, "one", after=True)
    assert before == pictures.draw(category, "one")
    assert before != pictures.draw(category, "other")
    shown = [np.asarray(Image.open(BytesIO(one)).convert("RGB"), dtype=int) for one in (before, after)]
    assert shown[0].shape == (480, 640, 3)
    changed = (np.abs(shown[0] - shown[1]).sum(axis=2) > 60).mean()
    assert 0.002 < changed < 0.4
    assert len(before) < 60_000
