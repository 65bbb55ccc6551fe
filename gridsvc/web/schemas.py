"""What comes in and goes out of our own API. Unknown fields are refused; text is text, numbers are finite."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    model_validator,
)
from pydantic_core import PydanticCustomError

from geodata.crs import parse_crs
from gridsvc import reports
from gridsvc.photos import MOST_PHOTOS
from gridsvc.reporters import Reporter
from gridsvc.web.api import period

MAX_ACCURACY_M = 20_000  # an address of an internet provider, not a position; beyond, it says nothing
MAX_NUMBER = 1e9  # no CRS counts farther


def _visible(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("text_nul", "NUL")
    if any("\ud800" <= letter <= "\udfff" for letter in text):  # half a character: JSON can say it, no file can hold it
        raise PydanticCustomError("string_unicode", "surrogate")
    return text


def _filled(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("text_blank", "blank")
    return text


def _key(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("uuid_text", "not a text")
    return value


def _finite(value: object) -> object:
    # a whole number too large for a float is refused here: turning it into one raises
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_NUMBER:
        raise PydanticCustomError("number_range", "too large")
    return value


def moment(value: object) -> datetime:
    """A time in ISO 8601, with zone or without; nothing else, numbers least of all.

    >>> moment("2026-11-01T10:00:00+08:00").hour
    10
    """
    if isinstance(value, str) and len(value) <= 40 and "T" in value.upper().replace(" ", "T"):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            at = None
        if at is not None and 1900 <= at.year <= 2200:
            return at
    raise PydanticCustomError("time_iso", "not a time")


def day(value: object) -> date:
    """A day as 2026-11-01; nothing else.

    >>> day("2026-11-01")
    datetime.date(2026, 11, 1)
    """
    if isinstance(value, str) and len(value) == 10:
        try:
            found = date.fromisoformat(value)
        except ValueError:
            found = None
        if found is not None and 1900 <= found.year <= 2200:
            return found
    raise PydanticCustomError("day_iso", "not a day")


def when(value: object) -> date:
    """A day, or a time.

    >>> when("2026-11-01"), when("2026-11-01T10:00:00Z").hour
    (datetime.date(2026, 11, 1), 10)
    """
    return day(value) if isinstance(value, str) and len(value) == 10 else moment(value)


Words = Annotated[str, Strict(), AfterValidator(_visible)]
Whole = Annotated[int, Strict()]  # in a body: neither `true` nor "1" nor 1.0 is a whole number
Key = Annotated[UUID, BeforeValidator(_key, json_schema_input_type=str)]
Number = Annotated[float, BeforeValidator(_finite), Strict(), Field(allow_inf_nan=False, ge=-MAX_NUMBER, le=MAX_NUMBER)]
Moment = Annotated[datetime, BeforeValidator(moment, json_schema_input_type=str)]
Day = Annotated[date, BeforeValidator(day, json_schema_input_type=str)]
When = Annotated[date, PlainValidator(when, json_schema_input_type=str)]
Sha256 = Annotated[str, Strict(), Field(pattern="^[0-9a-fA-F]{64}$"), AfterValidator(str.lower)]
Crs = Annotated[Words, Field(min_length=1, max_length=32, examples=["wgs84", "gcj02", "bd09", "cgcs2000", "EPSG:2056"])]


class In(BaseModel):
    """What a client sends: nothing but what is named here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


CompoundRef = (
    Annotated[Whole, Field(ge=1, le=2**63 - 1)]
    | Annotated[Words, Field(min_length=1, max_length=200), AfterValidator(_filled)]
)


class LocationIn(In):
    """Where: a position with its coordinate system, a compound (id or name), or words; several together are welcome."""

    lon: Number | None = Field(None, description="longitude, or easting in metres where crs is projected")
    lat: Number | None = Field(None, description="latitude, or northing in metres")
    crs: Crs | None = None
    accuracy_m: Annotated[Number, Field(ge=0, le=MAX_ACCURACY_M)] | None = None
    compound: CompoundRef | None = None
    words: Annotated[Words, Field(min_length=1, max_length=500), AfterValidator(_filled)] | None = None

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        parts = (self.lon, self.lat, self.crs)
        if any(part is None for part in parts) and any(part is not None for part in (*parts, self.accuracy_m)):
            raise PydanticCustomError("position_parts", "lon, lat and crs belong together")
        if self.lon is None and self.compound is None and self.words is None:
            raise PydanticCustomError("location_empty", "says nowhere")
        return self

    def position(self) -> reports.Position | None:
        """The position as sent, its system by the name that is stored."""
        if self.lon is None or self.lat is None or self.crs is None:
            return None
        return reports.Position(self.lon, self.lat, parse_crs(self.crs).name, self.accuracy_m)


