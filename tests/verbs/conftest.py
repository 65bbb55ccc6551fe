"""The small county, made once for all files that read it and change it in transactions of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from tests.conftest import Fresh, Maker, rolled_back
from tests.web import county as counties
from tests.web.county import County


@pytest.fixture(scope="session")
def county_made(maker: Maker) -> Iterator[tuple[Fresh, County]]:
    """A schema with the county, and what is known of it: tests roll back."""
    with maker() as made:
        with made.begin() as db:
            county = counties.build(db)
        yield made, county


@pytest.fixture
def county_db(county_made: tuple[Fresh, County]) -> Iterator[Connection]:
    """The serving role's connection to the county; rolled back."""
    with rolled_back(county_made[0]) as connection:
        yield connection


@pytest.fixture
def county(county_made: tuple[Fresh, County]) -> County:
    """What is known of it."""
    return county_made[1]


@pytest.fixture(scope="module")
def ground_db(empty_schema: Fresh) -> Iterator[Connection]:
    """The serving role's connection to an empty schema for what all tests of a file begin with; rolled back after them.

    Its tests take back what they do, and use no `db` beside it: another connection would wait for what is not committed.
    """
    with rolled_back(empty_schema) as connection:
        yield connection


@contextmanager
def taken_back(db: Connection) -> Iterator[None]:
    """Undoes what is done in the block, and leaves what was there before."""
    nested = db.begin_nested()
    try:
        yield
    finally:
        nested.rollback()
