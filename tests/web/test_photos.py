"""Photos over HTTP: sent once, bounded, seen by those who may, blacked out."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from geodata.pictures.shapes import Rules
from gridsvc import photos
from gridsvc.photo_files import Files
from gridsvc.web import intake
from gridsvc.web.intake import ASKED_BYTES
from tests import photographs
from tests.conftest import Fresh
from tests.photographs import sha256
from tests.web.conftest import Client, Serve, report
from tests.web.county import County

BASE = "/api/v1/photos"
BOX = [0, 0, 40, 30]


@pytest.fixture(scope="module")
def seeds() -> Iterator[int]:
    """Numbers of pictures that nobody sent yet."""
    return iter(range(1, 10_000))


def picture(seeds: Iterator[int]) -> bytes:
    image = photographs.scene(96, 64)
    image.putpixel((0, 0), (next(seeds) % 256, 7, 7))
    return photographs.jpeg(image, comment=str(next(seeds)).encode())


def put(client: httpx.Client, content: bytes, address: str | None = None, **more: Any) -> httpx.Response:
    return client.put(f"{BASE}/{address or sha256(content)}", content=content, **more)


def listed(made: Fresh, county: County, name: str, content: bytes) -> str:
    """The photo's address, after a report of the county lists it."""
    with made.begin() as db:
        number = county.numbers[name]
        report_id = db.scalar(text("SELECT id FROM report WHERE number = :n"), {"n": number})
        photos.link(db, int(report_id), 1, [sha256(content)], "near")
    return f"{BASE}/{sha256(content)}"


def test_sent_once_however_often(client: Client, seeds: Iterator[int], folder: Path) -> None:
    content = picture(seeds)
    first = put(client(), content, headers={"Content-Type": "text/html"})
    assert first.status_code == 201, first.text
    assert first.json() == {
        "sha256": sha256(content),
        "width": 96,
        "height": 64,
        "version": 1,
        "position": {"lon": photographs.LON, "lat": photographs.LAT, "crs": "wgs84"},
        "taken_at": "2026-10-31T09:30:00+08:00",
        "state": "stored",
    }
    files = set((folder / "photos").rglob("*.jpg"))
    again = put(client("worker"), content, sha256(content).upper())
    assert (again.status_code, again.json()) == (200, first.json())
    assert set((folder / "photos").rglob("*.jpg")) == files
    assert list((folder / "photos").rglob("sent-*")) == []


