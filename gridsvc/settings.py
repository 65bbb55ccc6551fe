"""Settings: one frozen object from `GRIDSVC_…` environment variables."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

HERE = Path(__file__).resolve().parent.parent


def _spans(text: str) -> tuple[tuple[time, time], ...]:
    """The spans of "HH:MM-HH:MM,HH:MM-HH:MM"; ValueError where it is not written so."""
    spans = []
    for part in text.split(","):
        begin, dash, end = part.strip().partition("-")
        if not dash:
            raise ValueError(f"not HH:MM-HH:MM: {part.strip()!r}")
        spans.append((time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())))
    return tuple(spans)


class Settings(BaseSettings):
    """Every setting with its default; the environment variable is the name in capitals after `GRIDSVC_`."""

    model_config = SettingsConfigDict(env_prefix="GRIDSVC_", frozen=True, extra="ignore", env_ignore_empty=True)

    data_dir: Path = Field(HERE / ".gridsvc", description="where the embedded cluster and its secrets live")
    database_url: str | None = Field(None, description="an existing PostGIS for role gridsvc_app; none: embedded")
    owner_url: str | None = Field(None, description="the same database for the role that migrates and imports")
    db_schema: str = Field("gridsvc", pattern=r"^[a-z][a-z0-9_]{0,62}$", alias="GRIDSVC_SCHEMA", description="schema")
    mode: Literal["demo", "production"] = Field("production", description="production refuses demo accounts")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    trust_port: int = Field(8080, ge=1, le=65535, description="port of plain http that tells phones how to trust")
    tls_cert: Path | None = Field(None, description="certificate file for serving https directly")
    tls_key: Path | None = Field(None, description="key file for serving https directly")
    trusted_proxy: str | None = Field(None, description="address of the TLS proxy whose forwarded headers count")
    lang: Literal["zh", "en"] = Field("zh", description="language where the reader states none")
    timezone: str = Field("Asia/Shanghai", description="zone of days and of times without zone")
    nearest_max_m: float = Field(50.0, ge=0, le=10_000, description="how far outside every grid a point still counts")
    far_m: float = Field(100_000.0, gt=0, description="farther from the grids than this, a position is refused")
    session_hours: float = Field(12.0, gt=0, le=24 * 30, description="how long a login lasts")
    device_days: float = Field(30.0, gt=0, le=366, description="how long a login of the app on a phone lasts")
    anonymous_per_minute: int = Field(10, ge=1, description="reports a minute from one address without an account")
    anonymous_per_place: int = Field(60, ge=1, description="such reports an hour about one square of a hundred metres")
    links_per_minute: int = Field(60, ge=1, description="looks a minute at an own report or what is near, per address")
    captcha_command: Path | None = Field(None, description="a captcha's command (see docs); none: nothing is asked")
    public_except: str = Field("", description="categories or classes that are not public, with commas between")
    photo_dir: Path | None = Field(None, description="where photos lie, by schema; none: photos in the data folder")
    photo_max_mb: int = Field(15, ge=1, le=200, description="largest photo that is taken, in MB")
    photo_max_mp: int = Field(50, ge=1, le=200, description="most pixels a photo may have, in millions")
    anonymous_photos_per_minute: int = Field(30, ge=1, description="photos a minute from one such address")
    photo_unredacted_days: int = Field(30, ge=0, description="how long the picture before a redaction is kept")
    photo_retention_days: int | None = Field(None, ge=1, description="photos of reports ended so long ago are removed")
    login_attempts: int = Field(5, ge=1, description="wrong passwords before an account waits")
    login_wait_s: int = Field(300, ge=1, description="how long it waits")
    statement_timeout_s: float = Field(20.0, gt=0, description="longest database statement of a page or API call")
    pool_size: int = Field(10, ge=1, le=200, description="database connections of one server process")
    working_hours: str = Field(
        "08:00-12:00,14:00-18:00", description="working hours of a day, in order, as HH:MM-HH:MM with commas between"
    )
    working_days: Literal["rolling", "next_day"] = Field(
        "rolling", description="a limit's day is eight working hours, or counts from the next day to its close"
    )
    due_from: Literal["received", "filed", "dispatched"] = Field("received", description="what a limit runs from")
    spot_check_share: float = Field(
        0.1, ge=0, le=1, description="share of what was solved on the spot that another person checks"
    )
    territorial_fallback: bool = Field(
        False, description="whether the territory's own department gets what no responsibility list names"
    )
    escalate_every_s: int = Field(
        300, ge=0, description="seconds between two looks at what is overdue while serving; 0: never, only tidying"
    )
    tile_provider: Literal["none", "tianditu", "xyz"] = Field("none", description="raster base map beside our own")
    tile_url: str | None = Field(None, description="template of an xyz provider, https, with {z} {x} {y}")
    tile_key: str | None = Field(None, description="key of the provider; stays on the server")
    tile_datum: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = Field("wgs84", description="datum of the tiles")
    tile_attribution: str = Field("", description="attribution the provider asks for")
    map_review_number: str = Field("", description="审图号 shown on every map")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise PydanticCustomError("zone_unknown", "is no time zone")
        return value

    @property
    def hidden_categories(self) -> tuple[str, ...]:
        """Codes of categories, or of classes of them, that the public does not see."""
        return tuple(code for part in self.public_except.split(",") if (code := part.strip()))

    @property
    def photo_folder(self) -> Path:
        """Where the photos of this schema lie; each schema has its own, for cleaning removes strange files."""
        return (self.photo_dir or self.data_dir / "photos") / self.db_schema

    @property
    def voice_folder(self) -> Path:
        """Where its voice notes lie: beside the photos, by a name that no schema can have."""
        return self.photo_folder.with_name(f"{self.db_schema}.voices")

    @property
    def upload_folder(self) -> Path:
        """Where files of doors wait that somebody has sent and not yet confirmed; every server process finds them."""
        return self.data_dir / "uploads" / self.db_schema

    @field_validator("working_hours")
    @classmethod
    def _readable_hours(cls, value: str) -> str:
        try:
            spans = _spans(value)
        except ValueError as error:
            raise PydanticCustomError("hours_unreadable", "is not written as HH:MM-HH:MM") from error
        ends = [end for _, end in spans]
        if any(begin >= end for begin, end in spans) or any(
            begin < end for (begin, _), end in zip(spans[1:], ends, strict=False)
        ):
            raise PydanticCustomError("hours_disordered", "are not in order")
        return value

    @property
    def agreed(self) -> dict[str, Any]:
        """What `terms.load` takes beside a connection."""
        return {
            "zone": self.timezone,
            "convention": self.working_days,
            "due_from": self.due_from,
            "sample_share": self.spot_check_share,
            "fallback": self.territorial_fallback,
            "parts": _spans(self.working_hours),
        }

    @property
    def zone(self) -> ZoneInfo:
        """The zone of days and of times that carry none."""
        return ZoneInfo(self.timezone)
