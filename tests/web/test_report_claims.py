"""What a department may claim, how often a resident is asked, and what is asked about once more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.conftest import NOW
from tests.through import lead
from tests.web.dealing import at_state, deeds_on, log_of, new, page_of, send, words
from tests.web.offices import Offices, opened


@pytest.fixture(scope="module")
def offices(cluster_urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """The county's offices."""
    with opened(cluster_urls, tmp_path_factory.mktemp("data")) as found:
        yield found


def test_an_end_is_asked_about_once_as_in_the_list(offices: Offices) -> None:
    number = new(offices)
    with offices.made.begin() as db:
        lead(db, number, "closed", NOW - timedelta(days=1))
    shown = page_of(offices, "dispatcher", number, "?lang=en").text
    form = shown[shown.index('id="act-strike_off"') :]
    form = form[: form.index("</details>")]
    assert 'name="sure" value="true"' in form
    refused = send(offices, "dispatcher", number, "strike_off")
    assert refused.status_code == 422
    assert log_of(offices, number)[-1][0] == "close"
    assert send(offices, "dispatcher", number, "strike_off", sure="true").status_code == 303
    assert log_of(offices, number)[-1][0] == "strike_off"


def test_a_handler_claims_what_waits_in_categories_of_the_own_department(offices: Offices) -> None:
    number = at_state(offices, "filed")
    foreign = new(offices, category="0506")
    with offices.made.begin() as db:
        lead(db, foreign, "filed", NOW - timedelta(hours=1))
    early = new(offices)
    taken = at_state(offices, "filed")
    assert send(offices, "dispatcher", taken, "dispatch", department="D2").status_code == 303
    for unseen in (foreign, early, taken):
        assert page_of(offices, "handler", unseen).status_code == 404
        assert send(offices, "handler", unseen, "claim").status_code == 404
    client = offices.clients["handler"]
    listed = client.get("/worklist?claimable=true").text
    assert number in listed
    assert not [one for one in (foreign, early, taken) if one in listed]
    tile = re.search(r'data-tile="claimable"><span class="big">(\d+)<', client.get("/").text)
    assert tile is not None
    assert int(tile[1]) == listed.count('<th scope="row">')
    assert number not in client.get("/worklist").text  # the own inbox is what the department takes part in
    assert number not in offices.clients["dispatcher"].get("/worklist?claimable=false&state=void").text
    offered = deeds_on(page_of(offices, "handler", number))
    assert "claim" in offered
    assert not {"unmask", "dispose", "accept", "dispatch", "ask_resident"} & offered
    assert send(offices, "handler", number, "unmask", note="好奇").status_code == 403
    assert send(offices, "handler", number, "claim").status_code == 303
    assert log_of(offices, number)[-1][0] == "claim"
    assert number in client.get("/worklist").text


def test_a_department_with_an_area_claims_there_alone(offices: Offices) -> None:
    number = at_state(offices, "filed")
    with offices.made.begin() as db:
        change = text("UPDATE department SET area_id = (SELECT id FROM area WHERE code = :area) WHERE code = 'D1'")
        db.execute(change, {"area": "370101002"})
    assert page_of(offices, "handler", number).status_code == 404
    with offices.made.begin() as db:
        db.execute(change, {"area": "370101"})
    assert page_of(offices, "handler", number).status_code == 200
    with offices.made.begin() as db:
        db.execute(text("UPDATE department SET area_id = NULL WHERE code = 'D1'"))


def test_the_resident_is_asked_three_times_at_most(offices: Offices) -> None:
    number = new(offices, linked=True)
    with offices.made.begin() as db:
        lead(db, number, "dispatched", NOW - timedelta(hours=1))
    for _ in range(3):
        assert send(offices, "dispatcher", number, "ask_resident", note="哪一栋？").status_code == 303
        assert send(offices, "dispatcher", number, "stop_asking").status_code == 303
    shown = page_of(offices, "dispatcher", number, "?lang=en")
    assert "3 times, at most 3" in words(shown)
    assert "ask_resident" not in deeds_on(shown)
    assert send(offices, "dispatcher", number, "ask_resident", note="哪一栋？").status_code == 409
    assert [one for one, _ in log_of(offices, number)].count("ask_resident") == 3
