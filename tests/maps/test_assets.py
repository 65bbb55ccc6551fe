"""Pinned front-end files: known addresses only, checked bytes only."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import folium
import pytest

from maps import assets


def _installed(tmp_path: Path) -> Path:
    """A copy of what npm installed, made from the checked files."""
    modules = tmp_path / "node_modules"
    for asset in assets.known():
        target = modules / asset.package / asset.file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(assets.TOP / ".vendor" / asset.served, target)
    for package in assets.WANTED:
        version = next(asset.version for asset in assets.known() if asset.package == package)
        (modules / package / "package.json").write_text(json.dumps({"version": version}))
    return modules


def test_known_addresses() -> None:
    assert assets.address("leaflet/dist/leaflet.js") == "/static/vendor/leaflet@1.9.4/dist/leaflet.js"
    assert assets.address("maps/page.js") == "/static/maps/page.js"


@pytest.mark.parametrize(
    "name",
    [
        *(url for _, url in folium.Map.default_js + folium.Map.default_css),
        "https://example.org/x.js",
        "//example.org/x.js",
        "leaflet/dist/other.js",
        "maps/../harden.py",
        "maps/absent.js",
        "",
    ],
)
def test_an_unknown_address_fails(name: str) -> None:
    with pytest.raises(assets.AssetError) as caught:
        assets.address(name)
    assert caught.value.code == "asset_unknown"


def test_a_file_that_the_service_reads_itself_is_the_pinned_one(vendor: None, tmp_path: Path) -> None:
    target = tmp_path / ".vendor"
    assets.copy(_installed(tmp_path), target)
    font = assets.path(assets.PAPER_FONT, target)
    assert font.read_bytes()[:4] == b"\0\1\0\0"  # TrueType outlines
    with font.open("ab") as file:
        file.write(b" ")
    for name, code in ((assets.PAPER_FONT, "asset_changed"), ("leaflet/dist/other.js", "asset_unknown")):
        with pytest.raises(assets.AssetError) as caught:
            assets.path(name, target)
        assert caught.value.code == code
    font.unlink()
    with pytest.raises(assets.AssetError) as caught:
        assets.path(assets.PAPER_FONT, target)
    assert caught.value.code == "asset_missing"


def test_the_lock_names_no_address_and_pins_what_the_list_says() -> None:
    text = (assets.TOP / "package-lock.json").read_text(encoding="utf-8")
    lock = json.loads(text)
    wanted = json.loads((assets.TOP / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert '"resolved"' not in text
    assert set(wanted) == set(assets.WANTED)
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} is not pinned"
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
        assert lock["packages"][f"node_modules/{name}"]["integrity"].startswith("sha512-")
    assert {asset.package: asset.version for asset in assets.known()} == wanted
    assert {(asset.package, asset.file) for asset in assets.known()} == {
        (package, file) for package, files in assets.WANTED.items() for file in files
    }


def test_copy_checks_every_file(vendor: None, tmp_path: Path) -> None:
    modules, target = _installed(tmp_path), tmp_path / ".vendor"
    assert assets.copy(modules, target) == len(assets.known())
    assert assets.check(target) == len(assets.known())
    assert assets.pinned(modules) == assets.known()
    (target / "stray.js").write_text("alert(1)")
    before = sorted(path.name for path in target.rglob("*"))
    script = modules / "leaflet" / "dist" / "leaflet.js"
    script.write_bytes(script.read_bytes() + b" ")
    with pytest.raises(assets.AssetError) as caught:
        assets.copy(modules, target)
    assert caught.value.code == "asset_changed"
    assert sorted(path.name for path in target.rglob("*")) == before
    script.unlink()
    with pytest.raises(assets.AssetError) as caught:
        assets.copy(modules, target)
    assert caught.value.code == "asset_missing"


def test_copy_leaves_only_the_list(vendor: None, tmp_path: Path) -> None:
    modules, target = _installed(tmp_path), tmp_path / ".vendor"
    target.mkdir()
    (target / "stray.js").write_text("alert(1)")
    assets.copy(modules, target)
    found = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert found == {asset.served for asset in assets.known()}


def test_exit_codes(vendor: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert assets.main(["--top", str(tmp_path)]) == 3
    assert assets.known()[0].package in capsys.readouterr().err
    modules = _installed(tmp_path)
    assert assets.main(["--top", str(tmp_path)]) == 0
    assert assets.main(["--top", str(tmp_path), "--check"]) == 0
    (modules / "leaflet" / "LICENSE").write_text("other")
    assert assets.main(["--top", str(tmp_path)]) == 2
    (tmp_path / ".vendor" / assets.known()[0].served).unlink()
    assert assets.main(["--top", str(tmp_path), "--check"]) == 3


def test_our_modules_import_only_each_other() -> None:
    for path in assets.STATIC.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        named = re.findall(r"""^import .* from "(.+)";$|\bimport\("(.+?)"\)""", text, re.MULTILINE)
        assert len(named) == len(re.findall(r"""^import .* from |\bimport\(""", text, re.MULTILINE)), path.name
        for name in (one or other for one, other in named):
            assert name.startswith("./"), f"{path.name} imports {name}"
            assert (assets.STATIC / name).is_file(), f"{path.name} imports {name}"


def test_our_files_name_no_other_host() -> None:
    for path in (one for one in assets.STATIC.rglob("*") if one.suffix in (".js", ".css")):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")  # a name, not an address
        assert not re.search(r"https?://|[\"'(]//", text), path.name
