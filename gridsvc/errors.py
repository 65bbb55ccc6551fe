"""What can go wrong, as a stable code and facts: no HTTP and no language in it.

The doors turn a code into a status or an exit code, and into words (`gridsvc.i18n`).
"""

from __future__ import annotations


class GridsvcError(Exception):
    """A refusal with a stable snake_case `code` and the `facts` its sentence needs."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts
        told = ", ".join(f"{name}={value}" for name, value in facts.items())
        super().__init__(f"{code} ({told})" if told else code)


class Refused(GridsvcError):
    """The input is wrong; nothing was changed."""


class NotFound(GridsvcError):
    """The thing named does not exist for this caller."""


class Conflict(GridsvcError):
    """The thing named is in another state than the caller believes."""


class NotAuthenticated(GridsvcError):
    """Nobody is logged in, or the proof is wrong or expired."""


class Forbidden(GridsvcError):
    """Somebody is logged in who may not do this."""


class TooMany(GridsvcError):
    """Too many attempts; `retry_after_s` in the facts."""


class Unavailable(GridsvcError):
    """Something the service stands on is not there: database, PostGIS, a published edition."""
