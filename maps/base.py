"""GridMap: a Folium map that is only a shell, handed out in parts for a page of ours.

The shell holds the Leaflet map, its panes and constants of the server. No row, no citizen's word, no address
from a user ever enters it: data come by fetch from `static/page.js`, words reach the page by textContent. It is
therefore the same text at a thousand and at a million reports and may be kept per view and language.

This is the only module that turns (lon, lat) into Leaflet's (lat, lon).
"""

from __future__ import annotations

from typing import Any, Literal, cast

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink
from folium.template import Template

from maps import assets, harden
from maps.view import MAX_ZOOM, Labels, MapView, Parts

harden.apply()


class GridMap(folium.Map):
    """One map of ours. Raises ValueError when the bounds are not west < east, south < north on the globe."""

    # on the subclass, so that folium's own lists (shared by the whole process) stay as they are
    default_js = [("leaflet", "leaflet/dist/leaflet.js")]  # noqa: RUF012  # folium's own declaration
    default_css = [("leaflet_css", "leaflet/dist/leaflet.css"), ("maps_css", "maps/maps.css")]  # noqa: RUF012  # same

    # folium's header is left out: it forbids zooming with two fingers and styles html, body and #map
    _template = Template("""
        {% macro html(this, kwargs) %}
        <div class="folium-map" id="{{ this.get_name() }}" role="region"
            aria-label="{{ this.labels.map_name|e }}"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        {{ this.leaflet_script() }}
        window.gridMap = {
            map: {{ this.get_name() }},
            view: {{ this.constants|tojson }},
            showAll: function () {
                {# room for the credit below #}
                var edge = {{ this.edge }};
                var room = {paddingTopLeft: [edge, edge], paddingBottomRight: [edge, 22 + edge], animate: false};
                this.map.fitBounds({{ this.corners|tojson }}, room);
            },
            layers: {},
            add: function (layer) {
                var pane = this.map.createPane(layer.pane);
                pane.style.zIndex = layer.z_index;
                if (!layer.live) { pane.style.pointerEvents = "none"; }
                this.layers[layer.name] = layer;
            }
        };
        (function (map, words) {
            map.attributionControl.setPosition("bottomleft").setPrefix("Leaflet");
            L.control.zoom({zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out}).addTo(map);
            window.gridMap.scale = L.control.scale({imperial: false, position: "bottomleft"}).addTo(map);
            var credit = new L.Control({position: "bottomleft"});
            credit.onAdd = function () {
                var box = L.DomUtil.create("div", "map-credit");
                box.textContent = words.credit;
                return box;
            };
            if (words.credit) { credit.addTo(map); }
            window.gridMap.showAll();
        })(window.gridMap.map, {{ this.words|tojson }});
        {% endmacro %}
    """)

    def __init__(
        self,
        name: Literal["hotspots", "coverage", "wall", "public"],
        labels: Labels,
        view: MapView,
        *,
        module: str = "maps/page.js",
    ) -> None:
        west, south, east, north = view.bounds
        if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
            raise ValueError(f"bounds are not (west, south, east, north): {view.bounds}")
        super().__init__(
            location=_lat_lon((west + east) / 2, (south + north) / 2),
            tiles=None,
            zoom_control=False,
            prefer_canvas=True,
        )
        # folium takes max_zoom as its tile layer's, and there is none
        self.options["max_zoom"] = MAX_ZOOM
        # our own lines are sharp at any zoom, so the town may fill its frame; a raster is not
        self.options["zoom_snap"] = 1 if view.tiles else 0.25
        # folium would draw a new random name at every build; ours keeps the shell the same text
        self._id = name
        self.labels = labels
        self.module = module  # the script that draws the page
        credit = [part for part in (labels.attribution, labels.review_number) if part]
        self.words = {"zoom_in": labels.zoom_in, "zoom_out": labels.zoom_out, "credit": " · ".join(credit)}
        self.edge = 24 if name == "wall" else 8  # pixels around the whole; a pin is wider than its place
        self.corners = [_lat_lon(west, south), _lat_lon(east, north)]
        self.constants: dict[str, Any] = {"name": name}

    def leaflet_script(self) -> str:
        """Folium's own script for the map, which makes the Leaflet object."""
        return str(folium.Map._template.module.script(self, {}))

    def parts(self) -> Parts:
        """The pieces for the page's template.

        Raises:
            AssetError: a layer asked for an address that is not in `assets.json`.
            ValueError: a layer put something other than links into the page's head, or a script that would end
                its element early.
        """
        figure = cast(Figure, self.get_root())
        figure.render()
        styles, scripts = [], []
        for name, child in figure.header._children.items():
            if isinstance(child, CssLink):
                styles.append(assets.address(child.url))
            elif isinstance(child, JavascriptLink):
                scripts.append(assets.address(child.url))
            elif name != "meta_http":
                raise ValueError(f"{name} is in the head, where only links may be")
        script = _text(figure.script)
        if "</script" in script.lower():
            raise ValueError("the map's script holds an end tag")
        modules = (assets.address(self.module),)
        return Parts(tuple(styles), tuple(scripts), modules, _text(figure.html), script)


def _lat_lon(lon: float, lat: float) -> list[float]:
    return [round(lat, 7), round(lon, 7)]


def _text(element: Element) -> str:
    lines = (line.strip() for line in element.render().splitlines())
    return "\n".join(line for line in lines if line)
