"""A voice note as a browser records it: taken by the service, shown on the report's page, played there."""

from __future__ import annotations

import base64

import pytest
from sqlalchemy import text

from gridsvc import sounds, voices
from gridsvc.rules.roles import Actor
from tests.browser.conftest import Visitor
from tests.conftest import Fresh
from tests.web.county import County

# a second and a half of a tone, by the sound's own clock: no microphone is needed to record
RECORD = """async (kind) => {
  if (!MediaRecorder.isTypeSupported(kind)) return null;
  const sound = new AudioContext();
  const tone = sound.createOscillator();
  const out = sound.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  await sound.resume();
  const recorder = new MediaRecorder(out.stream, {mimeType: kind, audioBitsPerSecond: 24000});
  const parts = [];
  recorder.ondataavailable = ({data}) => parts.push(data);
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start(500);
  const [begun, from] = [performance.now(), sound.currentTime];
  while (sound.currentTime < from + 1.5) await new Promise((resolve) => setTimeout(resolve, 20));
  recorder.stop();
  await stopped;
  const took_s = (performance.now() - begun) / 1000;
  await sound.close();
  const bytes = await new Blob(parts).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const name = Array.from(hash, (one) => one.toString(16).padStart(2, "0")).join("");
  const token = document.querySelector("[name=csrf_token]").value;
  const sent = await fetch(`/api/v1/voices/${name}`, {method: "PUT", body: bytes, headers: {"X-CSRF-Token": token}});
  const recorded = btoa(Array.from(new Uint8Array(bytes), (one) => String.fromCharCode(one)).join(""));
  return {status: sent.status, told: await sent.json(), took_s, recorded};
}"""


@pytest.mark.parametrize("kind", ["audio/webm;codecs=opus", "audio/mp4;codecs=opus"])
def test_recorded_sent_and_played(visitor: Visitor, made: Fresh, county: County, kind: str) -> None:
    visit = visitor("admin")
    visit.open(f"/reports/{county.numbers['west']}")
    sent = visit.page.evaluate(RECORD, kind)
    if sent is None:
        pytest.skip(f"this Chromium records no {kind}")
    assert sent["status"] == 201, sent
    assert sent["told"]["type"] == kind.split(";")[0]
    assert 0.7 < sent["told"]["duration_s"] < sent["took_s"] + 2
    recorded = base64.b64decode(sent["recorded"])
    assert sounds.bare(recorded) == recorded  # a browser's recorder writes no title, tag, date or place
    with made.begin() as db:
        admin = db.scalar(text("SELECT id FROM account WHERE login = 'admin'"))
        report_id = db.scalar(text("SELECT id FROM report WHERE number = :n"), {"n": county.numbers["west"]})
        voices.link(db, int(report_id), sent["told"]["sha256"], Actor("admin", int(admin), "admin"))
    page = visit.open(f"/reports/{county.numbers['west']}")
    sound = page.locator(f"audio[src$='{sent['told']['sha256']}']")
    assert sound.is_visible()
    ended = sound.evaluate(
        "one => new Promise((resolve) => { one.muted = true; one.onended = () => resolve(one.currentTime);"
        " one.onerror = () => resolve(-1); one.play(); })"
    )
    assert ended > 0.7
    visit.clean()
