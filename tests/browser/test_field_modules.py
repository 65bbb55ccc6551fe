"""The app's reckoning in a real browser, against what the service reckons by: placing, datums, digests, photos."""

from __future__ import annotations

import base64
import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from io import BytesIO
from random import Random
from typing import Any, get_args

import numpy as np
import pytest
import shapely
from PIL import Image
from playwright.sync_api import Browser, Page
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from geodata import datum, placement
from geodata.placement import Grid
from gridsvc.web import field_files
from maps import assets
from tests import photographs
from tests.conftest import ROOT

FIELD = "/static/app/field/"
FOLDERS = {
    "/static/app/": ROOT / "gridsvc" / "web" / "static",
    "/static/maps/": ROOT / "maps" / "static",
    "/static/vendor/": assets.TOP / ".vendor",
}
CONFIDENCE_OFF = 0.003  # what the phone's chords may differ by from the polygons


class _Files(http.server.SimpleHTTPRequestHandler):
    """The app's files as the service serves them, and an empty page."""

    def do_GET(self) -> None:
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>empty</title>")

    def translate_path(self, path: str) -> str:
        prefix = next(one for one in FOLDERS if path.startswith(one))
        return str(FOLDERS[prefix] / path.removeprefix(prefix))

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def page(browser: Browser, vendored: None) -> Iterator[Page]:
    """A page that can import the app's modules."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    yield page
    context.close()
    server.shutdown()
    server.server_close()


def run(page: Page, module: str, code: str, *given: Any) -> Any:
    """What `code`, a function of the module and the values given, gives in the browser."""
    return page.evaluate(f"async (given) => ({code})(await import('{FIELD}{module}'), ...given)", list(given))


# drawings that end when `gates[n]()` is called, and a clock that goes on when `clocks[n]()` is
DRAWN = """async (m) => {
  const later = window.setTimeout, [shown, gates, clocks] = [[], [], []];
  const rest = () => new Promise((done) => later(done, 0));
  window.setTimeout = (does) => clocks.push(does);
  try {
    const draw = m.inTurn(async (may) => {
      const n = gates.length;
      await new Promise((answer) => gates.push(answer));
      if (may()) shown.push(n);
    });
    const begun = [];
    const note = async () => { await rest(); begun.push(gates.length); };
    const first = draw();
    await note();
    const second = draw(), same = draw() === second;
    await note();
    clocks[0]();
    await note();
    gates[1]();
    await second;
    gates[0]();
    await first;
    const third = draw();
    await note();
    clocks[2]();
    const fourth = draw();
    await note();
    gates[2]();
    await third;
    gates[3]();
    await fourth;
    return { same, begun, shown };
  } finally {
    window.setTimeout = later;
  }
}"""


def test_a_drawing_whose_storage_never_answers_holds_up_no_later_one_for_good(page: Page) -> None:
    told = run(page, "dom.js", DRAWN)
    assert told["same"] is True, "what waits is one"
    assert told["begun"] == [1, 1, 2, 3, 4], "one after the other, unless the one before takes too long"
    assert told["shown"] == [1, 2, 3], "none over a later one; of two that are late the first to answer is shown"


def _ground(seed: int) -> list[Grid]:
    """A partition with crooked borders, a hole that is an enclave, a dedicated grid over two of them."""
    rng = Random(seed)  # noqa: S311  # a test's choices, the same each time
    points = shapely.MultiPoint([(110 + rng.random() * 0.02, 23 + rng.random() * 0.02) for _ in range(14)])
    whole = shapely.box(110, 23, 110.02, 23.02)
    cells = [cell.intersection(whole) for cell in shapely.voronoi_polygons(points, extend_to=whole).geoms]
    codes = [f"{rng.randrange(10**6):06d}{n}" for n in range(len(cells))]
    island = cells[0].centroid.buffer(0.0004).intersection(cells[0])
    cells[0], cells[1] = cells[0].difference(island), shapely.union(cells[1], island)
    grids = [Grid(code, code, "base", _many(cell)) for code, cell in zip(codes, cells, strict=True)]
    return [*grids, Grid("D1", "park", "dedicated", _many(shapely.Point(110.01, 23.01).buffer(0.0015)))]


def _many(shape: BaseGeometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"])


def _told(grids: list[Grid]) -> list[dict[str, Any]]:
    return [
        {"code": g.code, "name": g.name, "layer": g.layer, "own": True, "worker": None, "geometry": mapping(g.geom)}
        for g in grids
    ]


def _points(grids: list[Grid], seed: int, n: int) -> list[tuple[float, float]]:
    """Random points in and around, corners of borders, points on their edges, and points a few metres outside."""
    rng = Random(seed)  # noqa: S311  # a test's choices, the same each time
    inside = [(110 - 0.002 + rng.random() * 0.024, 23 - 0.002 + rng.random() * 0.024) for _ in range(n)]
    borders: list[tuple[float, float]] = []
    for _ in range(n):
        ring = rng.choice(grids).geom.geoms[0].exterior.coords
        at = rng.randrange(len(ring) - 1)
        (ax, ay), (bx, by), f = ring[at], ring[at + 1], rng.choice((0.0, 1.0, rng.random()))
        borders.append((ax + f * (bx - ax), ay + f * (by - ay)))
    outside = [(110 + rng.random() * 0.02, 23 - rng.random() * 0.0006) for _ in range(n // 2)]
    return [*inside, *borders, *outside]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_phone_places_as_the_service_does(page: Page, seed: int) -> None:
    grids = _ground(seed)
    points = _points(grids, seed + 100, 200)
    Random(seed).shuffle(grids)  # noqa: S311  # a test's choices, the same each time
    found = run(
        page,
        "place.js",
        "(m, grids, points) => points.map(([x, y]) => m.place(x, y, null, grids))",
        _told(grids),
        points,
    )
    wanted = [placement.place(lon, lat, grids) for lon, lat in points]
    methods = {one.method for one in wanted}
    assert methods == {"covers", "nearest", "none"}
    assert [(f["grid"], f["method"]) for f in found] == [(w.code, w.method) for w in wanted]
    far = [abs(f["distance_m"] - w.distance_m) for f, w in zip(found, wanted, strict=True) if w.distance_m is not None]
    assert max(far) <= 0.0011  # the last millimetre may round the other way


def test_the_phone_is_as_sure_as_the_service(page: Page) -> None:
    grids = _ground(7)
    rng = Random(7)  # noqa: S311  # a test's choices, the same each time
    points = [(*one, rng.choice((5.0, 20.0, 60.0, 200.0, 500.0))) for one in _points(grids, 8, 120)]
    found = run(
        page,
        "place.js",
        "(m, grids, points) => points.map(([x, y, a]) => m.place(x, y, a, grids))",
        _told(grids),
        points,
    )
    off = []
    for (lon, lat, accuracy_m), told in zip(points, found, strict=True):
        wanted = placement.confidence(lon, lat, accuracy_m, grids, told["grid"])
        off.append(abs(wanted.share - told["confidence"]))
        if told["grid"] and wanted.share < 0.79 and wanted.runners_up and wanted.runners_up[0][1] > 0.03:
            assert told["sides"][0] == told["grid"]
            assert wanted.runners_up[0][0] in told["sides"]
        if wanted.share > 0.81:
            assert told["sides"] == []
    assert max(off) <= CONFIDENCE_OFF
    assert sum(bool(told["sides"]) for told in found) > 30
    wide = run(page, "place.js", "(m, grids) => m.place(110.005, 23.005, 1500, grids)", _told(grids))
    assert wide["confidence"] == 0


def test_a_side_puts_the_pin_inside_that_grid_and_within_the_disc(page: Page) -> None:
    grids = _ground(11)
    points = [(*one, 60.0) for one in _points(grids, 12, 60)]
    code = """(m, grids, points) => points.map(([x, y, a]) => {
      const there = m.place(x, y, a, grids);
      return there.sides.map((code) => [code, m.inside(x, y, a, code, grids)]);
    })"""
    shapes = {one.code: one.geom for one in grids}
    n = n_nearest = 0
    for (lon, lat, accuracy_m), sides in zip(points, run(page, "place.js", code, _told(grids), points), strict=True):
        for code_, at in sides:
            assert at is not None
            assert placement.place(at[0], at[1], grids).code == code_
            line = placement.WGS84_ELLIPSOID.inv(lon, lat, at[0], at[1])[2]
            assert line <= accuracy_m * 1.01
            if not shapely.intersects(shapes[code_], shapes["D1"]) and not shapely.contains(
                shapes[code_], shapely.Point(lon, lat)
            ):
                # nothing nearer: half a metre beyond its border
                border = shapely.shortest_line(shapely.Point(lon, lat), shapes[code_]).coords[1]
                assert line <= placement.WGS84_ELLIPSOID.inv(lon, lat, *border)[2] + 1.0
                n_nearest += 1
            n += 1
    assert n > 40
    assert n_nearest > 20


def test_datums_are_those_of_the_service(page: Page) -> None:
    rng = np.random.default_rng(5)
    lons, lats = rng.uniform(73.5, 135.0, 300), rng.uniform(18.0, 53.5, 300)
    lons, lats = np.append(lons, [8.54, 139.7]), np.append(lats, [47.37, 35.7])
    points = [[float(x), float(y)] for x, y in zip(lons, lats, strict=True)]
    for name in get_args(datum.Datum):
        found = np.array(run(page, "shift.js", "(m, p, d) => p.map(([x, y]) => m.toWgs84(x, y, d))", points, name))
        wanted = np.column_stack(datum.to_wgs84(lons, lats, name))
        assert np.abs(found - wanted).max() < 1e-10  # a hundredth of a millimetre
        if name in ("gcj02", "bd09"):
            shift = datum.wgs84_to_gcj02 if name == "gcj02" else datum.wgs84_to_bd09
            there = np.array(
                run(page, "shift.js", "(m, p, d) => p.map(([x, y]) => m.fromWgs84(x, y, d))", points, name)
            )
            assert np.abs(there - np.column_stack(shift(lons, lats))).max() < 1e-12


def _decide(page: Page, fix: tuple[float, float], accuracy_m: float, at: tuple[float, float]) -> Any:
    given = {"lon": fix[0], "lat": fix[1], "accuracy_m": accuracy_m}
    return run(page, "datum.js", "(m, fix, at) => m.decide(fix, at)", given, {"lon": at[0], "lat": at[1]})


def test_a_known_place_tells_which_system_a_phone_reports(page: Page) -> None:
    gate = (116.40, 39.91)
    shifted = {"wgs84": gate, "gcj02": datum.wgs84_to_gcj02(*gate), "bd09": datum.wgs84_to_bd09(*gate)}
    for crs, (lon, lat) in shifted.items():
        told = _decide(page, (lon + 0.0002, lat - 0.0001), 15, gate)
        assert (told["code"], told["crs"]) == (None, crs)
        assert told["off_m"] < 25 < told["next_m"]
    assert _decide(page, gate, 80, gate)["code"] == "inaccurate"
    assert _decide(page, (116.43, 39.93), 15, gate)["code"] == "far"
    assert _decide(page, (8.54, 47.37), 10, (8.54, 47.37))["code"] == "same"


def test_where_the_shift_is_small_nothing_is_decided(page: Page) -> None:
    # somewhere the shift to GCJ-02 is less than a phone can tell apart
    lons, lats = (grid.ravel() for grid in np.meshgrid(np.arange(75, 133, 0.25), np.arange(20, 52, 0.25)))
    x, y = datum.wgs84_to_gcj02(lons, lats)
    least = int(np.argmin(np.hypot((x - lons) * np.cos(np.radians(lats)), y - lats)))
    at = (float(lons[least]), float(lats[least]))
    assert np.hypot(x[least] - at[0], y[least] - at[1]) * 111_000 < 80
    assert _decide(page, at, 20, at)["code"] == "unclear"


@pytest.mark.parametrize("n", [0, 1, 55, 56, 63, 64, 65, 119, 1000, 100_003])
def test_the_digest_without_https_is_the_same(page: Page, n: int) -> None:
    content = Random(n).randbytes(n)  # noqa: S311  # a test's choices, the same each time
    code = "(m, text) => Array.from(m.digest(Uint8Array.from(atob(text), (c) => c.charCodeAt(0))))"
    found = run(page, "hash.js", code, base64.b64encode(content).decode())
    assert bytes(found) == hashlib.sha256(content).digest()


SHRINK = """async (m, text, type) => {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  try {
    const made = await m.shrink(new File([bytes], "p", { type }));
    const held = new Uint8Array(await made.blob.arrayBuffer());
    let out = "";
    for (let i = 0; i < held.length; i += 8192) out += String.fromCharCode(...held.subarray(i, i + 8192));
    return { ...made, blob: btoa(out), type: made.blob.type };
  } catch (error) {
    return { code: error.code || String(error) };
  }
}"""


def _shrunk(page: Page, content: bytes, kind: str = "image/jpeg") -> tuple[Any, bytes]:
    made = run(page, "photos.js", SHRINK, base64.b64encode(content).decode(), kind)
    assert "code" not in made or made["code"].startswith("photo_"), made
    return made, base64.b64decode(made.get("blob", ""))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photo_becomes_upright_and_forgets_where_it_was_taken(page: Page, orientation: int) -> None:
    turned = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    scene = photographs.scene(2000, 1500)
    stored = scene if turned[orientation] is None else scene.transpose(turned[orientation])
    original = photographs.jpeg(stored, exif=photographs.told(orientation=orientation))
    assert all(trace in original for trace in (b"Exif", b"secret"))
    made, content = _shrunk(page, original)
    # the browser writes its own profile of colours; the camera's is gone
    assert [trace for trace in photographs.TRACES if trace in content and trace != b"ICC_PROFILE"] == []
    assert made["sha256"] == hashlib.sha256(content).hexdigest()
    with Image.open(BytesIO(content)) as image:
        assert (image.format, image.size, (made["width"], made["height"])) == ("JPEG", (1600, 1200), (1600, 1200))
        assert image.getexif() == {}
        with Image.open(BytesIO(original)) as before:
            assert image.info.get("icc_profile") != before.info["icc_profile"]
        corners = [image.getpixel(at) for at in ((100, 100), (1500, 100), (100, 1100), (1500, 1100))]
    wanted = [(220, 0, 0), (0, 200, 0), (0, 0, 220), (255, 255, 255)]
    assert all(photographs.is_close(*pair) for pair in zip(corners, wanted, strict=True))


def test_the_noisiest_photo_fits_into_a_megabyte(page: Page) -> None:
    noise = Image.effect_noise((1600, 1200), 120).convert("RGB")
    original = photographs.jpeg(noise, quality=95)
    assert len(original) > 1_200_000
    made, content = _shrunk(page, original)
    assert 100_000 < len(content) <= 1_000_000
    assert made["type"] == "image/jpeg"


def test_what_is_no_picture_is_refused(page: Page) -> None:
    assert _shrunk(page, b"not a picture")[0] == {"code": "photo_unreadable"}


def test_what_is_transparent_becomes_white(page: Page) -> None:
    out = BytesIO()
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(out, "PNG")
    made, content = _shrunk(page, out.getvalue(), "image/png")
    with Image.open(BytesIO(content)) as image:
        assert image.getpixel((20, 15)) == (255, 255, 255)
    assert (made["width"], made["height"]) == (40, 30)


CATEGORIES = [
    {
        "code": "E0110",
        "zh": "暴露生活垃圾",
        "en": "Litter",
        "initials": "blshlj",
        "kind": "event",
        "class": {"code": "E01", "zh": "市容环境", "en": "Appearance"},
    },
    {"code": "E0506", "zh": "道路积水", "en": "Water on roads", "initials": "dljs", "kind": "event", "class": None},
    {"code": "P0106", "zh": "路灯井盖", "en": "", "initials": "ldjg", "kind": "part", "class": None},
    {"code": "x7", "zh": "别的", "en": "Else", "kind": None, "class": None},
]


@pytest.mark.parametrize(
    ("typed", "codes"),
    [("垃圾", ["E0110"]), ("LITT", ["E0110"]), ("dl", ["E0506"]), ("路", ["P0106", "E0506"]), ("e05", ["E0506"]),
     ("市容", ["E0110"]), ("ｄｌｊｓ", ["E0506"]), ("nothing", []), (" ", [])],
)  # fmt: skip
def test_categories_are_found_by_name_initials_and_code(page: Page, typed: str, codes: list[str]) -> None:
    found = run(
        page, "categories.js", "(m, all, words) => m.search(all, words).map((one) => one.code)", CATEGORIES, typed
    )
    assert found == codes


def test_categories_stand_below_their_classes(page: Page) -> None:
    code = "(m, all) => m.classesOf(all).map((one) => [one.code, one.items.map((i) => i.code)])"
    assert run(page, "categories.js", code, CATEGORIES) == [
        ["E01", ["E0110"]], ["E05", ["E0506"]], ["P01", ["P0106"]], ["other", ["x7"]],
    ]  # fmt: skip


# a conflict of which a newer service tells what this version does not know: its code, what was done, or both
UNKNOWN_CONFLICTS: list[tuple[dict[str, Any], str, str | None]] = [
    ({"code": "from_tomorrow"}, "something else was done, and a record was kept", "Code from_tomorrow"),
    ({"code": "from_tomorrow", "message": "It was split."}, "It was split.", None),
    ({"code": "c", "detail": {"changed": [{"action": "split", "at": "2026-11-01T01:00:00Z"}]}}, "changed it", None),
]


@pytest.mark.parametrize(("answer", "why", "code"), UNKNOWN_CONFLICTS)
def test_a_conflict_that_this_version_does_not_know_is_told_in_words(
    page: Page, answer: dict[str, Any], why: str, code: str | None
) -> None:
    told = """async (m, words, answer) => {
      const asked = window.fetch, { setLang } = await import("/static/app/field/words.js");
      const speak = async (lang, said) => { window.fetch = async () => new Response(said); await setLang(lang); };
      try {
        await speak("en", words);
        const row = { title: "Lamp", answer: { status: "conflict", ...answer } };
        const small = m.codeOf(row);
        return [m.meanwhile(row), small && small.textContent];
      } finally {  // no other test's words
        await speak("zh", "{}");
        localStorage.clear();
        window.fetch = asked;
      }
    }"""
    said, shown = run(page, "notices.js", told, field_files.words("en").decode(), answer)
    assert said.startswith("Not done: Lamp. Meanwhile: "), said
    assert (why in said, shown) == (True, code), said
    assert not re.search(r"task\.|\{\w+\}|undefined|null", said), "a key or a fact without words"


def test_what_no_draft_names_any_more_is_let_go(page: Page) -> None:
    code = """async (m) => {
      const [drafts, { open, uuid }] = [await import("/static/app/field/drafts.js"), await import("/static/app/field/store.js")];
      for (const name of ["a".repeat(64), "b".repeat(64)]) await m.keep({ sha256: name, blob: new Blob([name]) });
      await drafts.save(uuid(), "report", { photos: [{ sha256: "a".repeat(64) }] });
      const young = await m.sweep();
      const gone = await m.sweep(Date.now() + 2 * 3600 * 1000);
      return [young, gone, (await (await open()).getAllKeys("blobs")).map((one) => one[0])];
    }"""
    assert run(page, "blobs.js", code) == [0, 1, ["a"]]
