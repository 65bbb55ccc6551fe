"""Who sent a report: the hash of the secret of the own link, and what the person left to be reached by."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gridsvc.db import tables as t


@dataclass(frozen=True)
class Reporter:
    """What a sender left; all of it is optional. `secret_sha256` is 64 hexadecimal digits; the secret stays there."""

    secret_sha256: str | None = None
    name: str | None = None
    phone: str | None = None
    address: str | None = None


def register(
    db: Connection,
    report_id: int,
    secret_hash: bytes | None,
    name: str | None = None,
    phone: str | None = None,
    address: str | None = None,
) -> None:
    """Stores who is behind a new report: the hash of the link's secret, and what the person left."""
    if any(one is not None for one in (secret_hash, name, phone, address)):
        row = {"report_id": report_id, "secret_hash": secret_hash, "linked": secret_hash is not None}
        db.execute(t.reporter.insert(), row | {"name": name, "phone": phone, "address": address})
