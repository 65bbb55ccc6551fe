"""Voice notes by content: four containers, how long they last, and what only looks like one."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest

from gridsvc import sounds, voices
from gridsvc.errors import Refused
from tests import photographs
from tests.recordings import box, element, mp4, ogg, wav, webm

MADE: dict[str, Callable[..., bytes]] = {"webm": webm, "ogg": ogg, "mp4": mp4, "wav": wav}


def fragments(seconds: float) -> bytes:
    return mp4(seconds, fragments=True)


@pytest.mark.parametrize("seconds", [1.0, 12.0, 59.0, 61.0, 75.0])
@pytest.mark.parametrize(
    ("made", "media_type"),
    [(webm, "audio/webm"), (ogg, "audio/ogg"), (mp4, "audio/mp4"), (fragments, "audio/mp4"), (wav, "audio/wav")],
)
def test_kind_and_length(made: Callable[[float], bytes], media_type: str, seconds: float) -> None:
    found = sounds.look(made(seconds))
    assert found.media_type == media_type
    assert found.duration_s == pytest.approx(seconds, abs=0.51)
    if seconds < 62:
        voices.check(made(seconds))
    else:
        with pytest.raises(Refused) as refused:
            voices.check(made(seconds))
        assert refused.value.code == "voice_too_long"


def test_the_longest_that_is_said_counts() -> None:
    """Else a head that says one second would let an hour in."""
    assert sounds.look(webm(70, told_ms=1000)).duration_s == pytest.approx(70, abs=0.6)
    assert sounds.look(webm(1, told_ms=70_000)).duration_s == 70
    assert sounds.look(webm(1, told_ms=float("nan"))).duration_s == pytest.approx(1, abs=0.6)
    assert sounds.look(webm(1, told_ms=float("inf"))).duration_s == pytest.approx(1, abs=0.6)


def test_titles_tags_dates_and_places_go_and_the_sound_stays_as_long() -> None:
    said = b"secret " * 40
    told = webm(1) + b"".join(element(name, said) for name in (0x1254C367, 0x1941A469, 0x1043A770))
    info = element(0x7BA9, said) + element(0x4461, said[:8])
    began = told.index(bytes.fromhex("2ad7b1"))  # in the head's own part
    for sound in (
        told[:began] + info + told[began:],
        mp4(1) + box(b"meta", said) + box(b"uuid", said),
        _with_udta(mp4(1), said),
    ):
        bare = sounds.bare(sound)
        assert (b"secret" in bare, len(bare)) == (False, len(sound))
        assert sounds.look(bare) == sounds.look(sound)
        assert sounds.bare(bare) == bare
    for plain in (webm(1), mp4(1), fragments(1), ogg(1), wav(1)):
        assert sounds.bare(plain) == plain


def _with_udta(sound: bytes, said: bytes) -> bytes:
    """The same with a box of the user's in its head, as recorders write where and on what it was made."""
    at = sound.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", sound, at)
    more = box(b"udta", box(b"meta", said))
    return sound[:at] + struct.pack(">I", size + len(more)) + sound[at + 4 : at + size] + more + sound[at + size :]


def test_what_the_file_does_not_say_is_not_known() -> None:
    only_head = webm(0)[: webm(0).index(b"\x1f\x43\xb6\x75")]
    assert sounds.look(only_head).duration_s is None
    assert sounds.look(mp4(0)).duration_s is None
    unknown = ogg(1)
    at = unknown.rindex(b"OggS") + 6
    assert sounds.look(unknown[:at] + struct.pack("<q", -1) + unknown[at + 8 :]).duration_s == 0
    # a recorder that streams writes no length of its data
    endless = wav(2)
    at = endless.index(b"data") + 4
    assert sounds.look(endless[:at] + b"\xff" * 4 + endless[at + 4 :]).duration_s == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"OggS",
        b"\x1a\x45\xdf\xa3",
        b"\x00\x00\x00\x08ftyp",
        b"ID3\x03" + bytes(100),
        b"<html><script>alert(1)</script>",
        b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(40),
        b"RIFF\x10\x00\x00\x00WAVE" + bytes(40),
        webm(kind=1),  # a film
        webm(codec=b"V_VP8"),
        webm(doc=b"matroska"),
        webm().replace(element(0x2AD7B1, (1_000_000).to_bytes(3)), element(0x2AD7B1, b"\xff" * 200)),
        webm().replace(element(0xE7, bytes(3)), element(0xE7, b"\xff" * 200)),
        webm().replace(b"A_OPUS", b"A_OPUX"),
        mp4(kind=b"vide"),
        mp4(kind=b"text"),
        ogg(head=b"fishead\x00"),
        element(0x1A45DFA3, element(0x4282, b"webm")),
        box(b"ftyp", b"isom") + box(b"moov", b""),
        box(b"ftyp", b"heic"),
    ],
)
def test_what_is_no_voice_note(content: bytes) -> None:
    with pytest.raises(Refused) as refused:
        sounds.look(content)
    assert refused.value.code == "voice_type"


def test_photos_are_none() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        with pytest.raises(Refused):
            sounds.look(photographs.saved(kind, photographs.scene(32, 32)))


def test_broken_bytes_are_refused_or_read_and_nothing_else() -> None:
    chance = random.Random(7)  # noqa: S311  # the same bytes each time
    for made in (webm(3), ogg(3), mp4(3), fragments(3), wav(0.05)):
        for _ in range(400):
            broken = bytearray(made)
            for _ in range(chance.randrange(1, 6)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            cut = bytes(broken[: chance.randrange(1, len(broken) + 1)])
            try:
                found = sounds.look(cut)
            except Refused:
                continue
            assert found.duration_s is None or 0 <= found.duration_s < 1e9
    deep = b"".join(struct.pack(">I4s", 0, b"moov") for _ in range(1000))
    with pytest.raises(Refused):
        sounds.look(box(b"ftyp", b"isom") + deep)
