"""Who sent a report: the hash of the secret of the own link, and what the person left to be reached by."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gridsvc.db import tables as t


@dataclass(frozen=True)
class Reporter:
    """What a sender left; all of it is optional. `secret_sha256` is 64 hexadecimal digits; the secret stays there.

    `for_name`, `for_phone` are those of somebody else for whom it is reported; `tell` says who of the two is told:
    reporter, concerned or both.
    """

    secret_sha256: str | None = None
    name: str | None = None
    phone: str | None = None
    address: str | None = None
    for_name: str | None = None
    for_phone: str | None = None
    tell: str | None = None

    def said(self) -> dict[str, str | None]:
        """What goes into a draft's fingerprint: what came later only where it was said, for older drafts lack it."""
        later = ("for_name", "for_phone", "tell")
        return {name: value for name, value in vars(self).items() if value is not None or name not in later}


def register(
    db: Connection,
    report_id: int,
    secret_hash: bytes | None,
    name: str | None = None,
    phone: str | None = None,
    address: str | None = None,
    *,
    concerned: tuple[str | None, str | None] = (None, None),
    tell: str | None = None,
) -> None:
    """Stores who is behind a new report: the hash of the link's secret, and what the person left.

    Args:
        concerned: name and phone of somebody else for whom it is reported.
        tell: who of the two is told.
    """
    if any(one is not None for one in (secret_hash, name, phone, address, *concerned)):
        row: dict[str, object] = {"report_id": report_id, "secret_hash": secret_hash, "linked": secret_hash is not None}
        row |= {"name": name, "phone": phone, "address": address, "tell": tell}
        db.execute(t.reporter.insert(), row | {"for_name": concerned[0], "for_phone": concerned[1]})
