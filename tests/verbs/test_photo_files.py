"""A body on the disk while it is looked at: there with its first bytes, gone afterwards, however that ends."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import pytest

from gridsvc.photo_files import Files


def test_a_body_takes_no_file_before_its_first_bytes_and_leaves_none(tmp_path: Path) -> None:
    files = Files(tmp_path / "photos")
    with files.spool():
        assert not files.folder.exists()
    with files.spool() as spool:
        spool.add(b"ab")
        assert len(spool.end(b"c")) == 32
        assert spool.path.read_bytes() == b"abc"
    assert [one.path for one in files.each()] == []


def test_a_body_of_one_part_is_written_down_by_who_asks_where_it_lies(tmp_path: Path) -> None:
    files = Files(tmp_path / "photos")
    with files.spool() as spool:
        assert spool.end_in_one(b"abc") == hashlib.sha256(b"abc").digest()
        assert spool.n_bytes == 3
        assert not files.folder.exists()
        path = spool.path
        assert (path.read_bytes(), spool.path, spool.n_bytes) == (b"abc", path, 3)
    assert [one.path for one in files.each()] == []
    with files.spool() as spool:
        spool.end_in_one(b"abc")
    with pytest.raises(ValueError, match="closed file"):  # a thread that comes to it too late
        spool.path.exists()
    assert list(files.each()) == []


def test_a_body_whose_receiver_is_cut_off_as_its_file_is_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, made = Files(tmp_path / "photos"), tempfile.mkstemp
    with files.spool() as spool:

        def cut(**told: Any) -> tuple[int, str]:
            spool.__exit__(None, None, None)  # as the loop does while a thread waits for the disk
            return made(**told)

        monkeypatch.setattr(tempfile, "mkstemp", cut)
        with pytest.raises(ValueError, match="closed file"):
            spool.add(b"ab")
        assert list(files.each()) == []
