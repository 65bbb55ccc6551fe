"""Photos that come with a form, from browsers without scripts: same pipeline, same limits, nothing lost on the way."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from tests import photographs
from tests.conftest import Maker
from tests.web.dealing import at_state, log_of, send, version
from tests.web.offices import Offices, opened

BROKEN = b"\xff\xd8\xff\xe0" + b"no picture at all" * 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def offices(maker: Maker, folder: Path) -> Iterator[Offices]:
    with opened(maker, folder, photo_max_mb=1) as found:
        yield found


def file(seed: int, name: str = "IMG.jpg") -> tuple[str, tuple[str, bytes, str]]:
    return "files", (name, photographs.jpeg(photographs.scene(seed=seed)), "image/jpeg")


def act(
    offices: Offices, who: str, number: str, files: list[tuple[str, tuple[str, bytes, str]]], **form: str
) -> httpx.Response:
    fields = {"version": str(version(offices, number))} | form
    return offices.clients[who].post(f"/reports/{number}/act", data=fields, files=files)


def shown(offices: Offices, number: str) -> list[tuple[int, str]]:
    query = text("SELECT x.seq, x.kind FROM report_photo x JOIN report r ON r.id = x.report_id WHERE r.number = :n")
    with offices.made.begin() as db:
        return [(row.seq, row.kind) for row in db.execute(query, {"n": number})]


def test_a_worker_solves_on_the_spot_with_a_file_of_the_form(offices: Offices, folder: Path) -> None:
    number = at_state(offices, "reported")
    answer = act(offices, "worker", number, [file(1), file(2)], action="solve_on_spot", note="已扫净")
    assert answer.status_code == 303, answer.text[:500]
    assert [kind for _, kind in shown(offices, number)] == ["after", "after"]
    assert log_of(offices, number)[-1] == ("solve_on_spot", "已扫净")
    stored = [one for one in folder.rglob("*.jpg") if "thumb" not in one.name]
    assert stored
    assert not [one for one in stored for trace in photographs.TRACES if trace in one.read_bytes()]


def test_what_came_stays_with_a_form_that_was_refused(offices: Offices) -> None:
    number = at_state(offices, "reported")
    refused = act(offices, "worker", number, [file(3)], action="solve_on_spot", note=" ")
    assert refused.status_code == 422
    kept = re.findall(r'name="photos" value="([0-9a-f]{64})"', refused.text)
    assert kept == [photographs.sha256(file(3)[1][1])]
    answer = send(offices, "worker", number, "solve_on_spot", note="已扫净", photos=kept)
    assert answer.status_code == 303
    assert len(shown(offices, number)) == 1


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([("files", ("x.jpg", BROKEN, "image/jpeg"))], "act-solve_on_spot-photos"),
        ([("files", ("x.txt", b"hello " * 50, "text/plain"))], "act-solve_on_spot-photos"),
        ([("files", ("big.jpg", photographs.jpeg() + b"\0" * 1_200_000, "image/jpeg"))], "act-solve_on_spot-photos"),
        ([file(seed) for seed in range(5)], "act-solve_on_spot-photos"),
    ],
)
def test_a_file_that_cannot_be_taken_is_told_at_its_field(
    offices: Offices, files: list[tuple[str, tuple[str, bytes, str]]], told: str
) -> None:
    number = at_state(offices, "reported")
    refused = act(offices, "worker", number, files, action="solve_on_spot", note="扫了")
    assert refused.status_code == 422, refused.text[:300]
    assert f'id="{told}-wrong"' in refused.text
    assert "扫了" in refused.text
    assert shown(offices, number) == []


def test_a_body_beyond_all_files_is_not_even_read(offices: Offices) -> None:
    number = at_state(offices, "reported")
    answer = act(
        offices, "worker", number, [("files", ("x", b"\0" * 6_000_000, "image/jpeg"))], action="note", note="x"
    )
    assert answer.status_code == 413


def test_forms_without_photos_keep_their_small_bound(offices: Offices) -> None:
    number = at_state(offices, "reported")
    huge = {"action": "note", "note": "x" * 100_000, "version": str(version(offices, number))}
    assert offices.clients["worker"].post(f"/reports/{number}/act", data=huge).status_code == 413
    other = offices.clients[None].post(
        "/r", data={"number": "x"}, files=[("files", ("x", b"\0" * 100_000, "image/jpeg"))]
    )
    assert other.status_code == 413


def test_a_resident_sends_photos_without_a_script(offices: Offices) -> None:
    with httpx.Client(base_url=offices.address, timeout=120) as browser:
        page = browser.get("/report?lang=en").text
        fields = {
            name: html.unescape(value)
            for name, value in re.findall(r'type="hidden" name="(\w+)"[^>]*? value="([^"]*)"', page)
        }
        assert 'enctype="multipart/form-data"' in page
        form = fields | {"category": "0110", "description": "", "words": "桥下"}
        again = browser.post("/report", data=form | {"category": ""}, files=[file(7), file(8)])
        assert again.status_code == 422
        assert "chosen again: 2" in again.text
        kept = re.search(r'name="photos" value="([^"]*)"', again.text)
        assert kept is not None
        sent = browser.post("/report", data=form | {"description": "垃圾", "photos": kept[1]}, files=[file(9)])
        assert sent.status_code == 201, sent.text[:500]
        number = re.search(r'id="sent-number">([^<]*)<', sent.text)
        assert number is not None
        assert len(shown(offices, number[1])) == 3
        bad = browser.post(
            "/report",
            data=form | {"client_key": str(uuid.uuid4()), "description": "垃圾"},
            files=[("files", ("x.jpg", BROKEN, "image/jpeg"))],
        )
        assert bad.status_code == 422
        assert 'id="photos-wrong"' in bad.text


def test_a_forged_form_with_files_changes_nothing(offices: Offices) -> None:
    number = at_state(offices, "reported")
    with httpx.Client(base_url=offices.address, timeout=120) as stranger:
        form = {"action": "solve_on_spot", "note": "x", "version": "1"}
        answer = stranger.post(f"/reports/{number}/act", data=form, files=[file(6)])
        assert answer.status_code in (401, 403)
    assert log_of(offices, number) == log_of(offices, number)[:1]
    with offices.made.begin() as db:
        query = text("SELECT count(*) FROM photo WHERE sha256 = decode(:h, 'hex')")
        assert db.scalar(query, {"h": photographs.sha256(file(6)[1][1])}) == 0
