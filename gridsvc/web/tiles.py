"""Raster tiles of the configured provider: fetched by the server, which keeps the key, and kept on disk for a while."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import logging
import re
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gridsvc.errors import NotFound, Refused, Unavailable
from gridsvc.settings import Settings
from gridsvc.web.addresses import is_loopback

log = logging.getLogger("gridsvc.web.tiles")

# Tianditu's own pattern; its Web Mercator layers (_w) lie on WGS 84 without a shift
TIANDITU = (
    "https://t{s}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
)
KNOWN = frozenset({"z", "x", "y", "s", "key", "layer"})
# what a WMTS server calls the three numbers in its ResourceURL; its matrix set must be Web Mercator's
WMTS = {"TileMatrix": "z", "TileRow": "y", "TileCol": "x"}
TIMEOUT_S = 5.0
REST_S = 10.0  # after a failure the provider is left alone for so long
AT_ONCE = 6
FRESH_S = 7 * 24 * 3600
MAX_TILE_BYTES = 1024 * 1024
MAX_CACHE_BYTES = 256 * 1024 * 1024
MAGIC = {"image/png": b"\x89PNG\r\n", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}


@dataclass(frozen=True)
class Provider:
    """Where tiles come from; `template` has {layer} {z} {x} {y} {s} {key}. Other layers and zooms are not asked for."""

    template: str
    key: str
    layers: frozenset[str]
    min_zoom: int
    max_zoom: int

    def url(self, layer: str, z: int, x: int, y: int) -> str:
        """The provider's address of a tile."""
        values = {"layer": layer, "z": z, "x": x, "y": y, "s": (x + y) % 8, "key": self.key}
        filled = self.template
        for name, value in values.items():
            filled = filled.replace("{" + name + "}", str(value))
        return filled

    @property
    def digest(self) -> str:
        """A short name for the provider's cache; it does not tell the key."""
        return hashlib.sha256(self.template.encode()).hexdigest()[:12]


def provider(settings: Settings) -> Provider | None:
    """The provider of the settings, None where none is configured.

    Raises:
        Refused: its tiles are shifted (they would lie hundreds of metres beside our shapes), the address has no https,
            lacks its placeholders or has others, or the key is missing.
    """
    if settings.tile_provider == "none":
        return None
    if settings.tile_datum in ("gcj02", "bd09"):
        raise Refused("tile_datum_shifted", datum=settings.tile_datum)
    if settings.tile_provider == "tianditu":
        if not settings.tile_key:
            raise Refused("tile_key_missing")
        layers = frozenset({"vec", "cva", "img", "cia", "ter", "cta"})
        return Provider(TIANDITU, settings.tile_key, layers, 1, 18)
    template = _in_our_words(settings.tile_url or "")
    parts = urlsplit(template.replace("{s}", "0"))
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    asked = set(re.findall(r"\{(.*?)\}", template))
    if not safe or not parts.hostname or "{" in parts.netloc or not set("zxy") <= asked <= KNOWN:
        raise Refused("tile_url_malformed")
    if "{key}" in template and not settings.tile_key:
        raise Refused("tile_key_missing")
    return Provider(template, settings.tile_key or "", frozenset({"xyz"}), 0, 20)


def _in_our_words(template: str) -> str:
    """A template as WMTS servers tell it, {TileMatrix} {TileRow} {TileCol} in any case, with {z} {y} {x} instead."""
    for name, ours in WMTS.items():
        template = re.sub(re.escape("{" + name + "}"), "{" + ours + "}", template, flags=re.IGNORECASE)
    return template


@dataclass(frozen=True)
class Tile:
    """An image and its media type."""

    content: bytes
    media_type: str


