// Names on the map, where there is room: grids by their size on screen, compounds from a near zoom, then what lies on
// the ground: roads along their line, water, buildings. All in the device's own font, none over another.
import { element } from "./words.js";

const NEAR = 16;
const AT_MOST = 80;
const GAP = 6;
const SAME = 240; // pixels in which a road's name is written once
const FONT = { grid: "600 12px sans-serif", compound: "11px sans-serif", ground: "11px sans-serif", count: "600 11px sans-serif" };
const GROUND = ["major", "water", "building", "minor"];

export class Names {
  /** `avoid()`: places that something else takes, as bounds in layer points. */
  constructor(shell, areas, most = AT_MOST, avoid = () => []) {
    Object.assign(this, { most, avoid });
    this.map = shell.map;
    this.pane = shell.map.getPane(shell.layers.names.pane);
    this.areas = areas;
    this.compounds = [];
    this.ground = [];
    this.pen = document.createElement("canvas").getContext("2d");
    this.map.on("moveend zoomend", () => this.draw());
    this.map.on("zoomstart", () => this.#clear());
  }

  /** Compounds whose names may be written: a Leaflet layer group, or null. */
  setCompounds(group) {
    this.compounds = [];
    group?.eachLayer((shape) => shape.feature.properties.name && this.compounds.push(shape));
    this.draw();
  }

  /** Names of roads, water and buildings as `addGround` tells them. */
  setGround(labels) {
    const rank = ({ kind }) => GROUND.indexOf(kind);
    this.ground = labels.filter((label) => rank(label) >= 0).sort((a, b) => rank(a) - rank(b) || b.room - a.room);
    this.draw();
  }

  /** Writes the names that fit the present view, large areas first, counts of areas last, none over another. */
  draw() {
    this.#clear();
    const taken = this.avoid();
    this.room = taken.length + this.most;
    const wanted = this.#wanted();
    this.#drawAreas(wanted.filter(({ kind }) => kind !== "count"), taken);
    this.#drawGround(taken);
    this.#drawAreas(wanted.filter(({ kind }) => kind === "count"), taken);
  }

  #drawAreas(wanted, taken) {
    for (const { text, kind, at } of wanted) {
      if (taken.length >= this.room) break;
      this.pen.font = FONT[kind];
      const half = this.pen.measureText(text).width / 2 + GAP;
      const box = L.bounds(at.subtract([half, 11]), at.add([half, 11]));
      if (taken.some((other) => other.overlaps(box))) continue;
      taken.push(box);
      const label = element("div", `map-name map-name-${kind}`, text);
      L.DomUtil.setPosition(label, at.round());
      this.pane.append(label);
    }
  }

  #drawGround(taken) {
    const [view, pixels] = [this.map.getBounds().pad(-0.01), 2 ** this.map.getZoom()];
    const written = [];
    for (const { text, kind, at: place, angle, room } of this.ground) {
      if (taken.length >= this.room) break;
      const wide = this.#measure(text, "ground");
      const at = this.map.latLngToLayerPoint(place);
      const twice = written.some((other) => other.text === text && other.at.distanceTo(at) < SAME);
      if (twice || !view.contains(place) || (kind !== "building" && wide > room * pixels)) continue;
      const turn = upright(angle ?? 0);
      const box = around(at, wide / 2 + 4, 9, turn);
      if (taken.some((other) => other.overlaps(box))) continue;
      taken.push(box);
      written.push({ text, at });
      const label = element("div", `map-name map-name-ground map-name-${kind}`);
      const turned = element("span", "", text);
      turned.style.rotate = `${turn}deg`;
      label.append(turned);
      L.DomUtil.setPosition(label, at.round());
      this.pane.append(label);
    }
  }

  #wanted() {
    const view = this.map.getBounds();
    const wanted = [];
    const add = (shape, kind, text, least) => {
      const bounds = shape.getBounds ? shape.getBounds() : L.latLngBounds(shape.getLatLng(), shape.getLatLng());
      if (!view.intersects(bounds)) return;
      const at = this.map.latLngToLayerPoint(shape.getBounds ? shape.getCenter() : shape.getLatLng());
      const wide = this.#width(bounds);
      if (wide < least(text)) return;
      // the point of a compound carries its name beneath
      wanted.push({ text, kind, wide, at: shape.getBounds ? at : at.add([0, 12]) });
    };
    this.areas.layer.eachLayer((shape) => {
      const { name, layer } = shape.feature.properties;
      if (layer === "count") add(shape, "count", name, (text) => this.#measure(text, "count") + 4);
      else if (name && layer !== "cell") add(shape, "grid", name, (text) => this.#measure(text, "grid") * 0.9);
    });
    wanted.sort((a, b) => b.wide - a.wide);
    if (this.map.getZoom() >= NEAR) {
      for (const shape of this.compounds) add(shape, "compound", shape.feature.properties.name, () => 0);
    }
    return wanted;
  }

  #width(bounds) {
    const corner = (at) => this.map.latLngToLayerPoint(at).x;
    return corner(bounds.getNorthEast()) - corner(bounds.getSouthWest());
  }

  #measure(text, kind) {
    this.pen.font = FONT[kind];
    return this.pen.measureText(text).width;
  }

  #clear() {
    for (const label of this.pane.querySelectorAll(".map-name")) label.remove();
  }
}

// reads from left to right: between straight down and straight up
const upright = (angle) => (((angle + 90) % 180) + 180) % 180 - 90;

function around(at, half, high, angle) {
  const [sin, cos] = [Math.abs(Math.sin((angle * Math.PI) / 180)), Math.abs(Math.cos((angle * Math.PI) / 180))];
  const reach = [half * cos + high * sin, half * sin + high * cos];
  return L.bounds(at.subtract(reach), at.add(reach));
}
