"""Files served as they are: our own styles and modules, the maps' modules, the pinned npm files."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from maps import assets

HERE = Path(__file__).resolve().parent
FOREVER = "public, max-age=31536000, immutable"
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
        answer.headers["Cache-Control"] = FOREVER if versioned else ASK_AGAIN
        if "accept-encoding" in Headers(scope=scope):
            answer.headers.add_vary_header("Accept-Encoding")
        return answer


def mount(app: Starlette) -> None:
    """Nothing; afterwards `/static/app`, `/static/maps` and `/static/vendor` are served."""
    # the font of maps on paper is ten megabytes that no page asks for
    vendor = frozenset(asset.served for asset in assets.known() if not asset.served.endswith(".ttf"))
    app.mount("/static/vendor", Files(assets.TOP / ".vendor", known=vendor), "vendor")
    app.mount("/static/maps", Files(assets.STATIC), "maps")
    app.mount("/static/app", Files(HERE / "static"), "app")
