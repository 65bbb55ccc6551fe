"""Texts that folium would run as a template, and the patch that makes them texts."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import folium
import pytest
from branca.element import Element, Figure
from folium import plugins

from maps import harden

# mypy: disable-error-code="no-untyped-call"
# folium's plugins have no annotations

TEXT = "{{7*191}}"
RUN = str(7 * 191)
SQUARE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": TEXT, "v": 1, "time": "2026-01-01T00:00:00"},
            "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]},
        }
    ],
}


def _grouped() -> list[Element]:
    group = folium.FeatureGroup(name="g")
    return [group, plugins.GroupedLayerControl({TEXT: [group]})]


def _choropleth() -> list[Element]:
    rows = {"a": 1.0, "b": 2.0, "c": 3.0}
    return [folium.Choropleth(SQUARE, data=rows, key_on="feature.properties.v", legend_name=TEXT)]


SINKS: dict[str, Callable[[], list[Element]]] = {
    "marker popup": lambda: [folium.Marker([0, 0], popup=TEXT)],
    "marker tooltip": lambda: [folium.Marker([0, 0], tooltip=TEXT)],
    "popup parse_html": lambda: [folium.Marker([0, 0], popup=folium.Popup(TEXT, parse_html=True))],
    "geojson property": lambda: [folium.GeoJson(SQUARE)],
    "geojson tooltip": lambda: [folium.GeoJson(SQUARE, tooltip=folium.GeoJsonTooltip(["name"], aliases=[TEXT]))],
    "fast cluster row": lambda: [plugins.FastMarkerCluster([[0, 0, TEXT]])],
    "div icon": lambda: [folium.Marker([0, 0], icon=folium.DivIcon(html=TEXT))],
    "layer name": lambda: [folium.FeatureGroup(name=TEXT), folium.LayerControl()],
    "group name": _grouped,
    "tag": lambda: [folium.Marker([0, 0], tags=[TEXT]), plugins.TagFilterButton([TEXT])],
    "timestamped geojson": lambda: [plugins.TimestampedGeoJson(SQUARE)],
    "legend name": _choropleth,
    "style value": lambda: [folium.GeoJson(SQUARE, style_function=lambda feature: {"color": TEXT})],
    "vector grid address": lambda: [plugins.VectorGridProtobuf(TEXT, name="v")],
}


def _page(sink: str) -> str:
    shell = folium.Map([0, 0], tiles=None)
    for element in SINKS[sink]():
        shell.add_child(element)
    return str(shell.get_root().render())


@pytest.mark.parametrize("sink", SINKS)
def test_text_stays_text(sink: str) -> None:
    html = _page(sink)
    assert RUN not in html
    assert "7*191" in html


@pytest.mark.parametrize("sink", SINKS)
def test_the_canary_sings_without_the_patch(sink: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Element.__init__.__wrapped__  # type: ignore[attr-defined]  # what functools.wraps left
    monkeypatch.setattr(Element, "__init__", original)
    assert not harden.applied()
    assert RUN in _page(sink)


def test_what_is_no_template_is_no_error() -> None:
    for text in ("{% x", "{{", "{#", "{{ a.b.c }}"):
        assert Element(text).render() == text


def test_applying_twice_changes_nothing() -> None:
    before = Element.__init__
    harden.apply()
    assert Element.__init__ is before
    assert harden.applied()


def test_an_unpickled_element_is_still_text() -> None:
    again = pickle.loads(pickle.dumps(Element(TEXT)))  # noqa: S301  # our own bytes, made one line above
    assert again.render() == TEXT


def test_elements_without_text_render_their_children() -> None:
    figure = Figure()
    figure.html.add_child(Element("<p>one</p>"))
    assert "<p>one</p>" in figure.render()
