"""The columns that a sender names, as parameters of the API and as fields of a form: `contact_field` and so on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, Field, create_model

from geodata.files.headers import MOST_HEADER_ROW
from geodata.files.rows import is_nameless
from gridsvc.errors import Refused
from gridsvc.i18n import Locale, catalogue, translate
from gridsvc.web import schemas
from gridsvc.web.templating import Frame

ENDING = "_field"
HeaderRow = Annotated[
    int | None,
    Field(ge=0, le=MOST_HEADER_ROW, description="row of the column names, counted from 1; 0: there is none"),
]


class Naming(BaseModel):
    """Parameters of a query; `with_fields` adds those of a kind of file."""

    def named(self) -> dict[str, str]:
        """The columns that are named, by field."""
        return {name.removesuffix(ENDING): said for name, said in self if name.endswith(ENDING) and said is not None}


def with_fields(base: type[Naming], roles: Iterable[str], words: str) -> Any:
    """Parameters with one for each field, described in the words of the command (`words`: where these stand)."""
    return create_model(
        base.__name__.removesuffix("Base"), __base__=base, **{f"{role}{ENDING}": _one(words, role) for role in roles}
    )


def _one(words: str, role: str) -> Any:
    about = f"column of the file: {translate(f'{words}.{role}', 'en')}; empty: the file has none"
    return Annotated[schemas.Words | None, Field(max_length=1000, description=about)], None


async def _of_form(request: Request) -> dict[str, str]:
    sent = {name: said for name, said in (await request.form()).items() if name.endswith(ENDING)}
    return {name.removesuffix(ENDING): said for name, said in sent.items() if isinstance(said, str)}


OfForm = Annotated[dict[str, str], Depends(_of_form)]


def row_said(typed: str) -> int | None:
    """The header row that a form says; None: it is looked for.

    Raises:
        Refused: header_row_range.
    """
    if not typed.strip():
        return None
    if not (typed.strip().isdecimal() and int(typed) <= MOST_HEADER_ROW):
        raise Refused("header_row_range", found=typed[:20], limit=MOST_HEADER_ROW, role="header_row")
    return int(typed)


def columns_of(sheet: str | None, header_row: int | None) -> str:
    """Which columns of a file these are: of which sheet, below which row. A choice among others is none of these."""
    return f"{'' if header_row is None else header_row}/{sheet or ''}"


def called(column: str, locale: Locale) -> str:
    """A column as a page calls it: one without a title by its place."""
    return translate("pages.columns.nameless", locale, n=column.rpartition(" ")[2]) if is_nameless(column) else column


def in_words(facts: Mapping[str, Any], locale: Locale) -> dict[str, Any]:
    """The facts of a refusal with the columns they name as a page calls them."""
    return dict(facts) | {name: called(facts[name], locale) for name in ("column", "field") if name in facts}


def at(facts: Mapping[str, object], roles: Iterable[str], otherwise: str) -> str:
    """The field of a form at which a refusal is told: that of the choice it names."""
    return f"a-{facts['role']}" if facts.get("role") in tuple(roles) else otherwise


def said(frame: Frame, code: str, facts: Mapping[str, object], labels: Mapping[str, str]) -> str | None:
    """A refusal of a choice in a page's words, where it has some: fields are called as they are there."""
    own = f"pages.columns.said_{code}"
    if own not in catalogue(frame.lang):
        return None
    named = {name: labels.get(str(facts[name]), facts[name]) for name in ("role", "other") if name in facts}
    return frame.words(own, **(in_words(facts, frame.lang) | named))