def test_a_small_one_that_another_process_has_stored_is_the_same(
    client: Client, seeds: Iterator[int], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture(seeds)
    first = put(client("admin"), content)
    files = set((folder / "photos").rglob("*.jpg"))
    monkeypatch.setattr(intake.Intake, "asks", lambda self, sha256, n_bytes: False)
    worker = client("worker")
    assert worker.get(f"{BASE}/{sha256(content)}").status_code == 404
    again = put(worker, content)
    assert (again.status_code, again.json()) == (200, first.json())
    assert set((folder / "photos").rglob("*.jpg")) == files
    assert worker.get(f"{BASE}/{sha256(content)}").status_code == 200  # it is the worker's photo too


def test_what_is_asked_about_is_large_or_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_REMEMBERED", 2)
    mine = intake.Intake(Files(tmp_path), Rules(), 10**6)
    assert (mine.asks(b"a", intake.ASKED_BYTES), mine.asks(b"a", intake.ASKED_BYTES + 1)) == (False, True)
    for one in (b"a", b"b", b"c"):
        mine.remember(one)
    assert [mine.asks(one, 1) for one in (b"a", b"b", b"c")] == [False, True, True]


def test_many_at_once_are_decoded_once(
    address: str, client: Client, seeds: Iterator[int], made: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture(seeds)
    decoded: list[Path] = []
    render = intake.Intake.render

    async def counted(self: intake.Intake, source: Path) -> Any:
        decoded.append(source)
        return await render(self, source)

    monkeypatch.setattr(intake.Intake, "render", counted)
    with ThreadPoolExecutor(12) as pool:
        done = list(
            pool.map(lambda _: httpx.put(f"{address}{BASE}/{sha256(content)}", content=content, timeout=60), range(12))
        )
    assert sorted(one.status_code for one in done) == [200] * 11 + [201]
    assert len({one.text for one in done}) == 1
    assert len(decoded) == 1
    with made.begin() as db:
        count = text("SELECT count(*) FROM photo WHERE sha256 = :s")
        assert db.scalar(count, {"s": photos.digest(sha256(content))}) == 1


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (photographs.jpeg() + b"<html><script>alert(1)</script>", 415, "photo_polyglot"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415, "photo_type"),
        (photographs.saved("GIF"), 415, "photo_type"),
        (photographs.saved("TIFF"), 415, "photo_type"),
        (b"%PDF-1.7 " + photographs.jpeg(), 415, "photo_type"),
        (b"", 415, "photo_type"),
        (photographs.jpeg()[:3000], 422, "photo_broken"),
        (photographs.png_bomb(), 422, "photo_too_many_pixels"),
    ],
)
def test_what_is_no_photo(client: Client, content: bytes, status: int, code: str) -> None:
    answer = put(client(), content, headers={"Content-Type": "image/jpeg"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    for locale in ("zh", "en"):
        message = put(client(), content, headers={"Accept-Language": locale}).json()["message"]
        assert "{" not in message
        assert code not in message


def test_the_address_is_the_hash(client: Client, seeds: Iterator[int], folder: Path) -> None:
    content = picture(seeds)
    wrong = put(client(), content, "ab" * 32)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "photo_hash_mismatch")
    for address in ("x", "a" * 63, "../../etc/passwd", "g" * 64):
        answer = put(client(), content, address)
        assert answer.status_code in (400, 404), address
    assert client("admin").get(f"{BASE}/{'ab' * 32}").status_code == 404
    assert list((folder / "photos").rglob("sent-*")) == []


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "HEIF"])
def test_other_formats_become_jpeg(
    client: Client, made: Fresh, county: County, seeds: Iterator[int], kind: str
) -> None:
    image = photographs.scene(96, 64)
    image.putpixel((0, 0), (next(seeds) % 256, 9, 9))
    content = photographs.saved(kind, image, exif=photographs.told())
    sent = put(client(), content)
    assert sent.status_code == 201, sent.text
    assert sent.json()["position"] == {"lon": photographs.LON, "lat": photographs.LAT, "crs": "wgs84"}
    got = client("admin").get(listed(made, county, "west", content))
    assert got.headers["content-type"] == "image/jpeg"
    assert [trace for trace in photographs.TRACES if trace in got.content] == []
    with Image.open(BytesIO(got.content)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (96, 64))


def test_too_large_is_refused_by_what_it_says_and_by_what_it_is(
    serve: Serve, seeds: Iterator[int], folder: Path
) -> None:
    address = serve(photo_max_mb=1)
    content = picture(seeds) + bytes(1024 * 1024)
    said = httpx.put(f"{address}{BASE}/{sha256(content)}", content=content, timeout=60)
    assert (said.status_code, said.json()["code"]) == (413, "photo_too_large")
    unsaid = httpx.put(
        f"{address}{BASE}/{sha256(content)}", content=iter([content[:500_000], content[500_000:]]), timeout=60
    )
    assert (unsaid.status_code, unsaid.json()["code"]) == (413, "photo_too_large")
    assert "1 MB" in unsaid.json()["message"]
    fits = picture(seeds)
    fits += bytes(1024 * 1024 - len(fits))
    assert httpx.put(f"{address}{BASE}/{sha256(fits)}", content=fits, timeout=60).status_code == 201
    assert list((folder / "photos").rglob("sent-*")) == []


def test_only_photos_may_be_large(client: Client) -> None:
    large = {"boxes": [BOX], "reason": "x" * 70_000, "version": 1}
    assert client("admin").post(f"{BASE}/{'ab' * 32}/redactions", json=large).status_code == 413
    assert client().post("/api/v1/reports", content=b"x" * 70_000).status_code == 413


