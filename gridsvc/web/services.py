"""What a running service holds: settings, engine, clock, limits; one object a process, made by `create_app`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import Engine
from starlette.requests import HTTPConnection

from geodata.pictures.shapes import Rules
from gridsvc.grids import Rule
from gridsvc.lan import Lan
from gridsvc.photo_files import Files
from gridsvc.public_problems import Picture
from gridsvc.settings import Settings
from gridsvc.uploads import Uploads
from gridsvc.web import tiles
from gridsvc.web.answers import Bodies
from gridsvc.web.intake import Intake
from gridsvc.web.limits import InHand, Limiter, Turns
from gridsvc.web.press import Press
from gridsvc.web.recognised import Recognised
from gridsvc.web.tiles import TileProxy
from gridsvc.web.wall_stream import Wall

LOGINS_PER_ACCOUNT_LIMIT = 4  # one address may fail this many times as often as one account before it waits
BODIES_BYTES = 64 * 1024 * 1024
TILES_BYTES = 16 * 1024 * 1024  # of reports: any write makes them anew
TILES_PER_MINUTE = 600  # of the provider's, from one address without an account
CROWD_TIMES = 20  # as many from one address at once, where each browser shows a proof of its own
CROWD_S = 600  # and so many again: proofs can be collected, so they are no limit by themselves
SENDER_REPORTS, SENDER_S = 6, 600  # of one such browser
SENDER_PHOTOS = 40  # in the same time
PROOFS, PROOFS_S = 4, 480  # new ones for browsers of one address: thirty an hour, and not all at once
PLACE_S = 3600
TAILS, TAILS_S = 5, 3600  # guesses of the phone behind one number: four digits are not many
BATCHES_EACH, BATCHES_BYTES = 3, 96 * 1024 * 1024  # bodies of many items: of one account, and of all
IMPORTS_WAITING, IMPORT_PATIENCE_S = 2, 60.0  # files of doors: one is read at a time
HASHES_AT_ONCE = 2  # a password check takes 32 MiB and a core


@dataclass
class Services:
    """Everything a request may need besides itself."""

    settings: Settings
    engine: Engine
    clock: Callable[[], datetime]
    rule: Rule
    slots: asyncio.Semaphore  # as many requests work at once as there are database connections; the rest wait here
    anonymous: Limiter
    logins: Limiter
    tile_readers: Limiter
    actors: Recognised
    intake: Intake
    uploads: Uploads
    anonymous_photos: Limiter
    links: Limiter
    tiles: TileProxy | None
    live: Wall
    crowds: Limiter
    crowd_photos: Limiter
    places: Limiter
    crowd_links: Limiter
    bodies: Bodies = field(default_factory=lambda: Bodies(BODIES_BYTES))
    press: Press = field(default_factory=Press)
    report_tiles: Bodies = field(default_factory=lambda: Bodies(TILES_BYTES))
    senders: Limiter = field(default_factory=lambda: Limiter(SENDER_REPORTS, SENDER_S))
    sender_photos: Limiter = field(default_factory=lambda: Limiter(SENDER_PHOTOS, SENDER_S))
    tails: Limiter = field(default_factory=lambda: Limiter(TAILS, TAILS_S))
    proofs: Limiter = field(default_factory=lambda: Limiter(PROOFS, PROOFS_S))
    public: Picture | None = None  # what everybody sees, as it was counted last
    public_lock: threading.Lock = field(default_factory=threading.Lock)
    resident_key: bytes | None = None  # what signs residents' proofs, once it was asked for
    lan: Lan | None = None  # how phones reach it, where it was started for its network
    batches: InHand = field(default_factory=lambda: InHand(BATCHES_EACH, BATCHES_BYTES))
    imports: Turns = field(
        default_factory=lambda: Turns("door_import_busy", waiting=IMPORTS_WAITING, patience_s=IMPORT_PATIENCE_S)
    )
    lacks: str | None = None  # the code of what /readyz missed when it was last asked
    hashing: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(HASHES_AT_ONCE))


def make(settings: Settings, engine: Engine, clock: Callable[[], datetime]) -> Services:
    """The services of one process.

    Raises:
        Refused: the tile provider of the settings cannot be used.
    """
    source = tiles.provider(settings)
    slots = asyncio.Semaphore(settings.pool_size)
    return Services(
        settings=settings,
        engine=engine,
        clock=clock,
        rule=Rule(settings.nearest_max_m, settings.timezone),
        slots=slots,
        live=Wall(engine, settings.db_schema, settings.zone, clock, slots),
        anonymous=Limiter(settings.anonymous_per_minute, 60),
        crowds=Limiter(settings.anonymous_per_minute * CROWD_TIMES, CROWD_S),
        crowd_photos=Limiter(settings.anonymous_photos_per_minute * CROWD_TIMES, CROWD_S),
        places=Limiter(settings.anonymous_per_place, PLACE_S),
        actors=Recognised(),
        intake=_intake(settings),
        uploads=Uploads(settings.upload_folder),
        anonymous_photos=Limiter(settings.anonymous_photos_per_minute, 60),
        links=Limiter(settings.links_per_minute, 60),
        crowd_links=Limiter(settings.links_per_minute * CROWD_TIMES, 60),
        tile_readers=Limiter(TILES_PER_MINUTE, 60),
        tiles=None if source is None else TileProxy(source, settings.data_dir),
        logins=Limiter(settings.login_attempts * LOGINS_PER_ACCOUNT_LIMIT, settings.login_wait_s),
    )


def _intake(settings: Settings) -> Intake:
    rules = Rules(max_pixels=settings.photo_max_mp * 1_000_000)
    return Intake(Files(settings.photo_folder), rules, settings.photo_max_mb * 1024 * 1024)


def of(request: HTTPConnection) -> Services:
    """The services of the app that got this request."""
    return cast(Services, request.app.state.services)
