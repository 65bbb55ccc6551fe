"""The words of the map pages: both languages, all that the template and the modules ask for, no forbidden features."""

from __future__ import annotations

import re

import pytest

from maps import palette
from maps.assets import STATIC, TOP
from maps.legend import MEASURES, UNITS
from tests.maps.service import TEMPLATES, catalogue

FORBIDDEN = re.compile(
    r"\b(Popup|Tooltip|GeoJsonTooltip|GeoJsonPopup|DivIcon|TimestampedGeoJson|MeasureControl)\b|_repr_html_|folium\.GeoJson"
)


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_both_languages_say_the_same_things() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert list(zh) == list(en)
    for key, text in zh.items():
        assert _placeholders(text) == _placeholders(en[key]), key
        assert text.strip(), key
        assert re.search(r"[一-鿿]", text) or key in {"maps.from_up", "maps.below", "maps.shown"}, key
        assert not re.search(r"[一-鿿]", en[key]), key


FAILING = ("stats", "shapes", "reports", "compounds", "choices", "ground", "rings", "days", "doors", "find")


def test_no_word_is_missing_and_none_is_idle() -> None:
    template = (TEMPLATES / "map.html").read_text(encoding="utf-8")
    plain = set(re.findall(r"""t\(["'](maps\.\w+)["'][,)]""", template))
    by_page = {
        found + page for found in re.findall(r"""t\(["'](maps\.\w*)["'] ~ page""", template) for page in MEASURES
    }
    by_page = {key for key in by_page if not key.startswith("maps.hotspots") and not key.startswith("maps.coverage")}
    for tail in re.findall(r'''t\("maps\." ~ page ~ "(\w+)"''', template):
        by_page |= {f"maps.{page}{tail}" for page in MEASURES}
    shell = {"maps.zoom_in", "maps.zoom_out", "maps.hotspots_map", "maps.coverage_map"}
    known = {key for key in catalogue("zh") if key.startswith("maps.")}
    assert plain | by_page | shell == known


def test_modules_ask_only_for_words_that_the_page_brings() -> None:
    template = (TEMPLATES / "map.html").read_text(encoding="utf-8")
    brought = set(re.findall(r""""(\w+)": t\(""", template))
    asked, stems = set(), set()
    for path in set(STATIC.glob("*.js")) - {
        STATIC / "public.js",
        STATIC / "problems.js",
    }:  # their page brings words of its own
        text = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r'''word\("(\w+)"''', text))
        stems |= set(re.findall(r"""word\(`(\w+)\$\{""", text))
    kinds = ("grid", "community", "cell")
    asked |= {f"{stem}_{kind}" for stem in ("table", "col", "summary_by") for kind in kinds} | {"col_n", "col_denom"}
    asked |= {"table_compound", "col_compound"}
    asked |= {f"col_{column}" for column in ("smoothed", "visits", "band", "z", "p")}
    asked |= {f"band_{band}" for band in palette.SIGNIFICANCE} | {"tested_rates", "tested_counts"}
    asked |= {f"untested_{reason}" for reason in ("too_few", "constant", "too_many")}
    asked |= {f"why_{why}" for why in ("no_households", "few_households", "island", "constant")}
    asked |= {f"weights_{kind}" for kind in ("queen", "knn", "band")}
    asked |= {
        "n_grids",
        "n_communities",
        "bias",
        "bias_visits",
        "look_first",
        "look_nowhere",
        "drill_open",
        "drill_all",
    }
    asked |= {"no_data"}
    asked |= {f"legend_{measure}" for measure in UNITS} | {f"unit_{unit}" for unit in UNITS.values()}
    asked |= {f"method_{method}" for method in ("quantile", "fixed", "none", "target")} | {"col_rate", "col_share"}
    asked |= {f"failed_{subject}" for subject in FAILING}
    stems -= {"band_", "tested_", "untested_", "why_", "weights_", "table_", "summary_by_"}
    assert stems == {"legend_", "unit_", "method_", "col_", "failed_"}
    assert asked == brought


@pytest.mark.parametrize("package", ["maps", "gridsvc", "geodata"])
def test_features_that_take_text_as_html_are_not_used(package: str) -> None:
    for path in (TOP / package).rglob("*"):
        if path.suffix not in {".py", ".html"} or path == TOP / "maps" / "layers.py":
            continue
        found = FORBIDDEN.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(TOP)}: {found and found.group()}"


def test_our_modules_never_write_html() -> None:
    for path in set(STATIC.glob("*.js")) - {
        STATIC / "public.js",
        STATIC / "problems.js",
    }:  # their page brings words of its own
        text = path.read_text(encoding="utf-8")
        found = re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|bindPopup", text
        )
        assert not found, f"{path.name}: {found and found.group()}"
