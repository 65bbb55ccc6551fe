"""The proxy of raster tiles: asks only the configured provider, keeps the key and the disk to itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest

from gridsvc.errors import NotFound, Refused, Unavailable
from gridsvc.settings import Settings
from gridsvc.web import tiles
from gridsvc.web.app import create_app
from gridsvc.web.tiles import Provider, TileProxy
from tests.conftest import Fresh
from tests.web.conftest import Serve
from tests.web.county import County
from tests.web.live import settings

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 20
KEY = "k3y-of-the-county"


class Upstream(BaseHTTPRequestHandler):
    """A provider of tiles that does what `answer` says."""

    asked: ClassVar[list[str]] = []
    answer: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        self.asked.append(self.path)
        told = self.answer
        time.sleep(told.get("sleep", 0))
        self.send_response(told.get("status", 200))
        for name, value in told.get("headers", {"Content-Type": "image/png"}).items():
            self.send_header(name, value)
        body = told.get("body", PNG)
        self.send_header("Content-Length", str(told.get("length", len(body))))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def upstream() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    Upstream.asked, Upstream.answer = [], {}
    yield f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png?tk={{key}}"
    server.shutdown()
    thread.join()
    server.server_close()


def proxy(template: str, folder: Path, **more: Any) -> TileProxy:
    return TileProxy(Provider(template, KEY, frozenset({"xyz"}), 0, 20), folder, **more)


def test_a_tile_is_fetched_once_and_its_key_stays_here(upstream: str, tmp_path: Path) -> None:
    tiles_of = proxy(upstream, tmp_path)
    assert [tiles_of.get("xyz", 3, 2, 1).content for _ in range(3)] == [PNG] * 3
    assert Upstream.asked == [f"/3/2/1.png?tk={KEY}"]
    assert KEY not in "".join(str(path) for path in tmp_path.rglob("*"))
    # another process finds it on the disk
    assert proxy(upstream, tmp_path).get("xyz", 3, 2, 1).content == PNG
    assert len(Upstream.asked) == 1


WMTS_KVP = (
    "?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=road&STYLE=default&TILEMATRIXSET=EPSG:3857&FORMAT=image/png"
)


@pytest.mark.parametrize(
    ("template", "asked"),
    [
        (
            f"{WMTS_KVP}&TILEMATRIX=EPSG:3857:{{z}}&TILEROW={{y}}&TILECOL={{x}}",
            f"{WMTS_KVP}&TILEMATRIX=EPSG:3857:3&TILEROW=1&TILECOL=2",
        ),
        ("wmts/road/default/g/{TileMatrix}/{TileRow}/{TileCol}.png", "wmts/road/default/g/3/1/2.png"),
        ("{tilematrix}/{TILEROW}/{tileCol}?tk={key}", f"3/1/2?tk={KEY}"),
        ("plain/{z}/{x}/{y}.png", "plain/3/2/1.png"),
    ],
)
def test_wmts_by_query_and_by_path(upstream: str, tmp_path: Path, template: str, asked: str) -> None:
    top = upstream.partition("/{z}")[0]
    source = tiles.provider(Settings(tile_provider="xyz", tile_url=f"{top}/{template}", tile_key=KEY))
    assert source is not None
    assert TileProxy(source, tmp_path).get("xyz", 3, 2, 1).content == PNG
    assert Upstream.asked == [f"/{asked}"]


@pytest.mark.parametrize(
    "place", [("img", 3, 2, 1), ("../xyz", 3, 2, 1), ("xyz", 21, 0, 0), ("xyz", 3, 8, 0), ("xyz", 3, 0, -1)]
)
def test_nothing_else_is_asked_for(upstream: str, tmp_path: Path, place: tuple[str, int, int, int]) -> None:
    with pytest.raises(NotFound):
        proxy(upstream, tmp_path).get(*place)
    assert Upstream.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 302, "headers": {"Location": "http://127.0.0.1:1/elsewhere", "Content-Type": "image/png"}},
        {"status": 301, "headers": {"Location": "/3/2/0.png", "Content-Type": "image/png"}},
        {"status": 403, "headers": {"Content-Type": "application/json"}, "body": b'{"msg": "key"}'},
        {"status": 500},
        {"headers": {"Content-Type": "text/html"}, "body": b"<script>alert(1)</script>"},
        {"headers": {"Content-Type": "image/png"}, "body": b"<script>alert(1)</script>"},
        {"headers": {"Content-Type": "image/svg+xml"}, "body": b"<svg/>"},
        {"headers": {}, "body": PNG},
        {"body": PNG + b"x" * tiles.MAX_TILE_BYTES},
        {"body": PNG, "length": 10_000},
    ],
)
def test_what_is_no_tile_is_not_passed_on(
    upstream: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, answer: dict[str, Any]
) -> None:
    Upstream.answer = answer
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Unavailable) as failed:
        proxy(upstream, tmp_path).get("xyz", 3, 2, 1)
    assert failed.value.__suppress_context__ or failed.value.__context__ is None
    assert KEY not in caplog.text
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert len(Upstream.asked) == 1


def test_a_missing_tile_is_missing(upstream: str, tmp_path: Path) -> None:
    Upstream.answer = {"status": 404}
    tiles_of = proxy(upstream, tmp_path)
    for _ in range(2):  # no failure of the provider: it is asked again
        with pytest.raises(NotFound):
            tiles_of.get("xyz", 3, 2, 1)
    assert len(Upstream.asked) == 2


def test_a_provider_that_fails_is_left_alone(upstream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_s = [1000.0]
    monkeypatch.setattr(tiles, "time", SimpleNamespace(monotonic=lambda: at_s[0], time=time.time))
    Upstream.answer = {"sleep": 0.6}
    tiles_of = proxy(upstream, tmp_path)
    with monkeypatch.context() as hurried:
        hurried.setattr(tiles, "TIMEOUT_S", 0.2)
        with pytest.raises(Unavailable):
            tiles_of.get("xyz", 3, 2, 1)
    Upstream.answer = {}
    for _ in range(2):
        with pytest.raises(Unavailable):
            tiles_of.get("xyz", 3, 2, 1)
        at_s[0] += tiles.REST_S / 2
    assert tiles_of.get("xyz", 3, 2, 1).content == PNG
    assert len(Upstream.asked) == 2


def test_an_old_tile_serves_while_the_provider_fails(
    upstream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles_of = proxy(upstream, tmp_path)
    tiles_of.get("xyz", 3, 2, 1)
    monkeypatch.setattr(tiles, "FRESH_S", -1)
    Upstream.answer = {"status": 500}
    assert tiles_of.get("xyz", 3, 2, 1).content == PNG
    assert len(Upstream.asked) == 2


def test_the_disk_is_bounded(upstream: str, tmp_path: Path) -> None:
    tiles_of = proxy(upstream, tmp_path, max_cache_bytes=10 * len(PNG))
    for x in range(40):
        tiles_of.get("xyz", 10, x, 1)
        kept = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in kept) <= 10 * len(PNG)
    assert len(kept) >= 5
    assert tiles_of.get("xyz", 10, 39, 1).content == PNG
    assert len(Upstream.asked) == 40


def test_a_disk_that_cannot_be_written_is_no_obstacle(upstream: str, tmp_path: Path) -> None:
    (tmp_path / "tiles").write_text("in the way")
    assert proxy(upstream, tmp_path).get("xyz", 3, 2, 1).content == PNG


def test_over_http(upstream: str, serve: Serve, tmp_path: Path, county: County) -> None:
    address = serve(tile_provider="xyz", tile_url=upstream, tile_key=KEY, data_dir=tmp_path)
    with httpx.Client(base_url=address, timeout=60) as reader:
        answer = reader.get("/basemap/tiles/xyz/3/2/1")
        assert (answer.status_code, answer.content) == (200, PNG)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert KEY not in str(answer.headers)
        again = reader.get("/basemap/tiles/xyz/3/2/1", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        for path, status in (("vec/3/2/1", 404), ("xyz/99/2/1", 404), ("xyz/3/-2/1", 422), ("..%2fxyz/3/2/1", 404)):
            assert reader.get(f"/basemap/tiles/{path}").status_code == status
        Upstream.answer = {"status": 500}
        failed = reader.get("/basemap/tiles/xyz/3/2/2")
        assert (failed.status_code, failed.json()["code"]) == (503, "tiles_unavailable")
        assert reader.get("/basemap/tiles/xyz/3/2/1", headers={"Authorization": "Bearer x"}).status_code == 401
        mine = {"Authorization": f"Bearer {county.tokens['worker']}"}
        assert reader.get("/basemap/tiles/xyz/3/2/1", headers=mine).status_code == 200


def test_tianditus_address() -> None:
    source = tiles.provider(Settings(tile_provider="tianditu", tile_key=KEY))
    assert source is not None
    assert source.url("cva", 14, 13198, 7107) == (
        "https://t1.tianditu.gov.cn/cva_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=cva&STYLE=default"
        f"&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX=14&TILEROW=7107&TILECOL=13198&tk={KEY}"
    )
    assert KEY not in source.digest
    assert tiles.provider(Settings(tile_provider="none")) is None


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"tile_provider": "tianditu"}, "tile_key_missing"),
        ({"tile_provider": "tianditu", "tile_key": "k", "tile_datum": "gcj02"}, "tile_datum_shifted"),
        ({"tile_provider": "xyz", "tile_url": "https://a/{z}/{x}/{y}", "tile_datum": "bd09"}, "tile_datum_shifted"),
        ({"tile_provider": "xyz"}, "tile_url_malformed"),
        ({"tile_provider": "xyz", "tile_url": "http://tiles.example/{z}/{x}/{y}"}, "tile_url_malformed"),
        ({"tile_provider": "xyz", "tile_url": "file:///etc/{z}/{x}/{y}"}, "tile_url_malformed"),
        ({"tile_provider": "xyz", "tile_url": "https://tiles.example/{z}/{x}"}, "tile_url_malformed"),
        ({"tile_provider": "xyz", "tile_url": "https://{x}.example/{z}/{x}/{y}"}, "tile_url_malformed"),
        ({"tile_provider": "xyz", "tile_url": "https://a.example/{Style}/{z}/{x}/{y}"}, "tile_url_malformed"),
        ({"tile_provider": "xyz", "tile_url": "https://a.example/{z}/{x}/{y}?k={key}"}, "tile_key_missing"),
    ],
)
def test_providers_that_are_refused_at_start(made: Fresh, folder: Path, values: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        create_app(settings(made, folder, **values))
    assert refused.value.code == code
