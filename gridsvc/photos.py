"""Photos: stored once by the hash of what was sent, shown by reports, blacked out where they show too much."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, exists, literal, select
from sqlalchemy.dialects.postgresql import insert

from geodata.pictures.shapes import Box, Rendered
from gridsvc.db import tables as t
from gridsvc.db.queries import ask, load
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.photo_files import Files
from gridsvc.rules import masking
from gridsvc.rules.roles import ANONYMOUS, Actor, may
from gridsvc.stats import scope

MOST_PHOTOS = 12  # of one report or action
MOST_BOXES = 50
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Photo:
    """A stored photo: hash of what was sent, hash that names its file, size in pixels, what the camera said.

    `lon`, `lat` are EPSG:4326 degrees; `used`: a report shows it.
    """

    sha256: bytes
    file_sha256: bytes
    version: int
    width: int
    height: int
    lon: float | None
    lat: float | None
    taken_at: datetime | None
    sender_id: int | None
    used: bool

    @property
    def state(self) -> str:
        """`stored`: nobody shows it, and it goes after two days; `used`: a report does."""
        return "used" if self.used else "stored"


@dataclass(frozen=True)
class Shown:
    """A photo of a report, in the order in which they came; `seq` is that of the log row that lists it."""

    seq: int
    kind: str
    sha256: str
    version: int
    width: int
    height: int
    lon: float | None
    lat: float | None
    taken_at: datetime | None

    @property
    def redacted(self) -> bool:
        """Whether something was blacked out."""
        return self.version > 1


@dataclass(frozen=True)
class Redaction:
    """One blacking out: `boxes` (x0, y0, x1, y1) in pixels; `removed_at` is when the file before it was deleted.

    `hides`: a number by which somebody could be found is left out of `reason`.
    """

    version: int
    at: datetime
    actor_name: str
    reason: str
    boxes: list[list[int]]
    before_sha256: bytes
    removed_at: datetime | None
    hides: bool


def digest(text: str, refused: str = "photo_digest") -> bytes:
    """The 32 bytes that 64 hexadecimal digits stand for.

    Raises:
        Refused: `refused`, a code: they are not.

    >>> digest("AB" * 32) == bytes([0xAB]) * 32
    True
    """
    lower = text.lower()
    if len(lower) != 64 or not set(lower) <= _DIGITS:
        raise Refused(refused, found=text[:80])
    return bytes.fromhex(lower)


def known(db: Connection, sha256: bytes) -> Photo | None:
    """The photo that was sent with this hash, None where none was. Not for readers: see `visible`."""
    return _one(ask(db, "photo_known", {"sha256": sha256}))


def _one(rows: list[Any]) -> Photo | None:
    return Photo(**rows[0]._asdict()) if rows else None


def save(
    db: Connection,
    files: Files,
    sha256: bytes,
    made: Rendered,
    sent_bytes: int,
    actor: Actor,
    now: datetime,
    zone: ZoneInfo,
) -> tuple[Photo, bool]:
    """The stored photo, and whether it is new; whoever sends the same bytes at the same time gets the same.

    The file is on the disk before the row can be seen, so a kill leaves at worst a file without a row, which `clean`
    finds. `zone` is where a camera's clock counts that tells no zone of its own.

    Raises:
        Conflict: the folder belongs to another database.
    """
    (folder,) = ask(db, "photo_lock", {"alone": False})
    files.claim(str(folder.token))
    at = made.shot.taken_at
    row = {
        "sha256": sha256,
        "file_sha256": files.keep(made.picture, made.thumb),
        "width": made.width,
        "height": made.height,
        "n_bytes": len(made.picture),
        "sent_format": made.sent_format,
        "sent_bytes": sent_bytes,
        "lon": made.shot.lon,
        "lat": made.shot.lat,
        "taken_at": at if at is None or at.tzinfo is not None else at.replace(tzinfo=zone),
        "received_at": now,
        "sender_id": actor.account_id,
    }
    created = _one(ask(db, "photo_store", row))
    if created is not None:
        return created, True
    photo = known(db, sha256)
    if photo is None:  # it was there while we stored it, and `clean` has taken it since
        raise Conflict("photo_busy")
    sent_again(db, photo, actor)
    return photo, False


def sent_again(db: Connection, photo: Photo, actor: Actor) -> None:
    """Nothing; afterwards this account too counts as a sender of the photo: its bytes came from there once more."""
    if actor.known and photo.sender_id != actor.account_id:
        p = t.photo.c
        held = select(p.sha256, literal(actor.account_id)).where(p.sha256 == photo.sha256)
        held = held.with_for_update(read=True, key_share=True)  # `clean` may be taking it
        names = ["sha256", "account_id"]
        db.execute(insert(t.photo_sender).from_select(names, held).on_conflict_do_nothing())


def folder_token(db: Connection) -> str:
    """What the folder of this schema's photos is marked with."""
    return str(db.scalar(select(t.photo_folder.c.token)))