Phone = Annotated[Words, Field(min_length=5, max_length=40, pattern=r"^[0-9+][0-9 ()+/-]*$")]


class ContactIn(In):
    """How the sender can be reached: only for those who work on the report, masked even for them."""

    name: Annotated[Words, Field(min_length=1, max_length=100), AfterValidator(_filled)] | None = None
    phone: Phone | None = None
    address: Annotated[Words, Field(min_length=1, max_length=300), AfterValidator(_filled)] | None = None
    for_name: Annotated[Words, Field(min_length=1, max_length=100), AfterValidator(_filled)] | None = Field(
        None, description="of somebody else for whom it is reported"
    )
    for_phone: Phone | None = None
    tell: Annotated[Words, Field(pattern="^(reporter|concerned|both)$")] | None = Field(
        None, description="who of the two is told how it goes"
    )


class MeasuredIn(In):
    """Where the device itself says it is, in the system that `crs` names."""

    lon: Number
    lat: Number
    crs: Crs
    accuracy_m: Annotated[Number, Field(ge=0, le=MAX_ACCURACY_M)] | None = None

    def position(self) -> reports.Position:
        """The fix as sent, its system by the name that is stored."""
        return reports.Position(self.lon, self.lat, parse_crs(self.crs).name, self.accuracy_m)


