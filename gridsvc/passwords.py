"""Passwords: made so that people can read them, kept as slow hashes, compared in the same time for everybody."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gridsvc.errors import Refused

MIN_CHARS = 8
MAX_CHARS = 256
NO_HASH = "!"  # what no password has
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # 31 of them, without i, l, o, 0, 1


@cache
def _hasher() -> PasswordHasher:
    # argon2id with 32 MiB: some 50 ms on an office server, and little enough memory for a few logins at a time
    return PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)


@cache
def nobodys_hash() -> str:
    """The hash of a password that nobody has: a login that does not exist takes as long as one that does."""
    return _hasher().hash(secrets.token_urlsafe(32))


def new_password() -> str:
    """A random password of 74 bits that can be read from paper: no letter looks like another one."""
    letters = ["".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3)]
    return "-".join(letters)


def hashed(password: str) -> str:
    """What is stored of a password.

    Raises:
        Refused: `password_length`.
    """
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise Refused("password_length", min=MIN_CHARS, max=MAX_CHARS)
    return _hasher().hash(_bytes(password))


def hashed_anew(stored: str, password: str) -> str | None:
    """The hash that replaces one of an older make, of the same password; None where the stored one is of today's."""
    return _hasher().hash(_bytes(password)) if _hasher().check_needs_rehash(stored) else None


def matches(stored: str, password: str) -> bool:
    """Whether this is the password."""
    try:
        return _hasher().verify(stored, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def _bytes(password: str) -> bytes:
    # half a character is no UTF-8, yet somebody may send one: it is a wrong password, not an error
    return password.encode("utf-8", "surrogatepass")
