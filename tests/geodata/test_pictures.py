"""Strangers' pictures: told by content, made anew, refused where they are something else, too much, or broken."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from geodata.errors import FileRefused
from geodata.exif import Shot
from geodata.pictures import answer, header, render
from geodata.pictures.shapes import Limits, Rendered, Rules
from geodata.pictures.studio import Studio
from tests import photographs
from tests.photographs import TRACES, is_close, jpeg, saved, scene

Make = Callable[[bytes], Rendered]
RED, GREEN, BLUE, WHITE = (220, 0, 0), (0, 200, 0), (0, 0, 220), (255, 255, 255)


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio(1) as one:
        yield one


@pytest.fixture
def make(studio: Studio, tmp_path: Path) -> Callable[[bytes], Rendered]:
    """Sends a picture, whatever the name of its file says."""

    def of(content: bytes) -> Rendered:
        path = tmp_path / "anything.txt"
        path.write_bytes(content)
        return studio.render(path)

    return of


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


def corners(content: bytes) -> list[tuple[int, int, int]]:
    image = opened(content)
    w, h = image.size
    return [image.getpixel(at) for at in ((w // 4, h // 4), (3 * w // 4, h // 4), (w // 4, 3 * h // 4))]


def code(error: pytest.ExceptionInfo[FileRefused]) -> str:
    return error.value.code


def test_nothing_but_pixels_is_left(make: Make, shared: Path) -> None:
    real = [path.read_bytes() for path in sorted((shared / "photos").glob("*.jpg"))]
    assert len(real) == 10
    sent = [jpeg(), *real, saved("PNG", exif=photographs.told(), icc_profile=b"secret")]
    sent.append(saved("WEBP", exif=photographs.told(), xmp=photographs.XMP))
    sent.append(saved("HEIF", exif=photographs.told(), xmp=photographs.XMP))
    n_with = 0
    for content in sent:
        n_with += any(trace in content for trace in TRACES)
        made = make(content)
        for stored in (made.picture, made.thumb):
            assert [trace for trace in TRACES if trace in stored] == []
            assert stored.startswith(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00")
            assert opened(stored).info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}
            assert not opened(stored).getexif()
    assert n_with >= 12  # they were there


def test_position_and_time_come_with_the_answer(make: Make, shared: Path) -> None:
    assert make(jpeg()).shot.lon == photographs.LON
    assert make(jpeg()).shot.lat == photographs.LAT
    assert make(jpeg(exif=photographs.told(position=False))).shot.lon is None
    arezzo = make((shared / "photos" / "DSCN0010.jpg").read_bytes())
    assert arezzo.shot.lon == pytest.approx(11.885127, abs=1e-6)
    heic = make(saved("HEIF", exif=photographs.told()))
    assert (heic.shot.lon, heic.shot.lat, heic.sent_format) == (photographs.LON, photographs.LAT, "heif")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "HEIF", "PNG", "WEBP"])
def test_every_orientation_stands_upright(make: Make, orientation: int, kind: str) -> None:
    # turned as a camera that is held so would store it
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    image = scene(64, 48)
    if orientation > 1:
        image = image.transpose(Image.Transpose(undo[orientation]))
    made = make(saved(kind, image, exif=photographs.told(orientation=orientation)))
    assert (made.width, made.height) == (64, 48)
    for found, wanted in zip(corners(made.picture), (RED, GREEN, BLUE), strict=True):
        assert is_close(found, wanted, 40), (found, wanted)


@pytest.mark.parametrize("name", ["landscape_1", "landscape_6", "portrait_3", "portrait_8"])
def test_real_orientations(make: Make, shared: Path, name: str) -> None:
    made = make((shared / "photos" / f"{name}.jpg").read_bytes())
    assert (made.width > made.height) == name.startswith("landscape")


def test_sides_are_bounded_and_small_ones_stay(make: Make) -> None:
    large = make(jpeg(scene(4000, 3000)))
    assert (large.width, large.height) == (2560, 1920)
    assert opened(large.picture).size == (2560, 1920)
    assert opened(large.thumb).size == (320, 240)
    long = make(saved("PNG", Image.new("RGB", (9000, 3), (1, 2, 3))))
    assert (long.width, long.height) == (2560, 1)
    tiny = make(saved("PNG", Image.new("RGB", (1, 1))))
    assert (tiny.width, tiny.height) == (1, 1)


def test_transparent_lies_on_white_and_grey_stays(make: Make) -> None:
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert is_close(opened(make(saved("PNG", clear)).picture).getpixel((32, 32)), WHITE)
    palette = Image.new("P", (64, 64), 0)
    palette.putpalette([10, 20, 30] + [0] * 765)
    assert is_close(opened(make(saved("PNG", palette)).picture).getpixel((32, 32)), (10, 20, 30))
    assert is_close(opened(make(saved("PNG", palette, transparency=0)).picture).getpixel((32, 32)), WHITE)
    deep = Image.new("I;16", (64, 64), 128 * 257)
    assert is_close(opened(make(saved("PNG", deep)).picture).getpixel((32, 32)), (128, 128, 128))
    cmyk = Image.new("CMYK", (64, 64), (0, 255, 255, 0))
    red, green, blue = opened(make(saved("JPEG", cmyk)).picture).getpixel((32, 32))
    assert red > 200
    assert green < 80
    assert blue < 80


def test_colours_are_brought_to_srgb(make: Make) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    plain = make(saved("PNG", scene()))
    unusable = make(saved("PNG", scene(), icc_profile=lab))  # for another kind of pixels: passed over
    assert is_close(corners(unusable.picture)[0], corners(plain.picture)[0])


REFUSED = {
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "gif": saved("GIF"),
    "tiff": saved("TIFF"),
    "bmp": saved("BMP"),
    "pdf": b"%PDF-1.7\n1 0 obj\n" + jpeg(),
    "html": b"<!DOCTYPE html><p>\xff\xd8\xff",
    "zip": b"PK\x03\x04" + bytes(40),
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + bytes(40),
    "unknown": b"just words",
    "empty": b"",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_kinds_are_named_and_refused(kind: str) -> None:
    with pytest.raises(FileRefused) as error:
        header.sniff(REFUSED[kind][: header.HEAD_BYTES])
    assert (code(error), error.value.facts) == ("photo_type", {"found": kind})


@pytest.mark.parametrize(
    ("behind", "found"),
    [
        (b"<html><script>alert(1)</script>", "html"),
        (b"\n\n<SCRIPT src=x></SCRIPT>", "script"),
        (b"<?php system($_GET[0]);", "php"),
        (b"some bytes <svg onload=alert(1)>", "svg"),
        (b"%PDF-1.4\n", "pdf"),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_documents_behind_a_picture_are_refused(make: Make, kind: str, behind: bytes, found: str) -> None:
    with pytest.raises(FileRefused) as error:
        make(saved(kind, scene(64, 48)) + behind)
    assert (code(error), error.value.facts) == ("photo_polyglot", {"found": found})


def test_archives_behind_a_picture_are_refused(make: Make, tmp_path: Path) -> None:
    archive = b"PK\x05\x06" + bytes(18)
    with pytest.raises(FileRefused) as error:
        make(jpeg() + archive)
    assert (code(error), error.value.facts) == ("photo_polyglot", {"found": "zip"})


def test_what_phones_put_behind_a_picture_is_dropped(make: Make) -> None:
    film = b"\0\0\0\x18ftypmp42" + b"secret film" * 1000
    for behind in (film, jpeg(), b'vivo{"secret":1}', bytes(500)):
        made = make(jpeg() + behind)
        assert b"secret" not in made.picture + made.thumb
        assert header.is_bare_jpeg(made.picture)


def test_bombs_are_refused_by_their_header(make: Make) -> None:
    began = time.monotonic()
    for bomb in (photographs.png_bomb(), photographs.webp_bomb()):
        assert len(bomb) < 10_000
        with pytest.raises(FileRefused) as error:
            make(bomb)
        assert code(error) == "photo_too_many_pixels"
    head = jpeg(scene(64, 48))
    at = head.index(b"\xff\xc0")  # the frame: its height and width follow
    with pytest.raises(FileRefused) as error:
        make(head[: at + 5] + b"\xff\xff\xff\xff" + head[at + 9 :])
    assert code(error) == "photo_too_many_pixels"
    assert time.monotonic() - began < 60


def test_the_pixel_limit_is_a_setting(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(jpeg(scene(640, 480)))
    with Studio(1, Rules(max_pixels=640 * 480)) as enough:
        assert enough.render(path).width == 640
    with Studio(1, Rules(max_pixels=640 * 480 - 1)) as less, pytest.raises(FileRefused) as error:
        less.render(path)
    assert code(error) == "photo_too_many_pixels"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_cut_and_bent_files_are_refused_or_read_but_never_crash(make: Make, kind: str) -> None:
    whole = saved(kind, scene(200, 150))
    with pytest.raises(FileRefused) as error:
        make(whole[: len(whole) // 2])
    assert code(error) == "photo_broken"
    for place in range(12, len(whole), max(1, len(whole) // 12)):
        bent = whole[:place] + bytes([whole[place] ^ 0xFF]) * 8 + whole[place + 8 :]
        try:
            make(bent)
        except FileRefused as refusal:
            assert refusal.code in ("photo_broken", "photo_polyglot", "photo_too_many_pixels")  # noqa: PT017


def test_too_much_memory_and_time_end_the_child_only(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(saved("PNG", scene(4000, 3000)))
    with Studio(1, limits=Limits(memory_bytes=100 * 2**20)) as poor:
        with pytest.raises(FileRefused) as error:
            poor.render(path)
        assert code(error) == "photo_needs_too_much_memory"
        path.write_bytes(jpeg(scene(64, 48)))
        assert poor.render(path).width == 64
    path.write_bytes(saved("PNG", scene(4000, 3000)))
    with Studio(1, limits=Limits(wall_s=0.02)) as hasty:
        with pytest.raises(FileRefused) as error:
            hasty.render(path)
        assert code(error) == "photo_takes_too_long"
        hasty.limits = Limits()
        path.write_bytes(jpeg(scene(64, 48)))
        assert hasty.render(path).width == 64


@pytest.fixture
def signalled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """The groups that were signalled, and whether each was still ours: afterwards anybody may have its number."""
    told: list[tuple[int, bool]] = []
    signal_group = os.killpg

    def watched(group: int, sign: int) -> None:
        try:
            os.kill(group, 0)  # an ended process whose end nobody has taken is still told of
            told.append((group, True))
        except ProcessLookupError:
            told.append((group, False))
        signal_group(group, sign)

    monkeypatch.setattr(os, "killpg", watched)
    return told


def test_an_answer_without_end_is_not_heard_as_that_of_the_next_picture(
    tmp_path: Path, signalled: list[tuple[int, bool]]
) -> None:
    path = tmp_path / "p"
    path.write_bytes(jpeg(Image.effect_noise((900, 900), 90).convert("RGB")))  # its answer is more than a pipe holds
    with Studio(1, limits=Limits(answer_bytes=100)) as one:
        with pytest.raises(FileRefused) as error:
            one.render(path)
        assert error.value.facts["cause"] == "answer too large"
        one.limits = Limits()
        path.write_bytes(jpeg(scene(64, 48)))
        assert [one.render(path).width for _ in range(2)] == [64, 64]
    assert [ours for _, ours in signalled] == [True, True]  # the first once, and the second at the end


@pytest.mark.skipif(sys.platform != "linux", reason="the strong measures are Linux's")
def test_the_child_has_no_rights(make: Make) -> None:
    guards = make(jpeg()).guards
    assert "rlimits" in guards
    assert ("uid" in guards) == (os.geteuid() == 0)
    if os.environ.get("CI") == "true":
        assert "seccomp" in guards
        assert any(guard.startswith("landlock") for guard in guards)


def test_a_worker_that_died_is_replaced(tmp_path: Path, signalled: list[tuple[int, bool]]) -> None:
    path = tmp_path / "p"
    path.write_bytes(jpeg(scene(64, 48)))
    with Studio(1) as one:
        one.render(path)
        (worker,) = one._rested
        worker._process.kill()
        select.select([worker._control], [], [])  # its end is there, and nobody has taken it
        assert one.render(path).width == 64
        (other,) = one._rested
        assert other is not worker
        folder = other._folder
        assert folder.is_dir()
    assert not folder.exists()
    assert other._process.poll() is not None
    # what it forked goes with it: its group is signalled, while its number is its own
    assert signalled == [(worker._process.pid, True), (other._process.pid, True)]


def test_no_more_at_once_than_there_are_workers(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(jpeg(scene(800, 600)))
    made: list[int] = []
    with Studio(2) as two:
        two.begin()
        begun = list(two._rested)
        assert len(begun) == 2  # they start before the first picture
        threads = [threading.Thread(target=lambda: made.append(two.render(path).width)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {id(one) for one in two._rested} == {id(one) for one in begun}  # and make all of them
    assert made == [800] * 8


def test_boxes_are_black_and_nothing_else_changes(make: Make, studio: Studio, tmp_path: Path) -> None:
    stored = make(jpeg(scene(640, 480)))
    path = tmp_path / "stored.jpg"
    path.write_bytes(stored.picture)
    painted = studio.paint(path, [(10, 10, 110, 90), (600, 400, 640, 480)])
    before, after, small = opened(stored.picture), opened(painted.picture), opened(painted.thumb)
    for box in ((10, 10, 110, 90), (600, 400, 640, 480)):
        x0, y0, x1, y1 = box
        assert max(high for _, high in after.crop(box).getextrema()) <= 40  # the edge of what lies beside
        inside = after.crop((x0 + 8, y0 + 8, x1 - 8, y1 - 8))
        assert max(high for _, high in inside.getextrema()) <= 1
    assert max(high for _, high in small.crop((16, 16, 44, 36)).getextrema()) <= 12
    assert is_close(after.getpixel((300, 100)), before.getpixel((300, 100)))
    assert (painted.width, painted.height) == (640, 480)
    assert header.is_bare_jpeg(painted.picture)
    assert painted.shot == Shot()


def test_only_stored_pictures_are_painted(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(jpeg())
    with pytest.raises(FileRefused) as error:
        studio.paint(path, [(0, 0, 5, 5)])
    assert code(error) == "photo_broken"


def test_an_answer_that_is_none_of_ours_is_refused(make: Make) -> None:
    made = make(jpeg(scene(64, 48)))
    good = answer.pack(made, ["rlimits"])
    assert answer.unpack(good).picture == made.picture
    line, _, rest = good.partition(b"\n")
    with_exif = jpeg()
    wrong = [
        b"",
        b"\n",
        b"[]\n",
        good[:-1],
        good + b"x",
        line.replace(b'"lon": 110.005', b'"lon": 1e400') + b"\n" + rest,
        line.replace(b'"lon": 110.005', b'"lon": null') + b"\n" + rest,
        line.replace(b'"format": "jpeg"', b'"format": "svg"') + b"\n" + rest,
        b'{"code": "reports_deleted", "facts": {}}\n',
        line.replace(str(len(made.picture)).encode(), str(len(with_exif)).encode()) + b"\n" + with_exif + made.thumb,
        b" " * 5000 + good,
    ]
    for content in wrong:
        with pytest.raises(FileRefused) as error:
            answer.unpack(content)
        assert code(error) == "photo_broken"


def test_a_large_picture_is_made_smaller_without_seams_and_without_loss_that_shows() -> None:
    fine = Image.effect_noise((1250, 940), 40).resize((1000, 752), Image.Resampling.BICUBIC)
    size = (640, 481)
    made = render._resized(fine, size)
    best = fine.resize(size, Image.Resampling.LANCZOS)

    def apart(one: Image.Image, other: Image.Image) -> float:
        return float(ImageStat.Stat(ImageChops.difference(one, other)).rms[0])

    whole = fine.resize(size, Image.Resampling.HAMMING)
    assert apart(made, whole) <= 0.5, "strips meet without a seam"
    assert apart(made, best) < 0.6 * apart(fine.resize(size, Image.Resampling.BOX), best)
