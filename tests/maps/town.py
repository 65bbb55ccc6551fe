"""An invented small town for the map pages' tests: grids, figures, compounds, and vector tiles of its streets.

Everything is made by arithmetic: no database, no geodata. The town of the service itself is another one.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from typing import Any

WEST, SOUTH = 117.000, 36.640
COLUMNS, LINES = 9, 6
STEP_LON, STEP_LAT = 0.0035, 0.0028
BOUNDS = (WEST, SOUTH, WEST + COLUMNS * STEP_LON, SOUTH + LINES * STEP_LAT)
AS_OF = "2026-11-21T14:05:00+08:00"
CANARY = '{{7*191}}{% x{#${window.__x=1}<img src=x onerror="window.__x=1"></script>`\''
STREETS = ("花园", "解放", "和平", "建设", "文化", "东风", "人民", "胜利", "幸福")
DEDICATED = "DED-1"
TARGET = 0.9  # of the campaign

Shape = dict[str, Any]


def corner(column: int, line: int) -> tuple[float, float]:
    """(lon, lat) of a corner of the grid net, moved a little, the same every time, except on the rim."""
    inner = 0 < column < COLUMNS and 0 < line < LINES
    shift = (math.sin(column * 12.9 + line * 78.2), math.cos(column * 39.3 + line * 11.1)) if inner else (0.0, 0.0)
    lon, lat = WEST + (column + 0.28 * shift[0]) * STEP_LON, SOUTH + (line + 0.28 * shift[1]) * STEP_LAT
    return round(lon, 6), round(lat, 6)


def code_of(column: int, line: int) -> str:
    """The code of a base grid."""
    return f"3701020{line + 1:02d}{column + 1:03d}"


def name_of(column: int, line: int) -> str:
    """The name of a base grid; the first one is a canary, the second a spreadsheet's formula."""
    odd = {(0, 0): CANARY, (1, 0): "=1+1"}
    return odd.get((column, line), f"{STREETS[column]}{line + 1}网格")


def grids() -> Shape:
    """The published grids: a net of base grids and one dedicated grid over them."""
    features = [
        _polygon(
            [corner(c, r), corner(c + 1, r), corner(c + 1, r + 1), corner(c, r + 1)],
            {"code": code_of(c, r), "name": name_of(c, r), "layer": "base"},
        )
        for r in range(LINES)
        for c in range(COLUMNS)
    ]
    lon, lat = WEST + 3.2 * STEP_LON, SOUTH + 2.7 * STEP_LAT
    features.insert(0, _box(lon, lat, 0.0028, 0.0020, {"code": DEDICATED, "name": "批发市场", "layer": "dedicated"}))
    return {"type": "FeatureCollection", "features": features}


def compounds() -> Shape:
    """Compounds, outlines and points; one carries the canary."""
    features = []
    for place in range(14):
        lon = WEST + (0.5 + place * 0.61 % COLUMNS) * STEP_LON
        lat = SOUTH + (0.4 + place * 1.7 % LINES) * STEP_LAT
        name = CANARY if place == 1 else f"{STREETS[place % 9]}小区{place + 1}"
        if place % 4 == 3:
            features.append(
                {
                    "type": "Feature",
                    "properties": {"name": name, "kind": "point"},
                    "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
                }
            )
        else:
            features.append(_box(lon, lat, 0.0012, 0.0008, {"name": name, "kind": "polygon"}))
    return {"type": "FeatureCollection", "features": features}


def hotspot_rows(category: str | None = None) -> list[dict[str, Any]]:
    """Reports per grid: skewed, some zero, two grids without households, one with very few."""
    rows = []
    for r in range(LINES):
        for c in range(COLUMNS):
            near = math.hypot(c - 5.5, r - 2.5)
            n = 0 if (c * 7 + r * 3) % 11 == 0 else int(1 + 55 / (1 + near) ** 1.6 + (c * 5 + r * 3) % 6)
            n = n // 3 if category else n
            denom: int | None = 180 + (c * 37 + r * 91) % 400
            denom = None if (c, r) in {(8, 5), (0, 5)} else 12 if (c, r) == (2, 4) else denom
            rows.append(_row(code_of(c, r), name_of(c, r), n, denom, "rate", 1000))
    rows.append(_row("OLD-1", "已撤网格", 4, 80, "rate", 1000) | {"retired": True})
    rows.append(_row(DEDICATED, "批发市场", 31, None, "rate", 1000))
    return rows


