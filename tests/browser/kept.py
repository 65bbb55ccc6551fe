"""What a worker's phone records, made through the app's own queue: reports with and without a photo, visits."""

from __future__ import annotations

import uuid
from typing import Any

from gridsvc.reports import SOURCE
from tests.browser.field import Phone

PUT = """async ({ item, options, photo }) => {
  const queue = await import("/static/app/field/queue.js");
  if (photo) {
    const photos = await import("/static/app/field/photos.js");
    const canvas = document.createElement("canvas");
    canvas.width = 320; canvas.height = 240;
    const pen = canvas.getContext("2d");
    pen.fillStyle = photo; pen.fillRect(0, 0, 320, 240); pen.fillStyle = "#fff"; pen.fillText(item.key, 10, 50);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    const small = await photos.shrink(new File([blob], "p.jpg", { type: "image/jpeg" }));
    options.photos = [await photos.keep(small)];
  }
  return (await queue.add(item, options)).key;
}"""


EMPTY = """m.write(["outbox", "drafts", "blobs"])
  .then((tx) => Promise.all([...tx.objectStoreNames].map((name) => tx.objectStore(name).clear())))"""
PERSONAL = ["ground", "notices_seen", "recent_categories"]
# a photo is small when `release()` is called
SHRINKS = """() => {
  const gate = new Promise((done) => { window.release = done; });
  window.n_held = 0;
  const made = HTMLCanvasElement.prototype.toBlob;
  HTMLCanvasElement.prototype.toBlob = function (...how) { window.n_held += 1; gate.then(() => made.apply(this, how)); };
}"""


def key() -> str:
    """A key as the app makes one."""
    return str(uuid.uuid4())


def report(words: str, at: str = "2026-11-01T01:00:00Z", **more: Any) -> dict[str, Any]:
    """A report in grid 001, whose worker is the county's."""
    where = {"lon": 110.005, "lat": 23.005, "crs": "wgs84", "accuracy_m": 8.0}
    said = {"category": "0110", "description": words, "location": where, "observed_at": at, "channel": "field"}
    return {"kind": "report", "key": key(), "report": said | more}


def visit(door: int, at: str = "2026-11-01T01:00:00Z", **more: Any) -> dict[str, Any]:
    """A visit where somebody opened."""
    said = {"household_id": door, "outcome": "reached", "happened_at": at, "n_met": 1}
    return {"kind": "visit", "key": key(), "visit": said | more}


def step(number: str, action: str, at: str = "2026-11-01T01:00:00Z", **more: Any) -> dict[str, Any]:
    """What the worker does with a report that the phone has in its first version."""
    done = {"action": action, "version": 1} | more
    return {
        "kind": "action",
        "key": key(),
        "number": number,
        "source": SOURCE,
        "repeat": 0,
        "done_at": at,
        "action": done,
    }


def put(phone: Phone, item: dict[str, Any], *, photo: str | None = None, **options: Any) -> str:
    """The key of the item, once it stands in the phone's outbox; `photo` is a colour."""
    made: str = phone.page.evaluate(PUT, {"item": item, "options": options, "photo": photo})
    return made


def person(phone: Phone) -> None:
    """The phone has been told what it keeps of its person beside the lists."""
    phone.call("store", "m.setMeta('datum', { crs: 'gcj02', place: { name: '静安里东门', lon: 110, lat: 23 } })")
    for name in PERSONAL:
        phone.call("store", f"m.setMeta('{name}', ['x'])")


def nobody(phone: Phone) -> None:
    """Nothing; fails where the phone still has what `person` put there. In which system it reports positions stays."""
    kept: list[Any] = phone.call("store", f"Promise.all({PERSONAL}.map((name) => m.getMeta(name)))")
    assert kept == [None] * len(PERSONAL)
    datum = phone.call("store", "m.getMeta('datum')")
    assert (datum["crs"], datum["place"]) == ("gcj02", {"name": "—"})


def empty(phone: Phone) -> None:
    """Nothing; the phone's queue has nothing any more, and no draft and no photo is there."""
    phone.call("store", EMPTY)


def unsent(phone: Phone) -> list[str]:
    """The keys that still wait, in order."""
    return [row["key"] for row in phone.outbox() if row["state"] != "sent"]


def sent(phone: Phone, n_left: int = 0, within_s: float = 120.0) -> None:
    """Returns when no more than so many items wait."""
    left = "m.list().then((rows) => rows.filter((row) => row.state !== 'sent').length)"
    phone.until(lambda: phone.call("queue", left) <= n_left, within_s)
