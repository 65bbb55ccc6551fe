"""Which pinned npm file serves which address; an address it does not know fails the build.

`python -m maps.assets` copies the files named in `assets.json` from `node_modules/` into `.vendor/`, each only
when its sha256 is the one in the list. `--write` makes the list anew from what is installed, after a change of
`package.json`: look at the difference before committing it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from geodata.errors import GeodataError

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
LIST = HERE / "assets.json"
STATIC = HERE / "static"
VENDOR_ADDRESS = "/static/vendor/"
OWN_ADDRESS = "/static/maps/"

# the characters of maps on paper, read by the service itself and sent to nobody
PAPER_FONT = "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf"

WANTED: dict[str, tuple[str, ...]] = {
    "@expo-google-fonts/noto-sans-sc": ("LICENSE_FONT", "400Regular/NotoSansSC_400Regular.ttf"),
    "idb": ("LICENSE", "build/index.js"),
    "leaflet": (
        "LICENSE",
        "dist/leaflet.js",
        "dist/leaflet.css",
        "dist/images/layers.png",
        "dist/images/layers-2x.png",
        "dist/images/marker-icon.png",
        "dist/images/marker-icon-2x.png",
        "dist/images/marker-shadow.png",
    ),
    "leaflet.vectorgrid": ("README.md", "dist/Leaflet.VectorGrid.bundled.min.js"),
}


class AssetError(GeodataError):
    """A front-end file that is unknown, missing or not the one that was pinned."""


@dataclass(frozen=True)
class Asset:
    """One file of an npm package; `served` is its path below the vendor address and below `.vendor/`."""

    package: str
    version: str
    file: str
    served: str
    sha256: str
    n_bytes: int


def address(name: str) -> str:
    """The address that serves a file: `leaflet/dist/leaflet.js` (npm) or `maps/page.js` (our own `static/`).

    Raises:
        AssetError: `asset_unknown`; so an address of some foreign host can never reach a page.
    """
    if name.startswith("maps/") and (STATIC / name.removeprefix("maps/")).is_file() and ".." not in name:
        return OWN_ADDRESS + name.removeprefix("maps/")
    return VENDOR_ADDRESS + _known(name).served


def path(name: str, vendor: Path = TOP / ".vendor") -> Path:
    """Where a pinned npm file lies, its bytes looked at: for a file that the service reads itself.

    Raises:
        AssetError: `asset_unknown`, `asset_missing` or `asset_changed`.
    """
    asset = _known(name)
    found = vendor / asset.served
    if not found.is_file():
        raise AssetError("asset_missing", name=name, version=asset.version)
    _check(found, asset)
    return found


@cache
def known() -> tuple[Asset, ...]:
    """The pinned files of `assets.json`."""
    return tuple(Asset(**row) for row in json.loads(LIST.read_text(encoding="utf-8")))


def copy(modules: Path, vendor: Path) -> int:
    """How many files were laid into `vendor`, each checked; files there that are not in the list are removed.

    Raises:
        AssetError: `asset_missing` or `asset_changed`; then `vendor` is as it was.
    """
    for asset in known():
        source = modules / asset.package / asset.file
        if not source.is_file():
            raise AssetError("asset_missing", name=f"{asset.package}/{asset.file}", version=asset.version)
        _check(source, asset)
    fresh = vendor.with_name(vendor.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    for asset in known():
        target = fresh / asset.served
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / asset.package / asset.file, target)
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)
    return len(known())


def check(vendor: Path) -> int:
    """How many files of `vendor` were found to be the pinned ones.

    Raises:
        AssetError: `asset_missing` or `asset_changed`.
    """
    for asset in known():
        if not (vendor / asset.served).is_file():
            raise AssetError("asset_missing", name=f"{asset.package}/{asset.file}", version=asset.version)
        _check(vendor / asset.served, asset)
    return len(known())


def pinned(modules: Path) -> tuple[Asset, ...]:
    """What `assets.json` should say for the packages installed here."""
    found = []
    for package, files in WANTED.items():
        about = modules / package / "package.json"
        if not about.is_file():
            raise AssetError("asset_missing", name=package, version="?")
        version = json.loads(about.read_text(encoding="utf-8"))["version"]
        for file in files:
            data = (modules / package / file).read_bytes()
            served = f"{package}@{version}/{file}"
            found.append(Asset(package, version, file, served, hashlib.sha256(data).hexdigest(), len(data)))
    return tuple(found)


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 done, 2 a file is not the pinned one, 3 a file is missing (run `npm ci --ignore-scripts`)."""
    parser = argparse.ArgumentParser(prog="python -m maps.assets", description=__doc__)
    parser.add_argument("--top", type=Path, default=TOP, help="folder that holds node_modules/ and gets .vendor/")
    parser.add_argument("--write", action="store_true", help="make assets.json anew from node_modules/")
    parser.add_argument("--check", action="store_true", help="only check what lies in .vendor/")
    options = parser.parse_args(argv)
    modules, vendor = options.top / "node_modules", options.top / ".vendor"
    try:
        if options.write:
            rows = [asdict(asset) for asset in pinned(modules)]
            LIST.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
            known.cache_clear()
        n_files = check(vendor) if options.check else copy(modules, vendor)
    except AssetError as error:
        sys.stderr.write(f"{error}\n")
        return 3 if error.code == "asset_missing" else 2
    sys.stdout.write(f"{n_files} front-end files in {vendor}\n")
    return 0


def _known(name: str) -> Asset:
    for asset in known():
        if name == f"{asset.package}/{asset.file}":
            return asset
    raise AssetError("asset_unknown", name=name)


def _check(path: Path, asset: Asset) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != asset.sha256:
        raise AssetError("asset_changed", name=f"{asset.package}/{asset.file}", expected=asset.sha256, found=found)


if __name__ == "__main__":
    sys.exit(main())
