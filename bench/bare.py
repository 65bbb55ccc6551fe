"""The bare apps that `bench.submit` compares with: FastAPI and psycopg, one statement a request, nothing else."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from fastapi import FastAPI
from pydantic import BaseModel

URL = os.environ["BARE_URL"]
SCHEMA = os.environ["BARE_SCHEMA"]
POOL_SIZE = 10

INSERT = """
INSERT INTO bare_report (geom, grid_version_id, category, description)
SELECT p.geom, (SELECT id FROM grid_version g WHERE ST_Covers(g.geom, p.geom) ORDER BY code LIMIT 1), %s, %s
FROM (SELECT ST_SetSRID(ST_MakePoint(%s, %s), 4326) AS geom) p
RETURNING id, grid_version_id
"""
LOCATE = "SELECT code FROM grid_version WHERE ST_Covers(geom, ST_SetSRID(ST_MakePoint(%s, %s), 4326)) LIMIT 1"

pool: queue.LifoQueue[psycopg.Connection] = queue.LifoQueue()
for _ in range(POOL_SIZE):
    pool.put(psycopg.connect(URL, options=f"-c search_path={SCHEMA},public"))
app = FastAPI()


class Location(BaseModel):
    """A point in EPSG:4326."""

    lon: float
    lat: float
    crs: str


class Body(BaseModel):
    """The fields of the real one, unchecked."""

    client_key: str
    category: str
    description: str
    location: Location


@contextmanager
def connection() -> Iterator[psycopg.Connection]:
    """One of the open connections, its transaction committed when the block ends."""
    one = pool.get()
    try:
        with one.transaction():
            yield one
    finally:
        pool.put(one)


@app.post("/reports", status_code=201)
def submit(body: Body) -> dict[str, object]:
    """Inserts and places in one statement."""
    with connection() as db:
        values = (body.category, body.description, body.location.lon, body.location.lat)
        row = db.execute(INSERT, values).fetchone()
    return {"number": row and row[0], "grid": row and row[1]}


@app.get("/locate")
def locate(lon: float, lat: float) -> dict[str, object]:
    """One ST_Covers."""
    with connection() as db:
        row = db.execute(LOCATE, (lon, lat)).fetchone()
    return {"code": row and row[0]}
