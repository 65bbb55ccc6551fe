"""Reports of a file: staged, checked, compared, placed in one set, written with their logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from geodata.crs import parse_crs
from geodata.layer import Fields, Layer, Problem
from gridsvc import categories, grids, placements
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Refused
from gridsvc.grids import Rule
from gridsvc.imports import asking, bulk, report_rows, staging
from gridsvc.imports.account import MOST_TOLD, Account, Refusals
from gridsvc.imports.report_child import REQUIRED as REQUIRED
from gridsvc.imports.report_rows import COLUMNS, Reading
from gridsvc.imports.rows import plain
from gridsvc.imports.source import Source, of_table
from gridsvc.imports.staging import Progress
from gridsvc.imports.times import DateOrder, Times
from gridsvc.reports import SOURCE as OWN_SOURCE

_CHILD = "gridsvc.imports.report_child"
_p = t.placement.c
_SET_CONFIDENCE = (
    t.placement.update()
    .where((_p.report_id == bindparam("id")) & _p.to_at.is_(None))
    .values(confidence=bindparam("share"), runners_up=bindparam("others", type_=JSONB))
)


@dataclass(frozen=True)
class Options:
    """How one file is taken.

    `source`: with the number the identity of a report. `zone`: of times that carry none. `write`: store it, unless rows
    are refused and `skip_refused` is not set; without it everything is worked out and nothing stored. `keep_refused`:
    the account lists all refused rows, not only the first ones.
    """

    file: str
    source: str
    zone: str
    far_m: float
    date_order: DateOrder = "ymd"
    allow_repeats: bool = False
    skip_refused: bool = False
    write: bool = False
    keep_refused: bool = False


def from_layer(layer: Layer) -> Source:
    """A file that `geodata.read` has read whole."""
    crs = parse_crs(layer.crs_used) if layer.crs_used else None
    one = report_rows.of_layer(layer)
    return Source(layer.format, layer.encoding, layer.fields, crs, [(one, 1.0)], layer.n_rows, layer.notes)


def from_csv(path: Path, fields: Fields, crs: str | None, header_row: int | None = None) -> Source:
    """A CSV file, gzipped or not, that is read while it is staged.

    Raises:
        GeodataError: as `source.of_table`.
    """
    return of_table(path, fields, crs, header_row)


def take(
    db: Connection, source: Source, how: Options, now: datetime, rule: Rule, progress: Progress
) -> tuple[Account, bool]:
    """The account of a file of reports, and whether they were stored (the caller commits).

    Raises:
        Refused: source_reserved.
        Unavailable: no_published_edition.
        Conflict: import_running.
        GeodataError: the file as a whole cannot be read.
    """
    if how.source == OWN_SOURCE:
        raise Refused("source_reserved", source=how.source)
    grids.hold(db)
    shape = grids.published_shape(db)
    shared = bulk.prepare(db, source.n_bytes)
    staging.begin(db, how.zone, shared=shared)
    refusals = Refusals(None if how.keep_refused else MOST_TOLD)
    codes = _categories(db)
    _stage(db, source, how, codes, refusals, progress)
    progress("check", 0, None)
    may_repeat = staging.check(db, how.file, codes.values())
    crs = "" if source.crs is None else source.crs.name
    staging.compare(db, how.source, crs, now, may_repeat=may_repeat, allow_repeats=how.allow_repeats)
    progress("place", 0, None)
    staging.place(db, rule, how.file, now, shared=shared)
    staging.refuse_far(db, shape, source.crs, how.far_m)
    staging.refused(db, refusals)
    summary = staging.summary(db)
    account = Account(
        kind="reports",
        file=how.file,
        format=source.format,
        encoding=source.encoding,
        crs=crs,
        n_read=source.n_rows,
        tally=summary.tally,
        notes=(*source.notes, *_past(db, summary)),
        extent=summary.extent,
        extra=staging.placed(db),
        columns=source.fields.given(),
        **refusals.account(),  # type: ignore[arg-type]
    )
    written = how.write and (how.skip_refused or not account.n_refused)
    if written:
        _write(db, summary, how, crs, now, progress)
    if shared:
        staging.end(db)
    if written:
        # What was received under an older edition and is still open belongs to a grid that holds.
        placements.replace_retired(db, now, rule)
    return account, written


def _stage(
    db: Connection, source: Source, how: Options, codes: dict[str, str], refusals: Refusals, progress: Progress
) -> None:
    """Puts the rows into `import_row`, whoever reads them."""
    if source.table is None:
        reading = Reading(Times(how.date_order), codes, numbered=source.fields.number is not None)
        staging.fill(db, source.slices, reading, refusals, progress)
    else:
        words = {"date_order": how.date_order, "categories": codes}
        asking.fill(db, ("import_row", COLUMNS), source, _CHILD, words, refusals, progress)


def _past(db: Connection, summary: staging.Summary) -> Iterator[Problem]:
    """What the file changes of reports that figures of the past may count."""
    if summary.tally.changed:
        told = db.execute(load("import_past")).one()
        for code, n in (("past_category", told.n_category), ("past_received", told.n_received)):
            if n:
                yield Problem(None, code, {"n": n}, "note")


def _categories(db: Connection) -> dict[str, str]:
    """Code by everything that people call a category; a name that several bear names none of them."""
    every = categories.listed(db)
    bearers: dict[str, set[str]] = {}
    for one in every:
        for name in (one.name_zh, one.name_en):
            bearers.setdefault(plain(name), set()).add(one.code)
    names = {name: next(iter(codes)) for name, codes in bearers.items() if len(codes) == 1}
    return names | {plain(one.code): one.code for one in every}


def _write(db: Connection, summary: staging.Summary, how: Options, crs: str, now: datetime, progress: Progress) -> None:
    tally = summary.tally
    values = {"source": how.source, "crs": crs, "file": how.file, "now": now, "zone": how.zone}
    large = bool(tally.new) and bulk.worth_it(db, tally.new)
    if large:
        bulk.hold(db)
    if tally.changed:
        # Before the new ones: it needs the indexes.
        _change(db, values)
    if tally.new:
        with bulk.rebuilt(db, progress, all_open=summary.all_open) if large else nullcontext():
            _add(db, values, progress)
        if tally.new >= bulk.LEAST_ROWS:
            db.execute(text("ANALYZE report, placement, report_log"))
    if summary.accurate and (tally.new or tally.changed):
        _weigh(db)


def _add(db: Connection, values: dict[str, object], progress: Progress) -> None:
    """Writes the new reports, their logs and their placements."""
    progress("write", 0, None)
    db.execute(load("import_reports_add"), values)
    progress("log", 0, None)
    db.execute(load("import_log_add"), values)
    # Asking for each report who is on duty costs more than all the rest, and is in vain where nobody is.
    on_duty = db.scalar(text("SELECT EXISTS (SELECT FROM duty)"))
    db.execute(load("import_placements_duty_add" if on_duty else "import_placements_add"), values)


def _change(db: Connection, values: dict[str, object]) -> None:
    """Writes what the file says differently, each change with one row of the report's log.

    Who changes one of these reports at the same moment is waited for, and waits for us: nobody's change is lost.
    """
    db.execute(load("import_changed_lock"))
    db.execute(load("import_changed_make"))
    db.execute(load("import_changed_log"), values)
    db.execute(load("import_changed_end"), values)
    db.execute(load("import_changed_reports"), values)
    db.execute(load("import_changed_place"), values)


def _weigh(db: Connection) -> None:
    """Works out the confidence of the placements of rows that state an accuracy."""
    db.execute(text("CREATE INDEX ON import_row (id)"))
    for weighed in staging.weigh(db, "import_accurate"):
        values = [{"id": id_, "share": share, "others": [list(p) for p in others]} for id_, share, others in weighed]
        db.execute(_SET_CONFIDENCE, values)
