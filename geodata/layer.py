"""What a file that was read comes back as: rows in EPSG:4326, what was wrong with them, which column means what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    # The child that reads hostile files shares these types and starts in a third of the time without pandas.
    import numpy as np
    from numpy.typing import NDArray

Kind = Literal["grids", "areas", "compounds", "workers", "reports", "basemap", "households", "any"]
KINDS: tuple[Kind, ...] = ("grids", "areas", "compounds", "workers", "reports", "basemap", "households", "any")

MIB = 1024 * 1024

# What a table of doors or of reports tells beside the place: the names of its columns' roles.
DOOR_ROLES = (
    *("code", "community", "compound", "building", "entrance", "room", "words", "target", "name", "category"),
    *("contact", "phone", "people", "elsewhere"),
)
REPORT_ROLES = ("number", "time", "category", "state", "closed", "words", "text", "accuracy", "compound")


@dataclass(frozen=True)
class Fields:
    """Which column of the sender holds which fact; None means: look for a usual name in Chinese or English; "": none.

    A name that is given and not there refuses the file. `lon`/`lat` hold degrees, `x`/`y` easting and northing (always
    in this order) of a projected CRS; `wkt` a shape as text. `words` is a place in words, `closed` the closing time.
    """

    code: str | None = None
    name: str | None = None
    layer: str | None = None
    parent: str | None = None
    level: str | None = None
    lon: str | None = None
    lat: str | None = None
    x: str | None = None
    y: str | None = None
    wkt: str | None = None
    number: str | None = None
    time: str | None = None
    category: str | None = None
    state: str | None = None
    closed: str | None = None
    words: str | None = None
    text: str | None = None
    accuracy: str | None = None
    compound: str | None = None
    households: str | None = None
    buildings: str | None = None
    aliases: str | None = None
    managed: str | None = None
    grid: str | None = None
    duty: str | None = None
    hours: str | None = None
    phone: str | None = None
    feature: str | None = None
    community: str | None = None
    building: str | None = None
    entrance: str | None = None
    room: str | None = None
    target: str | None = None
    contact: str | None = None
    people: str | None = None
    elsewhere: str | None = None

    def given(self) -> dict[str, str]:
        """The roles that are set, with their columns.

        >>> Fields(code="网格编码").given()
        {'code': '网格编码'}
        """
        return {role.name: column for role in fields(self) if (column := getattr(self, role.name)) is not None}


ROLES: frozenset[str] = frozenset(role.name for role in fields(Fields))


@dataclass(frozen=True)
class Limits:
    """What one file may cost. Memory and CPU bind the process that reads it, `wall_s` is the patience of its caller."""

    file_bytes: int = 512 * MIB
    unpacked_bytes: int = 1024 * MIB
    memory_bytes: int = 2048 * MIB
    wall_s: float = 300.0
    cpu_s: int = 300
    n_rows: int = 2_000_000
    n_vertices: int = 20_000_000
    n_columns: int = 16_384


@dataclass(frozen=True)
class Problem:
    """Something to tell about one row (`row` counts data rows from 1) or, with row None, about the whole file.

    "refused": the row is not in the frame. "repaired": it is, and was changed. "note": nothing was changed.
    """

    row: int | None
    code: str
    facts: dict[str, object]
    kind: Literal["refused", "repaired", "note"] = "refused"


@dataclass(frozen=True)
class Layer:
    """A file that was read; its rows are those that are taken, in EPSG:4326.

    `numbers`: 1-based data rows. `columns`: the sender's own, as text (None where empty); one that is called like one
    that a frame of them needs ("row", "geometry") is renamed ("row (2)"). `shapes`: None for a report or door without
    any position; MultiPolygon for grids and areas. `raw`: for reports, shape (n, 2), the position as it came, in
    `crs_used` (NaN without one).
    `problems` are the refused and the repaired rows; `notes` speak about the file. `n_rows`: rows read, the refused
    ones included. `crs_used` is "" when no row needed one. `fields`: the columns found, by role. `encoding` is that of
    text files. `guards`: the measures that were in force while it was read. `samples`: of each column some different
    texts, of refused rows too, each cut short; of OpenStreetMap, whose columns are ours, nothing.
    """

    numbers: NDArray[np.int64]
    columns: Mapping[str, Sequence[str | None]]
    shapes: NDArray[np.object_]
    raw: NDArray[np.float64] | None
    problems: tuple[Problem, ...]
    format: str
    crs_used: str
    fields: Fields
    n_rows: int
    notes: tuple[Problem, ...] = ()
    encoding: str | None = None
    guards: tuple[str, ...] = ()
    samples: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def texts(self, role: str) -> list[str | None] | None:
        """The cells of the column that plays a role, trimmed; None where the file has no such column."""
        name = self.fields.given().get(role)
        return None if name is None else [cell and cell.strip() for cell in self.columns[name]]

    def refused(self) -> tuple[Problem, ...]:
        """The rows that are left out, each with its reason."""
        return tuple(problem for problem in self.problems if problem.kind == "refused")

    def repaired(self) -> tuple[Problem, ...]:
        """The rows whose shape was changed, each with what was changed."""
        return tuple(problem for problem in self.problems if problem.kind == "repaired")
