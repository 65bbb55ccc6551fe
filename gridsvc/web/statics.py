"""Files served as they are: our own styles and modules, the maps' modules, the pinned npm files."""

from __future__ import annotations

import gzip
import os
from functools import lru_cache
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from maps import assets

HERE = Path(__file__).resolve().parent
FOREVER = "public, max-age=31536000, immutable"
PACKED = (".js", ".css", ".svg", ".json")
ASK_AGAIN = "public, no-cache"  # kept, but asked about each time: the answer is 304 until the file changes


class Files(StaticFiles):
    """A folder; only the files named in `known`, where that is given. What carries a version is kept for good."""

    def __init__(self, folder: Path, *, known: frozenset[str] | None = None) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._known = known

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """As in Starlette, but what is not in the list is not there."""
        if self._known is not None and path not in self._known:
            return "", None
        return super().lookup_path(path)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, 304, or 404; with its `Cache-Control`."""
        answer = await super().get_response(path, scope)
        versioned = self._known is not None or scope["query_string"].startswith(b"v=")
        if isinstance(answer, FileResponse) and answer.status_code == 200 and _packs(scope, str(answer.path)):
            answer = await _packed(answer)
        answer.headers["Cache-Control"] = FOREVER if versioned else ASK_AGAIN
        if "accept-encoding" in Headers(scope=scope):
            answer.headers.add_vary_header("Accept-Encoding")
        return answer


def _packs(scope: Scope, path: str) -> bool:
    """Whether the reader unpacks gzip, and wants the whole of a file that gains by it."""
    headers = Headers(scope=scope)
    whole = scope["method"] == "GET" and "range" not in headers
    return whole and path.endswith(PACKED) and "gzip" in headers.get("accept-encoding", "")


async def _packed(answer: FileResponse) -> Response:
    """The same answer in gzip; its tag is a weak one, since it is another representation of the file."""
    stat = await run_in_threadpool(os.stat, answer.path)
    body = await run_in_threadpool(_gzip, str(answer.path), stat.st_mtime_ns)
    packed = Response(body, media_type=answer.media_type)
    packed.headers["Content-Encoding"] = "gzip"
    packed.headers["ETag"] = "W/" + answer.headers["ETag"]
    packed.headers["Last-Modified"] = answer.headers["Last-Modified"]
    return packed


@lru_cache(maxsize=256)
def _gzip(path: str, _changed_at: int) -> bytes:
    return gzip.compress(Path(path).read_bytes(), 6, mtime=0)


def mount(app: Starlette) -> None:
    """Nothing; afterwards `/static/app`, `/static/maps` and `/static/vendor` are served."""
    # the font of maps on paper is ten megabytes that no page asks for
    vendor = frozenset(asset.served for asset in assets.known() if not asset.served.endswith(".ttf"))
    app.mount("/static/vendor", Files(assets.TOP / ".vendor", known=vendor), "vendor")
    app.mount("/static/maps", Files(assets.STATIC), "maps")
    app.mount("/static/app", Files(HERE / "static"), "app")