def test_a_body_that_stops_leaves_nothing(address: str, seeds: Iterator[int], folder: Path, client: Client) -> None:
    content = picture(seeds)
    content += bytes(4 * ASKED_BYTES - len(content))  # so large that its first half is written down

    def lying(wanted: bool) -> list[Path]:
        """What lies there, when it is as wanted: the server writes and notices in its own time."""
        give_up_at = time.monotonic() + 60
        while bool(found := list((folder / "photos").rglob("sent-*"))) != wanted and time.monotonic() < give_up_at:
            time.sleep(0.05)
        return found

    host, port = str(urlsplit(address).hostname), int(urlsplit(address).port or 0)
    with socket.create_connection((host, port)) as cut:
        head = f"PUT {BASE}/{sha256(content)} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
        cut.sendall(head.encode() + content[: len(content) // 2])
        assert len(lying(True)) == 1
    assert lying(False) == []
    assert put(client(), content).status_code == 201


def test_too_many_from_one_address(serve: Serve, county: County, seeds: Iterator[int]) -> None:
    address = serve(anonymous_photos_per_minute=2)
    sent = [picture(seeds) for _ in range(3)]
    answers = [httpx.put(f"{address}{BASE}/{sha256(one)}", content=one, timeout=60) for one in sent]
    assert [one.status_code for one in answers] == [201, 201, 429]
    assert answers[2].json()["code"] == "too_many_photos"
    assert int(answers[2].headers["retry-after"]) >= 1
    staff = {"Authorization": f"Bearer {county.tokens['worker']}"}
    assert (
        httpx.put(f"{address}{BASE}/{sha256(sent[2])}", content=sent[2], headers=staff, timeout=60).status_code == 201
    )


@pytest.mark.parametrize("most", ["MOST", "MOST_LARGEST"])
def test_too_many_in_hand_are_sent_away(
    serve: Serve, seeds: Iterator[int], monkeypatch: pytest.MonkeyPatch, most: str
) -> None:
    address = serve()
    monkeypatch.setattr(intake, most, 0)
    content = picture(seeds)
    answer = httpx.put(f"{address}{BASE}/{sha256(content)}", content=content, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (503, "photos_busy")
    assert int(answer.headers["retry-after"]) >= 1


def test_who_sees_it(client: Client, made: Fresh, county: County, seeds: Iterator[int]) -> None:
    everybody = (None, "admin", "planner", "manager_west", "manager_east", "worker")

    def seen(path: str) -> set[str | None]:
        answers = {who: client(who).get(path) for who in everybody}
        assert answers[None].status_code == 401
        assert {one.status_code for one in answers.values()} <= {200, 401, 404}
        return {who for who, one in answers.items() if one.status_code == 200}

    anonymous, mine = picture(seeds), picture(seeds)
    assert put(client(), anonymous).status_code == 201
    assert put(client("worker"), mine).status_code == 201
    for end in ("", "/thumb", "/redactions"):
        assert seen(f"{BASE}/{sha256(anonymous)}{end}") == set()
        assert seen(f"{BASE}/{sha256(mine)}{end}") == {"worker"}
    for name, who in (
        ("east", {"admin", "planner", "manager_east"}),
        (
            "words",
            {
                who
                for who in everybody
                if who and client(who).get(f"/api/v1/reports/{county.numbers['words']}").is_success
            },
        ),
    ):
        content = picture(seeds)
        put(client(), content)
        path = listed(made, county, name, content)
        for end in ("", "/thumb", "/redactions"):
            assert seen(path + end) == who, name


def test_who_sends_the_same_bytes_may_list_them(
    client: Client, made: Fresh, county: County, seeds: Iterator[int]
) -> None:
    content = picture(seeds)
    assert put(client("manager_east"), content).status_code == 201
    address = listed(made, county, "east", content)
    worker = client("worker")
    draft = report(photos=[sha256(content)])
    # a hash that was read somewhere is no photo; its bytes are
    assert worker.post("/api/v1/reports", json=draft).json()["code"] == "photo_unknown"
    assert worker.get(address).status_code == 404
    assert put(worker, content).status_code == 200
    assert worker.get(f"{address}/thumb").status_code == 200
    assert worker.post("/api/v1/reports", json=draft).status_code == 201
    assert client("manager_west").get(address).status_code == 200  # the report is theirs


def test_it_is_served_as_nothing_but_a_picture(
    client: Client, made: Fresh, county: County, seeds: Iterator[int]
) -> None:
    content = picture(seeds)
    put(client(), content)
    path = listed(made, county, "west", content)
    for end, size in (("", (96, 64)), ("/thumb", (96, 64))):
        got = client("admin").get(path + end)
        headers = got.headers
        assert got.status_code == 200
        assert headers["content-type"] == "image/jpeg"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-disposition"] == 'inline; filename="photo.jpg"'
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert headers["cache-control"] == "private, no-cache"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        with Image.open(BytesIO(got.content)) as image:
            assert image.size == size
        kept = client("admin").get(path + end, headers={"If-None-Match": headers["etag"]})
        assert (kept.status_code, kept.content) == (304, b"")
        assert client("manager_east").get(path + end, headers={"If-None-Match": headers["etag"]}).status_code == 404


def redact(client: httpx.Client, path: str, **changes: Any) -> httpx.Response:
    return client.post(f"{path}/redactions", json={"boxes": [BOX], "reason": "车牌", "version": 1} | changes)


def test_blacked_out_for_everybody(client: Client, made: Fresh, county: County, seeds: Iterator[int]) -> None:
    content = picture(seeds)
    put(client(), content)
    path = listed(made, county, "west", content)
    before = client("planner").get(path)
    assert redact(client(), path).status_code == 401
    assert redact(client("planner"), path).status_code == 403
    assert redact(client("manager_east"), path).status_code == 404
    done = redact(client("manager_west"), path)
    assert (done.status_code, done.json()["version"]) == (201, 2)
    after = client("planner").get(path)
    assert after.headers["etag"] != before.headers["etag"]
    for end in ("", "/thumb"):
        with Image.open(BytesIO(client("planner").get(path + end).content)) as image:
            assert max(high for _, high in image.crop((0, 0, 30, 20)).getextrema()) <= 30
    late = redact(client("manager_west"), path)
    assert (late.status_code, late.json()["code"]) == (409, "photo_changed")
    told = client("planner").get(f"{path}/redactions").json()["items"]
    assert [(one["version"], one["by"], one["reason"], one["boxes"]) for one in told] == [
        (2, "manager_west 某", "车牌", [BOX])
    ]
    assert client("planner").get(path, params={"version": 1}).status_code == 403
    assert client("manager_west").get(f"{path}/thumb", params={"version": 1}).status_code == 403
    assert client("admin").get(path, params={"version": 1}).content == before.content
    assert client("admin").get(path, params={"version": 3}).status_code == 404
    assert put(client(), content).json()["version"] == 2  # sending it again brings nothing back


@pytest.mark.parametrize(
    "changes",
    [
        {"boxes": []},
        {"boxes": [[0, 0, 97, 5]]},
        {"boxes": [[5, 5, 5, 5]]},
        {"boxes": [[-1, 0, 5, 5]]},
        {"boxes": [[0.5, 0, 5, 5]]},
        {"boxes": [[0, 0, 5]]},
        {"boxes": [BOX] * 51},
        {"reason": ""},
        {"reason": "  "},
        {"version": 0},
        {"version": True},
        {"more": 1},
    ],
)
def test_what_is_no_redaction(
    client: Client, made: Fresh, county: County, seeds: Iterator[int], changes: dict[str, Any]
) -> None:
    content = picture(seeds)
    put(client(), content)
    path = listed(made, county, "west", content)
    answer = redact(client("admin"), path, **changes)
    assert answer.status_code == 422, answer.text
    assert json.loads(answer.text)["code"] in ("request_misfit", "photo_box_outside")


def test_a_missing_file_is_said(
    client: Client, made: Fresh, county: County, seeds: Iterator[int], folder: Path
) -> None:
    content = picture(seeds)
    put(client(), content)
    path = listed(made, county, "west", content)
    etag = client("admin").get(path).headers["etag"].strip('"')
    (found,) = (folder / "photos").rglob(f"{etag}.jpg")
    found.unlink()
    answer = client("admin").get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "photo_file_missing")
    assert redact(client("admin"), path).status_code == 404
