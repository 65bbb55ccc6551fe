"""The files of photos: named by what is in them, written whole or not at all, beside the database.

`<folder>/ab/cd/<sha256 of the picture>.jpg` and, beside it, its thumbnail `….thumb.jpg`; `<folder>/incoming/` holds
bodies that are being received. A name appears only by a rename of a file that lies safely on the disk. Voice notes lie
in the same way in a folder of their own, with another ending and no thumbnail.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from gridsvc.errors import Conflict

_INCOMING = "incoming"
_OWNER = "belongs-to"
_PICTURE, _THUMB = ".jpg", ".thumb.jpg"


@dataclass(frozen=True)
class Lying:
    """A file in the folder: whose picture it is (None: no picture's name), its size, when written (Unix time)."""

    path: Path
    digest: bytes | None
    n_bytes: int
    written_at: float


@dataclass(frozen=True)
class Files:
    """The folder of one schema."""

    folder: Path
    ending: str = _PICTURE

    def picture(self, digest: bytes) -> Path:
        """Where the picture with this SHA-256 lies."""
        name = digest.hex()
        return self.folder / name[:2] / name[2:4] / f"{name}{self.ending}"

    def thumb(self, digest: bytes) -> Path:
        """Where the thumbnail of that picture lies."""
        name = digest.hex()
        return self.folder / name[:2] / name[2:4] / f"{name}{_THUMB}"

    def keep(self, picture: bytes, thumb: bytes) -> bytes:
        """The SHA-256 of a picture whose files lie on the disk now; the thumbnail is there before it is."""
        digest = hashlib.sha256(picture).digest()
        self._write((self.thumb(digest), thumb), (self.picture(digest), picture))
        return digest

    def keep_note(self, sent: bytes, kept: bytes) -> bytes:
        """The SHA-256 of what was sent, under which `kept` lies on the disk now, by itself."""
        digest = hashlib.sha256(sent).digest()
        self._write((self.picture(digest), kept))
        return digest

    def remove(self, digest: bytes) -> int:
        """How many bytes are free afterwards; a picture that is not there frees none."""
        n_bytes = 0
        for path in (self.picture(digest), self.thumb(digest)):
            with suppress(FileNotFoundError):
                size = path.stat().st_size
                path.unlink()
                n_bytes += size
        return n_bytes

    def each(self) -> Iterator[Lying]:
        """Every file, whatever it is, but the folder's own mark."""
        for place, _, names in os.walk(self.folder):
            for name in names:
                path = Path(place, name)
                if path == self.folder / _OWNER:
                    continue
                with suppress(FileNotFoundError):
                    about = path.stat()
                    yield Lying(path, self._digest(path), about.st_size, about.st_mtime)

    def claim(self, token: str) -> None:
        """Returns where the folder belongs to the database with this token; an empty one does from now on.

        Raises:
            Conflict: `photo_folder_foreign`: it is another database's.
        """
        mark = self.folder / _OWNER
        if not mark.exists() and not self._holds_pictures():
            self._write((mark, token.encode()), anew=False)
        if not mark.exists() or mark.read_text("utf-8").strip() != token:
            raise Conflict("photo_folder_foreign", folder=str(self.folder))

    def _holds_pictures(self) -> bool:
        return any(one.digest is not None for one in self.each())

    def spool(self) -> Spool:
        """A new file for a body that is being received; it is there with the first bytes."""
        return Spool(self.folder / _INCOMING)

    def _digest(self, path: Path) -> bytes | None:
        name = path.name.removesuffix(_THUMB).removesuffix(self.ending)
        with suppress(ValueError):
            digest = bytes.fromhex(name)
            if len(digest) == 32 and path in (self.picture(digest), self.thumb(digest)):
                return digest
        return None

    def _write(self, *named: tuple[Path, bytes], anew: bool = True) -> None:
        """Nothing; afterwards these files of one folder lie on the disk, and so do their names, in this order."""
        wanted = [(path, content) for path, content in named if not anew or _differs(path, content)]
        written = [(path, self._laid_down(content)) for path, content in wanted]
        for path, laid in written:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if anew:
                laid.replace(path)
            else:
                with suppress(FileExistsError):
                    os.link(laid, path)
                laid.unlink()
        for folder in (wanted[0][0].parent, wanted[0][0].parent.parent) if wanted else ():
            _fsync_folder(folder)

    def _laid_down(self, content: bytes) -> Path:
        """Where this lies on the disk, not under its name yet; readable by its owner only."""
        incoming = self.folder / _INCOMING
        incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return Path(file.name)


class Spool:
    """A body on the disk while it is looked at; gone when the block ends, also where a thread is just beginning it."""

    def __init__(self, incoming: Path) -> None:
        self.n_bytes = 0
        self._incoming = incoming
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._left = False
        self._digest = hashlib.sha256()
        self._whole = b""  # a body that came in one part and is not written down yet

    @property
    def path(self) -> Path:
        """Where it lies, once it has ended; what came in one part is written down here: to be asked in a thread."""
        if self._whole:
            self._write(self._whole)
            self._whole = b""
            self._close()
        assert self._path is not None  # noqa: S101 - who asks has ended it
        return self._path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._left = True
        self._drop()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _drop(self) -> None:
        self._close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def add(self, part: bytes) -> None:
        """Appends to the file and to the digest."""
        self._write(part)
        self._digest.update(part)
        self.n_bytes += len(part)

    def _write(self, part: bytes) -> None:
        if self._file is None:  # here, where a thread waits for the disk anyhow
            self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._incoming, prefix="sent-")
            self._path, self._file = Path(name), os.fdopen(handle, "wb")
            if self._left:  # the receiver was cut off meanwhile and found nothing to take away; the write fails unheard
                self._drop()
        self._file.write(part)

    def end(self, last: bytes = b"") -> bytes:
        """The SHA-256 of all that came, with a last part; the file can be read now."""
        self.add(last)
        self._close()
        return self._digest.digest()

    def end_in_one(self, whole: bytes) -> bytes:
        """The same for a body of one part, which nobody has to wait for: who asks where it lies writes it down."""
        self._whole = whole
        self._digest.update(whole)
        self.n_bytes = len(whole)
        return self._digest.digest()


def _differs(path: Path, content: bytes) -> bool:
    """Whether a file that is named by its content is still to be written."""
    return not path.exists() or path.stat().st_size != len(content)


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
