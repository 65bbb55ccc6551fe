"""Refusals of the geodata package: each says a stable code and the facts, the doors turn them into words."""

from __future__ import annotations


class GeodataError(Exception):
    """A refusal that a caller can name, explain and translate.

    `code` is snake_case and never renamed once released; `facts` fill the placeholders of its text in the
    catalogues. `str()` is a plain English fallback for logs: no text a user sees is made here.
    """

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        """The code in words, then the facts: `crs unknown (crs='EPSG:99')`."""
        words = self.code.replace("_", " ")
        facts = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{words} ({facts})" if facts else words

    def __reduce__(self) -> tuple[object, ...]:
        """What pickle needs: the reader of hostile files sends its errors out of a child process."""
        return _rebuild, (type(self), self.code, self.facts)


class FileRefused(GeodataError):
    """A file that is not read: wrong content, too large, half written, hostile."""


class CrsError(GeodataError):
    """A coordinate system that is unknown, missing, or does not fit what it is given to."""


class GeometryError(GeodataError):
    """A shape that is wrong and cannot be repaired without losing something."""


class DatumError(GeodataError):
    """A position that cannot be moved from one datum to another."""


def _rebuild(kind: type[GeodataError], code: str, facts: dict[str, object]) -> GeodataError:
    return kind(code, **facts)