def link(db: Connection, report_id: int, seq: int, shas: Sequence[str], kind: str, actor: Actor = ANONYMOUS) -> None:
    """Nothing; afterwards the log row `seq` of the report lists these photos, in this order.

    Who has an account lists what no report shows yet, what the own account sent, or what may be seen already: the hash
    of another area's photo, read in a log, opens nothing. Who has none can read no photo anyhow.

    Raises:
        Refused: `photo_digest`, `photo_twice`, `photo_unknown` (each names the photo), `photos_too_many`.
    """
    show(db, report_id, seq, listable(db, shas, actor), kind)


def listable(db: Connection, shas: Sequence[str], actor: Actor) -> list[bytes]:
    """The hashes of photos that this person may list, held against `clean` until the transaction ends.

    Raises:
        Refused: as `link`.
    """
    if not shas:
        return []
    wanted = check(shas)
    stored = {one.sha256: one for one in (Photo(*row) for row in ask(db, "photo_held", {"sha256s": wanted}))}
    for one in wanted:
        photo = stored.get(one)
        if photo is None or (actor.known and not _lists(db, actor, photo)):
            raise Refused("photo_unknown", sha256=one.hex())
    return wanted


def show(db: Connection, report_id: int, seq: int, wanted: Sequence[bytes], kind: str) -> None:
    """Nothing; afterwards the log row `seq` of the report lists these photos, which `listable` held, in this order."""
    if wanted:
        ask(db, "photo_show", {"report_id": report_id, "seq": seq, "sha256s": list(wanted), "kind": kind})


def _lists(db: Connection, actor: Actor, photo: Photo) -> bool:
    return not photo.used or _sent(db, actor, photo) or _sees(db, actor, photo)


def check(shas: Sequence[str]) -> list[bytes]:
    """The hashes of a draft's photos.

    Raises:
        Refused: as `link`, but for the unknown ones.
    """
    if len(shas) > MOST_PHOTOS:
        raise Refused("photos_too_many", n=len(shas), most=MOST_PHOTOS)
    wanted = [digest(one) for one in shas]
    for place, one in enumerate(wanted):
        if one in wanted[:place]:
            raise Refused("photo_twice", sha256=one.hex())
    return wanted


def of_report(db: Connection, report_id: int) -> tuple[Shown, ...]:
    """The photos of a report whose reader was let in already."""
    return of_reports(db, [report_id]).get(report_id, ())


def of_reports(db: Connection, report_ids: Sequence[int]) -> dict[int, tuple[Shown, ...]]:
    """The photos by report, of those that show any; their reader was let in to each already."""
    found: dict[int, tuple[Shown, ...]] = {}
    for row in db.execute(load("photo_of_report"), {"report_ids": list(report_ids)}).mappings():
        told = {name: row[name] for name in Shown.__dataclass_fields__} | {"sha256": row["sha256"].hex()}
        found[row["report_id"]] = (*found.get(row["report_id"], ()), Shown(**told))
    return found


def visible(db: Connection, actor: Actor, sha256: bytes) -> Photo:
    """The photo, for a reader who sees a report that shows it, and for whoever sent it.

    Raises:
        NotFound: there is none for this reader.
    """
    photo = known(db, sha256)
    if photo is not None and _sees(db, actor, photo):
        return photo
    raise NotFound("photo_unknown", sha256=sha256.hex())


def _sent(db: Connection, actor: Actor, photo: Photo) -> bool:
    if not actor.known or photo.sender_id == actor.account_id:
        return actor.known
    c = t.photo_sender.c
    mine = (c.sha256 == photo.sha256) & (c.account_id == actor.account_id)
    return bool(db.scalar(select(exists().where(mine))))


