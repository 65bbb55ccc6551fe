"""What tells residents' browsers apart: a whole compound shares one address, so an address alone may not be the limit.

The form leaves a signed cookie; once it is a few seconds old, longer than a program would wait and shorter than anybody
types, it counts as the browser's proof. Who shows one has a limit of the own beside a wide one for the address; who
shows none has the narrow limit of the address. The places of reports have a limit too, whoever sends them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.requests import Request

from gridsvc import joins, reports
from gridsvc.errors import TooMany
from gridsvc.rules.cells import square
from gridsvc.web import security
from gridsvc.web.deps import Unit

AGE_S = 3
LASTS_S = 400 * 24 * 3600  # the longest that browsers keep a cookie
_ID_BYTES = 12


def cookie(request: Request) -> str:
    """The name of the proof's cookie; over https one that no other host or path can set."""
    return "__Host-gridsvc_sender" if security.is_secure(request) else "gridsvc_sender"


def sender(request: Request, unit: Unit) -> str | None:
    """What names the browser, where its proof holds and is old enough."""
    found = _read(request, unit)
    return found[0] if found and found[1] >= AGE_S else None


def give(request: Request, unit: Unit) -> None:
    """Nothing; afterwards the browser has a proof, the one it had or a new one that the answer brings; an address gets
    few at once, and only so many an hour: else many proofs would be as many limits."""
    if unit.actor.known or _read(request, unit):
        return
    try:
        unit.mine.proofs.take(security.address(request), "too_many_reports")
    except TooMany:
        return  # the form stands without; the narrow limit of the address holds
    named = f"{secrets.token_urlsafe(_ID_BYTES)}.{int(unit.now.timestamp())}"
    security.remember(request, cookie(request), f"{named}.{_mac(_key(unit), named)}", LASTS_S)


def take(request: Request, unit: Unit, *, again: bool = False, counted: bool = False) -> None:
    """Returns where a caller without an account may send a report from here.

    Args:
        again: it is stored already, and is sent once more: that is no report, and costs what a look does.
        counted: that a caller without a proof counts for the address was seen to already.

    Raises:
        TooMany: not now.
    """
    if unit.actor.known:
        return
    if again:
        look(request, unit)
        return
    mine, caller, named = unit.mine, security.address(request), sender(request, unit)
    if named is None and not counted:
        mine.anonymous.take(caller, "too_many_reports")
    if named is not None:
        mine.crowds.take(caller, "too_many_reports")
        mine.senders.take(named, "too_many_reports")


def take_photo(request: Request, unit: Unit) -> None:
    """Returns where a caller without an account may send one more photo from here, told apart as for reports.

    Raises:
        TooMany: not now.
    """
    if unit.actor.known:
        return
    mine, caller, named = unit.mine, security.address(request), sender(request, unit)
    if named is None:
        mine.anonymous_photos.take(caller, "too_many_photos")
    else:
        mine.crowd_photos.take(caller, "too_many_photos")
        mine.sender_photos.take(named, "too_many_photos")


def take_place(unit: Unit, stored: reports.Submitted) -> None:
    """Returns where one more report may come for its place, a pin or a compound.

    Of those that are stored alone, so that nobody silences a place with reports that are none. It is asked before the
    transaction ends, which takes back what is too many.

    Raises:
        TooMany: not now.
    """
    if unit.actor.known or not stored.created:
        return
    if stored.lonlat is not None:
        unit.mine.places.take("{}/{}".format(*square(*stored.lonlat)), "too_many_here")
    elif (compound_id := reports.compound_of(unit.db, stored.id)) is not None:
        unit.mine.places.take(f"compound {compound_id}", "too_many_here")


def look(request: Request, unit: Unit) -> None:
    """Returns where a caller may look at what is near once more: each browser with a proof by itself, as for sending.

    Raises:
        TooMany: not now.
    """
    mine, caller, named = unit.mine, security.address(request), sender(request, unit)
    if named is not None:
        mine.crowd_links.take(caller, "too_many_links")
    mine.links.take(named or caller, "too_many_links")


def _read(request: Request, unit: Unit) -> tuple[str, float] | None:
    """The name in the proof and its age in seconds; None where it is not ours or too old."""
    named, _, mac = request.cookies.get(cookie(request), "").rpartition(".")
    name, _, at = named.partition(".")
    if not (at.isascii() and at.isdecimal()) or not hmac.compare_digest(
        _mac(_key(unit), named).encode(), mac.encode("utf-8", "replace")
    ):
        return None
    age_s = unit.now.timestamp() - int(at)
    return (name, age_s) if age_s <= LASTS_S else None


def _key(unit: Unit) -> bytes:
    if unit.mine.resident_key is None:
        unit.mine.resident_key = joins.key(unit.question)
    return unit.mine.resident_key


def _mac(key: bytes, named: str) -> str:
    return hmac.new(key, b"sender" + named.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]
