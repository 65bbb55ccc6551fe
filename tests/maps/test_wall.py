"""The wall's shell and words: colours apart for all eyes, a shape for each, every word in both languages, no HTML."""

from __future__ import annotations

import re
import tomllib
from itertools import combinations
from typing import get_args

import pytest

from maps import palette, wall
from maps.assets import STATIC, TOP
from maps.view import Labels, MapView

MODULES = [*sorted((STATIC / "wall").glob("*.js")), STATIC / "search.js"]
TEMPLATE = (TOP / "gridsvc" / "web" / "templates" / "wall.html").read_text(encoding="utf-8")


def words(lang: str) -> dict[str, str]:
    path = TOP / "gridsvc" / "i18n" / "locale" / lang / "wall.toml"
    return dict(tomllib.loads(path.read_text(encoding="utf-8"))["wall"])


@pytest.mark.parametrize("vision", get_args(palette.Vision))
def test_any_two_standings_stay_apart(vision: palette.Vision) -> None:
    assert palette.smallest_difference(tuple(wall.COLORS.values()), vision) >= 10
    assert len(set(wall.SHAPES.values())) == len(wall.COLORS) == len(wall.SHAPES)


def test_what_is_written_on_a_pin_can_be_read() -> None:
    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for name, color in wall.COLORS.items():
        ink = "#1b2733" if name in wall.DARK_INK else "#ffffff"
        dark, light = sorted((luminance(color), luminance(ink)))
        assert (light + 0.05) / (dark + 0.05) >= 3.0, name  # large bold figures: WCAG 1.4.3
    assert all(one != other for one, other in combinations(wall.COLORS.values(), 2))


def test_the_shell_is_the_same_text_and_names_its_module() -> None:
    view = MapView(bounds=(110.0, 23.0, 110.1, 23.1), edition="1")
    labels = Labels("m", "+", "-", "credit", "GS 1")
    one, other = wall.build(labels, view).parts(), wall.build(labels, view).parts()
    assert one == other
    assert one.modules == ("/static/maps/wall/page.js",)
    assert "/static/maps/wall/wall.css" in one.styles
    assert '"stream": "/api/v1/wall/stream"' in one.script
    assert '"name": "names"' in one.script


def test_both_languages_say_the_same_things() -> None:
    zh, en = words("zh"), words("en")
    assert list(zh) == list(en)
    for key, said in zh.items():
        assert set(re.findall(r"\{(\w+)\}", said)) == set(re.findall(r"\{(\w+)\}", en[key])), key
        assert re.search(r"[一-鿿]", said), key
        assert not re.search(r"[一-鿿]", en[key]), key


def test_no_word_is_missing_and_none_is_idle() -> None:
    asked, stems = set(), {"failed_"}  # notice.js tells of a subject by its name
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r"""word\((?:[^()"]* \? )?"(\w+)"(?: : "(\w+)")?""", text))
        stems |= set(re.findall(r"""word\(`(\w+)\$\{""", text))
    flat = {part for pair in asked for part in pair if part}
    brought = set(re.findall(r'"(\w+)": t\(', TEMPLATE)) | {
        stem + name
        for stem, names in (("standing_", wall.COLORS), ("step_", _steps()))
        if f'"{stem}" ~' in TEMPLATE
        for name in names
    }
    assert flat <= brought
    by_stem = {word for word in brought for stem in stems if word.startswith(stem)}
    titles = {word for word in brought if word.startswith("col_")}
    assert brought - flat - by_stem - titles - {"board"} == set()
    shared = set(re.findall(r't\("maps\.(\w+)"', TEMPLATE))
    used = {word for word in re.findall(r"""t\(["']wall\.(\w+)["']""", TEMPLATE) if not word.endswith("_")}
    used |= (brought - shared) | {"map"}
    used |= {f"paper_{one}" for one in ("a3", "a0")} | {f"col_{one}" for one in _columns()}
    assert used <= set(words("zh"))
    assert set(words("zh")) - used == set()


def _steps() -> list[str]:
    text = (STATIC / "wall" / "board.js").read_text(encoding="utf-8")
    found = re.search(r"STEPS = \[([^\]]+)\]", text)
    assert found
    return re.findall(r'"(\w+)"', found.group(1))


def _columns() -> list[str]:
    found = re.search(r'for name in \(([^)]+)\) %}<th scope="col" class="wall-', TEMPLATE)
    assert found
    return re.findall(r'"(\w+)"', found.group(1))


def test_our_modules_never_write_html() -> None:
    assert len(MODULES) >= 4
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        found = re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|bindPopup", text
        )
        assert not found, f"{path.name}: {found and found.group()}"