def _sees(db: Connection, actor: Actor, photo: Photo) -> bool:
    if _sent(db, actor, photo):
        return True
    x = t.report_photo.c
    which = scope(actor) | {"sees_unplaced": may(actor, "place")}
    reports = db.scalars(select(x.report_id).where(x.sha256 == photo.sha256).distinct()).all()
    return any(db.scalar(load("sees_report"), which | {"report_id": report_id}) for report_id in reports)


def file_of(db: Connection, photo: Photo, version: int | None = None) -> bytes:
    """The hash that names the file of a version; the newest without one. Who asks for an older must be allowed to.

    Raises:
        NotFound: there was no such version, or its file was deleted since.
    """
    if version is None or version == photo.version:
        return photo.file_sha256
    for one in history(db, photo):
        if one.version == version + 1 and one.removed_at is None:
            return one.before_sha256
    raise NotFound("photo_version_gone", sha256=photo.sha256.hex(), version=version)


def history(db: Connection, photo: Photo) -> tuple[Redaction, ...]:
    """What was blacked out, newest first."""
    return histories(db, [photo.sha256])[photo.sha256]


def histories(db: Connection, sha256s: Collection[bytes], *, whole: bool = False) -> dict[bytes, tuple[Redaction, ...]]:
    """The same of each of these photos, whose reader was let in already; `whole`: for one whose purpose is logged."""
    found: dict[bytes, tuple[Redaction, ...]] = dict.fromkeys(sha256s, ())
    if found:
        for row in db.execute(load("photo_history"), {"sha256s": list(found)}).mappings():
            told = dict(row)
            of, reason = told.pop("sha256"), told.pop("reason")
            shown = reason if whole else masking.numbers(reason)
            found[of] = (*found[of], Redaction(**told, reason=shown, hides=shown != reason))
    return found


def check_boxes(photo: Photo, boxes: Sequence[Sequence[int]], version: int) -> list[Box]:
    """The boxes, where they lie in the picture that its reader saw.

    Raises:
        Conflict: somebody blacked out something since.
        Refused: there is none, there are too many, or one is empty or not inside.
    """
    if version != photo.version:
        raise Conflict("photo_changed", sha256=photo.sha256.hex(), version=photo.version)
    if not 1 <= len(boxes) <= MOST_BOXES:
        raise Refused("photo_boxes", n=len(boxes), most=MOST_BOXES)
    checked: list[Box] = []
    for box in boxes:
        x0, y0, x1, y1 = box
        if not (0 <= x0 < x1 <= photo.width and 0 <= y0 < y1 <= photo.height):
            facts = {"box": ", ".join(map(str, box)), "width": photo.width, "height": photo.height}
            raise Refused("photo_box_outside", **facts)
        checked.append((x0, y0, x1, y1))
    return checked


def redact(
    db: Connection,
    files: Files,
    seen: Photo,
    boxes: Sequence[Box],
    painted: Rendered,
    actor: Actor,
    now: datetime,
    reason: str,
) -> Photo:
    """The photo after boxes were painted on the version that was seen; the file before stays until `clean` takes it.

    Raises:
        NotFound: it was removed meanwhile.
        Conflict: somebody else was quicker.
    """
    if (painted.width, painted.height) != (seen.width, seen.height):
        raise Conflict("photo_busy")
    db.execute(load("photo_lock"), {"alone": False})
    p = t.photo.c
    mine = p.sha256 == seen.sha256
    held = db.execute(select(p.version, p.file_sha256).where(mine).with_for_update()).one_or_none()
    if held is None:
        raise NotFound("photo_unknown", sha256=seen.sha256.hex())
    if (held.version, held.file_sha256) != (seen.version, seen.file_sha256):
        raise Conflict("photo_changed", sha256=seen.sha256.hex(), version=held.version)
    files.claim(folder_token(db))
    values: dict[str, Any] = {
        "file_sha256": files.keep(painted.picture, painted.thumb),
        "n_bytes": len(painted.picture),
        "version": seen.version + 1,
    }
    db.execute(
        t.photo_redaction.insert(),
        {
            "sha256": seen.sha256,
            "version": seen.version + 1,
            "before_sha256": seen.file_sha256,
            "boxes": [list(box) for box in boxes],
            "reason": reason,
            "actor_id": actor.account_id,
            "at": now,
        },
    )
    db.execute(t.photo.update().where(mine).values(values))
    after = known(db, seen.sha256)
    if after is None:
        raise NotFound("photo_unknown", sha256=seen.sha256.hex())
    return after