def tested(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with what a test adds: `smoothed`, `z`, `p`, `band` (`why` where there is none), and `visits`.

    The arithmetic stands in for Gi*: a value's distance from the mean in standard deviations.
    """
    known = [_tested_on(row) for row in rows if _untested(row) is None]
    mean = sum(known) / max(1, len(known))
    spread = math.sqrt(sum((value - mean) ** 2 for value in known) / max(1, len(known))) or 1.0
    made = []
    for place, row in enumerate(rows):
        why = _untested(row)
        z = None if why else 1.6 * (_tested_on(row) - mean) / spread
        p = None if z is None else math.erfc(abs(z) / math.sqrt(2))
        smoothed = None if row["rate"] is None else 0.5 * row["rate"] + 0.5 * mean
        made.append(row | {"smoothed": smoothed, "z": z, "p": p, "band": _band(z, p), "visits": place * 7 % 40})
        if why:
            made[-1]["why"] = why
    return made


def _tested_on(row: dict[str, Any]) -> float:
    return float(row["n"] if row["rate"] is None else row["rate"])


def _untested(row: dict[str, Any]) -> str | None:
    if "ring" in row:
        return None
    return "no_households" if row["denom"] is None else "few_households" if row["denom"] < 30 else None


def _band(z: float | None, p: float | None) -> str | None:
    if z is None or p is None:
        return None
    sure = next((name for limit, name in ((0.01, "99"), (0.05, "95"), (0.1, "90")) if p <= limit), None)
    return f"{'hot' if z > 0 else 'cold'}{sure}" if sure else "none"


def communities() -> Shape:
    """Three communities, each of three columns of grids; the first carries the canary."""
    features = []
    for place in range(3):
        west, east = corner(3 * place, 0)[0], corner(3 * place + 3, 0)[0]
        box = _box((west + east) / 2, (SOUTH + BOUNDS[3]) / 2, east - west, BOUNDS[3] - SOUTH, {})
        box["properties"] = {"code": f"C{place}", "name": _community(place), "layer": "community"}
        features.append(box)
    return {"type": "FeatureCollection", "features": features}


def community_rows() -> list[dict[str, Any]]:
    """Reports by community."""
    return [_row(f"C{place}", _community(place), 40 + 160 * place, 1200, "rate", 1000) for place in range(3)]


def _community(place: int) -> str:
    return CANARY if place == 0 else f"{STREETS[place]}社区"


def coverage_rows() -> list[dict[str, Any]]:
    """Doors reached per grid: from none to all, two grids without doors known."""
    rows = []
    for r in range(LINES):
        for c in range(COLUMNS):
            denom = None if (c, r) in {(8, 5), (0, 5)} else 180 + (c * 37 + r * 91) % 400
            part = min(1.0, max(0.0, 1.15 - math.hypot(c - 2, r - 3) / 6))
            n = 0 if (c, r) == (8, 0) else round(part * (denom or 40))
            # one reached door of each grid was confirmed as not to be visited, and nine more that nobody reached
            counts = {"counts": [n, n + 1, (denom or 0) + 10]}
            rows.append(_row(code_of(c, r), name_of(c, r), n, denom, "share", 1) | counts)
    return rows


COVERAGE_COUNTS = {"reached": "走访到户", "reached_enumerated": "走访到户（按总户数）", "enumerated": "总户数"}
COVERAGE_NOTES = ["覆盖率＝走访到户÷应访户", f"总户数 {CANARY}"]
N_DAYS = 21
FIRST_DAY = "2026-11-01"


def progress() -> Shape:
    """Compounds by how far they are: none reached, all reached, one hidden, one canary, some on each other's place."""
    rows: list[Shape] = []
    for place in range(14):
        lon = WEST + (0.5 + place * 0.61 % COLUMNS) * STEP_LON
        lat = SOUTH + (0.4 + place * 1.7 % LINES) * STEP_LAT
        denom: int | None = 40 + place * 13
        n: int | None = {0: 0, 2: denom, 3: None}.get(place, (place * 11) % 40)
        denom = None if n is None else denom
        name = CANARY if place == 1 else f"{STREETS[place % 9]}小区{place + 1}"
        at = {"lon": round(lon, 6), "lat": round(lat, 6)}
        share = None if n is None or denom is None else n / denom
        rows.append({"id": place + 1, "name": name, "n": n, "denom": denom, "share": share} | at)
    return {"rows": rows, "unlocated": 0, "nowhere": {"n": 0, "denom": 0}, "hidden_below": 3}


def days() -> Shape:
    """A campaign's days: a third of what each place has on the first day, half on the tenth, the rest on the last; of
    each grid the reached door that was confirmed as not to be visited on the first."""

    def steps(n: int) -> list[int]:
        return [0, n // 3, 9, n // 2 - n // 3, N_DAYS - 1, n - n // 2]

    grids = [[row["code"], steps(row["n"])] for row in coverage_rows()] + [[None, [0, 5, 9, 12]]]
    compounds = [[row["id"], steps(row["n"])] for row in progress()["rows"] if row["n"] is not None]
    excluded = [[row["code"], [0, 1]] for row in coverage_rows()]
    return {"first": FIRST_DAY, "n_days": N_DAYS, "grids": grids, "excluded": excluded, "compounds": compounds}


def doors() -> Shape:
    """Doors that are left: three in one building with the canary, one alone; more than are drawn."""
    lon, lat = WEST + 4.5 * STEP_LON, SOUTH + 2.5 * STEP_LAT
    told = {"kind": "household", "name": None, "grid": code_of(4, 2), "visits": 0, "status": "not_visited"}
    told |= {"status_text": "尚未走访", "compound": CANARY}
    rows = [told | {"id": nr, "label": f"3号楼{nr}01室", "lon": lon, "lat": lat} for nr in range(1, 4)]
    rows.append(
        told | {"id": 9, "label": CANARY, "lon": lon + 0.0008, "lat": lat, "visits": 2, "status_text": "敲门无人"}
    )
    return {"rows": rows, "more": 7}


def found(words: str) -> list[dict[str, Any]]:
    """What a search finds here: a grid, a compound with doors, a report with the canary and one without a place."""
    lon, lat = WEST + 4.5 * STEP_LON, SOUTH + 2.5 * STEP_LAT
    grid = next(one for one in grids()["features"] if one["properties"]["code"] == code_of(5, 2))
    ring = grid["geometry"]["coordinates"][0]
    box = [pick(at[axis] for at in ring) for pick in (min, max) for axis in (0, 1)]
    compound = progress()["rows"][6]
    at = {"lon": lon, "lat": lat}
    every = [
        {"kind": "grid", "label": name_of(5, 2), "note": code_of(5, 2), "code": code_of(5, 2), "bbox": box} | at,
        {"kind": "compound", "label": compound["name"], "note": "", "id": compound["id"], "bbox": None}
        | {"lon": compound["lon"], "lat": compound["lat"]},
        {"kind": "report", "label": CANARY, "note": CANARY, "number": "1", "href": "/reports/1", "bbox": None} | at,
        {"kind": "report", "label": "2", "note": "", "number": "2", "href": "javascript:x", "bbox": None}
        | {"lon": None, "lat": None},
    ]
    return [] if words == "nothing" else every


def cell_rows(cell_m: int) -> list[dict[str, Any]]:
    """Reports per square cell; no households, so no rate."""
    side_lat, side_lon = cell_m / 111_320, cell_m / 89_300
    rows = []
    for r in range(math.ceil((BOUNDS[3] - SOUTH) / side_lat)):
        for c in range(math.ceil((BOUNDS[2] - WEST) / side_lon)):
            lon, lat = WEST + c * side_lon, SOUTH + r * side_lat
            n = 1 + (c * 13 + r * 7) % 17
            shape = _box(lon + side_lon / 2, lat + side_lat / 2, side_lon, side_lat, {})
            row = _row(f"{c}-{r}", None, n, None, "rate", 1000)
            rows.append(row | {"ring": shape["geometry"]["coordinates"][0]})
    return rows


@cache
def tile(z: int, x: int, y: int) -> bytes:
    """A Mapbox vector tile with the town's streets, some buildings and a pond."""
    roads = []
    for c in range(COLUMNS + 1):
        kind = "major" if c in (2, 6) else "minor"
        roads.append((kind, [corner(c, r) for r in range(LINES + 1)]))
        roads.append((kind, [_between(corner(c, r), corner(min(c + 1, COLUMNS), r)) for r in range(LINES + 1)]))
    for r in range(LINES + 1):
        roads.append(("major" if r == 3 else "minor", [corner(c, r) for c in range(COLUMNS + 1)]))
    roads.append(("path", [corner(0, 1), corner(3, 3), corner(5, 2)]))
    pond = [(117.0205, 36.6465), (117.0222, 36.6462), (117.0226, 36.6478), (117.0210, 36.6482)]
    houses = [
        _corners(WEST + (k % 40 + 0.5) * 0.00078, SOUTH + (k // 40 + 0.5) * 0.0008, 0.0004, 0.0003) for k in range(800)
    ]
    layers = _layer("roads", [(2, {"class": kind}, path) for kind, path in roads], z, x, y)
    layers += _layer("labels", [(1, tags, [at]) for tags, at in _labels() if _inside(*at, z, x, y)], z, x, y)
    layers += _layer("water", [(3, {}, pond)], z, x, y)
    return layers + _layer("buildings", [(3, {}, house) for house in houses if z >= 15], z, x, y)


def _labels() -> list[tuple[dict[str, str], tuple[float, float]]]:
    """Names on the ground: the canary as a road's, a street twice side by side, the pond."""
    road = {"kind": "major", "angle": "90", "long": "4096"}
    return [
        ({"name": CANARY, **road, "angle": "0"}, (WEST + 4.5 * STEP_LON, SOUTH + 0.25 * STEP_LAT)),
        ({"name": "长江路", **road}, corner(2, 2)),
        ({"name": "长江路", **road}, (corner(2, 2)[0], corner(2, 2)[1] + 0.0003)),
        ({"name": "月湖", "kind": "water", "long": "4096"}, (117.0216, 36.6471)),
    ]


def _inside(lon: float, lat: float, z: int, x: int, y: int) -> bool:
    across, down = _in_tile(lon, lat, z, x, y)
    return 0 <= across < 4096 and 0 <= down < 4096


def is_near(z: int, x: int, y: int) -> bool:
    """Whether a tile touches the town; the service answers 204 elsewhere."""
    west, north = _in_tile(BOUNDS[0], BOUNDS[3], z, x, y)
    east, south = _in_tile(BOUNDS[2], BOUNDS[1], z, x, y)
    return west <= 4096 and east >= 0 and north <= 4096 and south >= 0


def _between(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _row(code: str, name: str | None, n: int, denom: int | None, measure: str, per: int) -> dict[str, Any]:
    return {"code": code, "name": name, "n": n, "denom": denom, measure: None if denom is None else n / denom * per}


def _corners(lon: float, lat: float, wide: float, high: float) -> list[tuple[float, float]]:
    w, e, s, n = lon - wide / 2, lon + wide / 2, lat - high / 2, lat + high / 2
    return [(round(a, 6), round(b, 6)) for a, b in ((w, s), (e, s), (e, n), (w, n))]


def _box(lon: float, lat: float, wide: float, high: float, properties: dict[str, Any]) -> Shape:
    return _polygon(_corners(lon, lat, wide, high), properties)


def _polygon(ring: list[tuple[float, float]], properties: dict[str, Any]) -> Shape:
    coordinates = [[list(at) for at in [*ring, ring[0]]]]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": coordinates}}


# the little of the vector tile specification (2.1) that a street needs


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _zigzag(value: int) -> int:
    return (value << 1) ^ (value >> 31)


def _layer(name: str, shapes: list[tuple[int, dict[str, str], Any]], z: int, x: int, y: int) -> bytes:
    keys = sorted({key for _, tags, _ in shapes for key in tags})
    values = sorted({value for _, tags, _ in shapes for value in tags.values()})
    body = _field(1, name.encode())
    for kind, tags, path in shapes:
        pairs = [place for key, value in tags.items() for place in (keys.index(key), values.index(value))]
        points = [_in_tile(lon, lat, z, x, y) for lon, lat in path]
        moves = [9, *map(_zigzag, points[0])] + ([(len(points) - 1) << 3 | 2] if kind > 1 else [])
        for (ax, ay), (bx, by) in pairwise(points):
            moves += [_zigzag(bx - ax), _zigzag(by - ay)]
        moves += [15] if kind == 3 else []
        feature = _field(2, b"".join(map(_varint, pairs))) + _number(3, kind)
        body += _field(2, feature + _field(4, b"".join(map(_varint, moves))))
    body += b"".join(_field(3, key.encode()) for key in keys)
    body += b"".join(_field(4, _field(1, value.encode())) for value in values)
    return _field(3, body + _number(5, 4096) + _number(15, 2))


def _in_tile(lon: float, lat: float, z: int, x: int, y: int) -> tuple[int, int]:
    n = 2**z
    across = (lon + 180) / 360 * n - x
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n - y
    return round(across * 4096), round(down * 4096)