class ReportSaid(In):
    """What is said of a report. `measured` is the device's own fix where a person moved the pin: both are kept.

    `secret_sha256` is the SHA-256 of a secret of 22 to 64 letters, digits, - and _ that the client made: who has the
    number and the secret can read how it goes and rate it once. `photos` were stored by `send_photo` before.
    """

    category: Annotated[Words, Field(min_length=1, max_length=100), AfterValidator(_filled)]
    description: Annotated[Words, Field(max_length=4000)]
    location: LocationIn
    observed_at: Moment | None = None
    channel: Annotated[Words, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = "api"
    photos: Annotated[list[Sha256], Field(max_length=MOST_PHOTOS)] = []
    secret_sha256: Sha256 | None = None
    contact: ContactIn | None = None
    measured: MeasuredIn | None = None

    def reporter(self) -> Reporter | None:
        """Who sent it, where anything was left."""
        left = Reporter(self.secret_sha256, **(self.contact.model_dump() if self.contact else {}))
        return None if left == Reporter() else left

    def draft(self, client_key: UUID, zone: ZoneInfo, sent_at: datetime | None = None) -> reports.Draft:
        """The report as the verbs take it; a time without a zone is in this one."""
        return reports.Draft(
            client_key=client_key,
            category=self.category,
            description=self.description,
            channel=self.channel,
            position=self.location.position(),
            compound=self.location.compound,
            words=self.location.words,
            observed_at=period.bound(self.observed_at, zone),
            photos=tuple(self.photos),
            reporter=self.reporter(),
            measured=self.measured.position() if self.measured else None,
            sent_at=sent_at,
        )


class ReportIn(ReportSaid):
    """A report. `client_key` makes a repeat harmless: the same key with the same body is the same report."""

    client_key: Key


class PlacementIn(In):
    """A placement by hand: the code of a grid, or a pin; `version` is the last log row its sender saw."""

    grid: Annotated[Words, Field(min_length=1, max_length=100)] | None = None
    lon: Number | None = None
    lat: Number | None = None
    crs: Crs | None = None
    version: Annotated[Whole, Field(ge=1, le=2**31 - 1)]

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        pin = (self.lon, self.lat, self.crs)
        n_given = sum(part is not None for part in pin)
        if n_given != (3 if self.grid is None else 0):
            raise PydanticCustomError("grid_or_pin", "a grid or a pin")
        return self

    def where(self) -> str | reports.Position:
        """What `reports.place_by_hand` takes."""
        if self.lon is None or self.lat is None or self.crs is None:
            return self.grid or ""
        return reports.Position(self.lon, self.lat, parse_crs(self.crs).name)


class Out(BaseModel):
    """What a client gets; documents the answer, and the tests hold every answer against it."""

    model_config = ConfigDict(extra="forbid")


class ErrorOut(Out):
    """Every refusal: a stable code, a sentence in the asked language, and what it is about."""

    code: str
    message: str
    detail: Any = None


class GridOut(Out):
    """A grid."""

    code: str
    name: str
    layer: str | None = None


class ShareOut(Out):
    """Another grid inside the accuracy disc, and how much of the disc it has (0-1)."""

    grid: str
    share: float


class PlacementOut(Out):
    """How a grid was found. `confidence` is the share of the accuracy disc inside it; under 0.8 it is doubtful."""

    method: str
    distance_m: float | None
    confidence: float | None
    doubtful: bool
    runners_up: list[ShareOut]
    reason: str | None


class WorkerOut(Out):
    """Who is on duty: the person for those who log in, for others the post alone."""

    name: str | None = None
    post: str


class SimilarOut(Out):
    """An open report of the same category near the one that came."""

    number: str
    distance_m: float
    received_at: Moment
    description: str


class SubmittedOut(Out):
    """A stored report. `n_similar` counts open ones of its category near it; those who log in get the nearest of them
    that they may see as `similar`. `due_at` is null until it is filed."""

    number: str
    state: str
    grid: GridOut | None
    placement: PlacementOut
    worker: WorkerOut | None
    due_at: Moment | None
    n_similar: int
    similar: list[SimilarOut] | None = None


class LocatedOut(Out):
    """Where a position belongs; nothing is stored, and the position is not given back."""

    grid: GridOut | None
    placement: PlacementOut
    worker: WorkerOut | None


class PositionOut(Out):
    """A position in EPSG:4326, with what its sender gave: `raw` in `crs`."""

    lon: float
    lat: float
    accuracy_m: float | None
    crs: str
    raw: tuple[float, float]


class CategoryOut(Out):
    """A category; `raw` is what the sender wrote where it is unclassified."""

    code: str
    name: str
    raw: str | None = None


class NamedOut(Out):
    """A code and its name."""

    code: str
    name: str


class NamedManyOut(Out):
    """What one chooses from."""

    items: list[NamedOut]


class CategoriesOut(Out):
    """All categories, by code."""

    items: list[NamedOut]


class ConditionOut(Out):
    """A filing condition of the version of the sheet that holds. `limit` is as the sheet has it, `milestones` what was
    read from it (name, amount, unit; the last is the deadline), none where `limit_problem` says why."""

    id: int
    version: int
    name: str
    text: str
    limit: str | None
    limit_problem: str | None
    milestones: list[dict[str, Any]]
    closing: str | None
    supervisors: list[str]
    responsibles: list[str]


class CategoryFullOut(NamedOut):
    """A category of a `kind` (part, event) in a class, and its filing conditions in the order of the sheet."""

    kind: str | None
    class_: Annotated[str | None, Field(alias="class")]
    active: bool
    conditions: list[ConditionOut]


class HealthOut(Out):
    """`ok` or `ready`."""

    status: str


class ReportOut(Out):
    """A report as those who work on it read it. Times in the zone of the settings; `day_only`: the time is unknown."""

    source: str
    number: str
    repeat: int
    state: str
    category: CategoryOut
    description: str
    channel: str
    words: str | None
    compound: str | None
    location: PositionOut | None
    observed_at: datetime | None
    received_at: datetime
    day_only: bool
    closed_at: datetime | None
    due_at: datetime | None
    grid: GridOut | None
    placement: PlacementOut
    worker: WorkerOut | None


class ReportsOut(Out):
    """One page; `next` goes into `cursor` for the next one, null at the end."""

    items: list[ReportOut]
    next: str | None


class EntryOut(Out):
    """One row of a report's log."""

    seq: int
    action: str
    from_state: str | None
    to_state: str
    at: datetime
    actor: str | None
    note: str | None
    facts: dict[str, Any] | None


class ReportFullOut(ReportOut):
    """A report with its log; `version` is the log's last seq. `measured`: the device's own fix where the pin was moved;
    `phone_at`: when it was seen by the phone's clock, where that was wrong."""

    measured: PositionOut | None
    phone_at: datetime | None
    version: int
    log: list[EntryOut]


class DenominatorOut(Out):
    """What the rows are divided by."""

    source: str
    label: str


class StatsOut(Out):
    """Figures of a period, both days included; `rows` are grids, communities or cells, `legends` the classes the map
    draws; `legends_fixed` has round limits, to be kept for the other periods of a comparison."""

    as_of: datetime
    from_: Annotated[date, Field(alias="from")]
    to: date
    by: str
    denominator: DenominatorOut
    unlocated: int
    rows: list[dict[str, Any]]
    legends: dict[str, Any]
    legends_fixed: dict[str, Any] | None = None
    significance: dict[str, Any] | None = None  # of hotspots: how they were tested


class CoverageOut(StatsOut):
    """Coverage of visits. Each row's `counts` are in the order of the names in `counts`; `n`, `denom` and `share` are
    its first rate. All three are null where the figures are hidden (fewer than `hidden_below` persons of a class)."""

    past: bool
    unknown_before: datetime | None
    campaign: NamedOut | None
    edition: int | None
    nowhere: dict[str, Any] | None
    added: int | None
    outside: int | None
    counts: dict[str, str]
    rates: list[dict[str, str]]
    total: dict[str, Any] | None
    four: dict[str, dict[str, Any]]
    hidden_below: int
    target: float | None
    notes: list[str]
