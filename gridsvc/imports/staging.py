"""The rows of a file of reports in a temporary table: filled by COPY, checked against one another and the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, radians

import numpy as np
import shapely
from sqlalchemy import Connection, text

from geodata import crs as systems
from geodata.crs import CrsRef
from geodata.errors import FileRefused
from geodata.geometry import Extent, extent
from geodata.layer import Problem
from gridsvc import grids
from gridsvc.db.queries import load
from gridsvc.db.tables.reports import REPORT_STATES
from gridsvc.errors import Conflict
from gridsvc.grids import Rule, Shape
from gridsvc.imports.account import Refusals, Tally
from gridsvc.imports.copying import copy_into
from gridsvc.imports.report_rows import MOST_ACCURACY_M, MOST_NUMBER_CHARS, Reading, Slice, staged
from gridsvc.names import name_key
from gridsvc.rules import masking

# What is being done, how much of it, of how much (None: nobody knows).
Progress = Callable[[str, int, int | None], None]
AHEAD = timedelta(minutes=10)
_METRES_PER_DEGREE = 110_574.0
_MOST_SWAPS_TRIED = 200_000
_WEIGHED_AT_ONCE = 5_000
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('gridsvc.import'), hashtext(current_schema()))")
_TABLES = text(
    "DROP TABLE IF EXISTS pg_temp.import_row, pg_temp.import_refused, pg_temp.import_found, pg_temp.import_changed,"
    " pg_temp.import_name, pg_temp.import_doubted CASCADE"
)
_SHARED = text("DROP TABLE IF EXISTS import_row, to_place, placed, import_cell, import_uncovered CASCADE")


def begin(db: Connection, zone: str, *, shared: bool = False) -> None:
    """Makes the temporary tables, empty, and lets this transaction read times without a zone as times of `zone`.

    Args:
        shared: the large ones are such that parallel workers can read them; `end` takes them away.

    Raises:
        Conflict: import_running; two imports of reports at once would not see each other's numbers.
    """
    if not db.scalar(_LOCK):
        raise Conflict("import_running")
    db.execute(text("SELECT set_config('timezone', :zone, true)"), {"zone": zone})
    db.execute(_TABLES)
    db.execute(load("import_row_make"))
    if shared:
        db.execute(load("import_row_share"))
        db.execute(text("DROP TABLE pg_temp.import_row"))
    for name in ("import_refused_make", "import_fingerprint_make"):
        db.execute(load(name))


def end(db: Connection) -> None:
    """Takes away the tables that parallel workers could read."""
    db.execute(_SHARED)


def fill(
    db: Connection, slices: Iterable[tuple[Slice, float]], how: Reading, refusals: Refusals, progress: Progress
) -> None:
    """Copies the good rows of all slices into `import_row`; the others go to `refusals`.

    Raises:
        FileRefused: as `copy_into`.
    """
    copy_into(db, "import_row", _blocks(slices, how, refusals, progress))


def _blocks(
    slices: Iterable[tuple[Slice, float]], how: Reading, refusals: Refusals, progress: Progress
) -> Iterator[tuple[Mapping[str, Sequence[str | None]], bool]]:
    for part, share in slices:
        columns = staged(part, how)
        refusals.add(part.problems)
        yield columns, part.plain
        progress("stage", round(share * 1000), 1000)


def check(db: Connection, file: str, codes: Iterable[str]) -> bool:
    """Whether two staged rows may have the same number: False is certain, and spares looking. `codes`: of categories.

    Raises:
        FileRefused: answer_wrong: rows are there that no reader makes of any file; it was taken over by what it read.
    """
    db.execute(text("ANALYZE import_row (row, number)"))
    limits = {"most_chars": MOST_NUMBER_CHARS, "most_accuracy_m": MOST_ACCURACY_M, "codes": sorted(set(codes))}
    found = db.execute(load("import_check"), limits).one()
    if found.is_wrong or found.n_rows != found.n:
        raise FileRefused("answer_wrong", file=file, cause="rows")
    return bool(found.n_numbers != found.n)


def compare(
    db: Connection, source: str, crs: str, now: datetime, *, may_repeat: bool = True, allow_repeats: bool = False
) -> None:
    """Takes out what only the other rows or the clock show to be wrong; finds the rows that are stored already."""
    if may_repeat:
        db.execute(load("import_repeats_count" if allow_repeats else "import_repeats_refuse"))
    db.execute(load("import_times_refuse"), {"latest": now + AHEAD})
    known = db.scalar(text("SELECT EXISTS (SELECT FROM report WHERE source = :source)"), {"source": source})
    if known:
        db.execute(load("import_known"), {"source": source, "crs": crs})
        if _keep_hidden(db):
            db.execute(load("import_known"), {"source": source, "crs": crs})


def _keep_hidden(db: Connection) -> bool:
    """Whether a cell was what an export shows of the stored text, its numbers hidden: it stands for that text."""
    rows: list[int] = []
    descriptions: list[str | None] = []
    words: list[str | None] = []
    for one in db.execute(load("import_hidden")):
        text_is_stored = one.description is not None and one.description == masking.numbers(one.said)
        place_is_stored = one.words is not None and one.words == masking.numbers(one.place)
        if text_is_stored or place_is_stored:
            rows.append(one.row)
            descriptions.append(one.said if text_is_stored else one.description)
            words.append(one.place if place_is_stored else one.words)
    if rows:
        db.execute(load("import_hidden_set"), {"rows": rows, "descriptions": descriptions, "words": words})
    return bool(rows)


def place(db: Connection, rule: Rule, file: str, now: datetime, *, shared: bool = False) -> None:
    """Places the new and changed rows; `import_found` tells where each belongs, and how its log begins at `now`."""
    named = _find_compounds(db)
    if shared:
        _place_shared(db, rule)
    else:
        grids.begin_placing(db)
        db.execute(load("import_to_place"))
        if named:
            db.execute(load("import_to_place_named"))
        grids.place_all(db, rule)
    if named:
        _prefer_compounds(db)
    facts = json.dumps({"file": file}, ensure_ascii=False)
    begun = {"now": now, "facts": facts}
    said = db.scalar(load("import_said"), begun | {"states": list(REPORT_STATES)})
    db.execute(load("import_found_make"), begun | {"said": json.dumps(said, ensure_ascii=False)})
    db.execute(text("ANALYZE import_found (id, grid_version_id)"))


def _find_compounds(db: Connection) -> bool:
    """Whether any row names a compound; those that do get its place, all names in one statement."""
    names = list(db.scalars(load("import_compounds")))
    if names:
        db.execute(load("import_name_make"))
        db.execute(load("import_names_add"), {"compounds": names, "keys": list(map(name_key, names))})
        db.execute(text("ANALYZE import_name"))
        db.execute(load("import_compounds_set"))
    return bool(names)


def _prefer_compounds(db: Connection) -> None:
    """Places the rows whose position is doubtful by the compound that they name, as `reports.submit` does."""
    db.execute(load("import_doubted_make"))
    db.execute(text("CREATE INDEX import_doubted_id_idx ON import_doubted (id) WHERE NOT doubtful"))
    db.execute(text("ANALYZE import_doubted"))
    for weighed in weigh(db, "import_doubted"):
        doubtful = [id_ for id_, share, _ in weighed if share < grids.DOUBTFUL_BELOW]
        db.execute(text("UPDATE import_doubted SET doubtful = true WHERE id = ANY (:ids)"), {"ids": doubtful})
    db.execute(load("import_doubted_place"))


def weigh(db: Connection, query: str) -> Iterator[list[tuple[int, float, tuple[tuple[str, float], ...]]]]:
    """The confidence and the runners-up of what a query gives in the order of its ids, by id, many at a time."""
    after = 0
    while rows := db.execute(load(query), {"after": after, "batch": _WEIGHED_AT_ONCE}).all():
        shares = grids.confidences(db, [(r.id, r.lon, r.lat, r.accuracy_m, r.at) for r in rows])
        yield [(r.id, *grids.pick_confidence(shares.get(r.id, []), r.grid_version_id)) for r in rows]
        after = rows[-1].id


def _place_shared(db: Connection, rule: Rule) -> None:
    """What `grids.place_all` does, in statements that parallel workers take part in."""
    db.execute(text("DROP TABLE IF EXISTS pg_temp.to_place, pg_temp.placed"))
    db.execute(load("import_to_place_make"))
    size = {"size_deg": db.scalar(load("import_cell_size"))}
    db.execute(load("import_cell_make"), size)
    db.execute(text("ANALYZE import_cell (cell)"))
    # The planner takes an expression for one of few values, and expects few to be left by the boxes: it would sort both
    # sides, or look up the grids of each point by an index, that of the shapes among them.
    for way in ("mergejoin", "nestloop"):
        db.execute(text(f"SET LOCAL enable_{way} = off"))
    db.execute(load("import_covered_make"), size)
    for way in ("mergejoin", "nestloop"):
        db.execute(text(f"SET LOCAL enable_{way} = on"))
    if rule.nearest_max_m > 0:
        db.execute(load("import_uncovered_make"))
        db.execute(text("DROP TABLE to_place"))
        db.execute(text("ALTER TABLE import_uncovered RENAME TO to_place"))
        db.execute(text("ANALYZE to_place"))
        db.execute(load("place_nearest"), {"nearest_max_m": rule.nearest_max_m})
    db.execute(text("ANALYZE placed (id)"))


def refuse_far(db: Connection, shape: Shape, crs: CrsRef | None, far_m: float) -> None:
    """Takes out positions farther than `far_m` from every published grid; says where swapping x and y would help."""
    reach_deg = 1.02 * far_m / _METRES_PER_DEGREE
    poleward = min(89.0, max(abs(shape.south), abs(shape.north)) + reach_deg)
    wide_deg = reach_deg / cos(radians(poleward))
    box = {"west": shape.west - wide_deg, "south": shape.south - reach_deg}
    box |= {"east": shape.east + wide_deg, "north": shape.north + reach_deg}
    if not db.execute(load("import_far_refuse"), box | {"far_m": far_m}).rowcount or crs is None:
        return
    rows = db.execute(load("import_far"), {"most": _MOST_SWAPS_TRIED}).all()
    x, y = (np.array([getattr(row, axis) for row in rows], dtype=np.float64) for axis in ("x", "y"))
    lon, lat = systems.to_lonlat(y, x, crs)
    near = (lon >= box["west"]) & (lon <= box["east"]) & (lat >= box["south"]) & (lat <= box["north"])
    swapped = [row.row for row, is_near in zip(rows, near, strict=True) if is_near]
    if swapped:
        db.execute(load("import_far_swapped"), {"rows": swapped})


def refused(db: Connection, refusals: Refusals) -> None:
    """Adds the rows that the checks in the database took out."""
    for row in db.execute(load("import_refused")):
        refusals.add([Problem(row.row, row.code, row.facts)])


@dataclass(frozen=True)
class Summary:
    """All staged rows as a whole; `accurate`: some state their accuracy; `all_open`: each new one is open."""

    tally: Tally
    extent: Extent | None
    accurate: bool
    all_open: bool


def summary(db: Connection) -> Summary:
    """How many rows are new, changed and the same, and the box around the positions of all."""
    row = db.execute(load("import_summary")).one()
    box = None if row.west is None else extent([shapely.box(row.west, row.south, row.east, row.north)])
    return Summary(Tally(row.n_new, row.n_changed, row.n_same), box, row.accurate, row.all_open)


def placed(db: Connection) -> dict[str, dict[str, int]]:
    """How many new and changed rows are placed by which method, and why the others are not."""
    methods: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for row in db.execute(load("import_placed")):
        if row.n:
            methods[row.method] = methods.get(row.method, 0) + row.n
        if row.reason is not None:
            reasons[row.reason] = row.n
    return {"placed": methods, "unplaced": reasons} if reasons else {"placed": methods}