class TileProxy:
    """Tiles of one provider, each fetched once in a week at most while the disk cache has room."""

    def __init__(self, source: Provider, folder: Path, *, max_cache_bytes: int = MAX_CACHE_BYTES) -> None:
        self._source = source
        self._folder = folder / "tiles" / source.digest
        self._max_cache_bytes = max_cache_bytes
        self._n_bytes: int | None = None  # unknown until the first tile is kept
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._rest_until = 0.0
        self._opener = urllib.request.build_opener(_NoRedirect)

    def get(self, layer: str, z: int, x: int, y: int) -> Tile:
        """The tile, from disk while it is fresh.

        Raises:
            NotFound: the provider has no such layer, zoom or tile.
            Unavailable: the provider does not answer, or with something that is no image.
        """
        source = self._source
        inside = source.min_zoom <= z <= source.max_zoom and 0 <= x < 2**z and 0 <= y < 2**z
        if layer not in source.layers or not inside:
            raise NotFound("tile_unknown")
        path = self._folder / layer / str(z) / str(x) / str(y)
        kept, age_s = _read(path)
        if kept is not None and age_s < FRESH_S:
            return kept
        try:
            tile = self._fetch(source.url(layer, z, x, y))
        except Unavailable:
            if kept is not None:
                return kept
            raise
        self._keep(path, tile)
        return tile

    def _fetch(self, url: str) -> Tile:
        if time.monotonic() < self._rest_until or not self._slots.acquire(timeout=TIMEOUT_S):
            raise Unavailable("tiles_unavailable")
        try:
            return self._ask(url)
        except Unavailable:
            self._rest_until = time.monotonic() + REST_S
            raise
        finally:
            self._slots.release()

    def _ask(self, url: str) -> Tile:
        # whatever goes wrong here holds the address, and with it the key: nothing of it may be chained or logged
        headers = {"User-Agent": "gridsvc", "Accept": "image/*"}
        asked = urllib.request.Request(url, headers=headers)  # noqa: S310  # `provider` let only http and https through
        try:
            with self._opener.open(asked, timeout=TIMEOUT_S) as answer:
                content = answer.read(MAX_TILE_BYTES + 1)
                media_type = answer.headers.get_content_type()
                cut = bool(answer.length)  # bytes that were promised and did not come
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                raise NotFound("tile_unknown") from None
            log.warning("tile provider answered %s", error.code)
            raise Unavailable("tiles_unavailable") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            log.warning("tile provider did not answer: %s", type(error).__name__)
            raise Unavailable("tiles_unavailable") from None
        too_large = len(content) > MAX_TILE_BYTES
        if cut or too_large or media_type not in MAGIC or not content.startswith(MAGIC[media_type]):
            log.warning("tile provider sent %s, %d bytes", media_type[:40], len(content))
            raise Unavailable("tiles_unavailable")
        return Tile(content, media_type)

    def _keep(self, path: Path, tile: Tile) -> None:
        # a cache that cannot be written is no reason to show no map
        with contextlib.suppress(OSError), self._lock:
            if self._n_bytes is None:
                self._n_bytes = sum(size for _, size, _ in _files(self._folder))
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(tile.content)
            Path(file.name).replace(path)
            self._n_bytes += len(tile.content)
            if self._n_bytes > self._max_cache_bytes:
                self._n_bytes = _prune(self._folder, int(self._max_cache_bytes * 0.8))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: where the provider points is not in the settings."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """No request: the redirect itself is the answer, and no tile."""


def _read(path: Path) -> tuple[Tile | None, float]:
    try:
        content = path.read_bytes()
        age_s = time.time() - path.stat().st_mtime
    except OSError:
        return None, 0.0
    media_type = next((kind for kind, magic in MAGIC.items() if content.startswith(magic)), None)
    return (None if media_type is None else Tile(content, media_type)), age_s


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            about = path.stat()
            if path.is_file():
                found.append((about.st_mtime, about.st_size, path))
    return found


def _prune(folder: Path, to_bytes: int) -> int:
    """How many bytes are left after the oldest files were removed."""
    files = sorted(_files(folder))
    n_bytes = sum(size for _, size, _ in files)
    for _, size, path in files:
        if n_bytes <= to_bytes:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            n_bytes -= size
    return n_bytes
