"""What the tables of a campaign must say, counted again in plain Python from its list, the register and all visits."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from gridsvc.db.tables import CELL_COUNTS, CELL_KEY

Cells = dict[tuple[Any, ...], dict[str, int]]


def stored_cells(db: Connection) -> Cells:
    """The cells as they are kept."""
    rows = db.execute(text("SELECT * FROM campaign_cell")).mappings()
    return {tuple(r[k] for k in CELL_KEY): {c: r[c] for c in CELL_COUNTS} for r in rows}


def stored_doors(db: Connection) -> dict[tuple[int, int], tuple[Any, ...]]:
    """How each listed door stands, as it is kept: status, n_visits, n_reached, n_met, most_met, reached_at."""
    rows = db.execute(text("SELECT * FROM campaign_door")).mappings()
    return {
        (r["campaign_id"], r["household_id"]): (
            *(r["status"], r["n_visits"], r["n_reached"], r["n_met"], r["most_met"], r["reached_at"]),
        )
        for r in rows
    }


def effective(db: Connection) -> dict[int, list[dict[str, Any]]]:
    """The visits that hold, by door: not superseded and not withdrawn."""
    rows = [dict(r) for r in db.execute(text("SELECT * FROM visit")).mappings()]
    superseded = {r["supersedes_id"] for r in rows}
    held: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for r in rows:
        if r["id"] not in superseded and r["outcome"] != "withdrawn":
            held[r["household_id"]].append(r)
    return held


def standing(visits: list[dict[str, Any]], campaign: dict[str, Any]) -> tuple[Any, ...]:
    """How a door stands by these visits in the campaign's window."""
    inside = [
        v
        for v in visits
        if campaign["starts_at"] <= v["happened_at"] < campaign["ends_at"] and v["mode"] in campaign["modes"]
    ]
    inside.sort(key=lambda v: (v["happened_at"], v["recorded_at"], v["id"]))
    reached = [v for v in inside if v["outcome"] == "reached"]
    status = "reached" if reached else inside[-1]["outcome"] if inside else "not_visited"
    met = [v["n_met"] for v in reached]
    first: datetime | None = reached[0]["happened_at"] if reached else None
    return status, len(inside), len(reached), sum(met), max(met, default=0), first


def recounted_doors(db: Connection) -> dict[tuple[int, int], tuple[Any, ...]]:
    """How each listed door stands, from all visits."""
    held = effective(db)
    campaigns = {r["id"]: dict(r) for r in db.execute(text("SELECT * FROM campaign")).mappings()}
    listed = db.execute(text("SELECT campaign_id, household_id FROM campaign_door"))
    return {(c, h): standing(held.get(h, []), campaigns[c]) for c, h in listed}


def recounted_cells(db: Connection) -> Cells:
    """The cells, from all visits and the register as it is."""
    homes = {r["id"]: r for r in db.execute(text("SELECT * FROM household")).mappings()}
    times = {r.id: r.n_times for r in db.execute(text("SELECT id, n_times FROM campaign"))}
    targets = {(r.campaign_id, r.household_id): r.targeted for r in db.execute(text("SELECT * FROM campaign_door"))}
    cells: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for key, (status, n_visits, n_reached, n_met, most_met, _) in recounted_doors(db).items():
        home = homes[key[1]]
        cell = cells[key[0], home["grid_version_id"], home["compound_id"], home["class_code"], home["kind"]]
        eligible = home["excluded"] is None
        cell["enumerated"] += 1
        cell["targeted"] += targets[key]
        cell["removed"] += home["removed_at"] is not None
        cell[status if status != "reached" else "reached_enumerated"] += 1
        cell["eligible"] += eligible
        cell["attempted"] += eligible and n_visits > 0
        cell["found"] += eligible and n_visits > 0 and status != "not_found"
        cell["reached"] += eligible and status == "reached"
        cell["completed"] += eligible and n_reached >= times[key[0]]
        cell.update({"n_visits": n_visits, "n_met": n_met, "most_met": most_met})
    return {key: {name: cell[name] for name in CELL_COUNTS} for key, cell in cells.items()}


def stored_grids(db: Connection) -> Cells:
    """The counts by grid as they are kept, without grids that every door has left."""
    rows = db.execute(text("SELECT * FROM campaign_grid")).mappings()
    kept = {(r["campaign_id"], r["grid_version_id"]): {c: r[c] for c in CELL_COUNTS} for r in rows}
    return {key: counts for key, counts in kept.items() if any(counts.values())}


def recounted_grids(db: Connection) -> Cells:
    """The counts by grid, from all visits and the register as it is."""
    summed: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for key, counts in recounted_cells(db).items():
        summed[key[:2]].update(counts)
    return {key: {name: counts[name] for name in CELL_COUNTS} for key, counts in summed.items()}


def assert_right(db: Connection) -> None:
    """Returns where what is kept equals what is counted again, and the register's own marks follow the visits."""
    assert stored_doors(db) == recounted_doors(db)
    assert stored_cells(db) == recounted_cells(db)
    assert stored_grids(db) == recounted_grids(db)
    held = effective(db)
    for row in db.execute(text("SELECT id, reached_at, excluded FROM household")):
        reached = [v["happened_at"] for v in held.get(row.id, []) if v["outcome"] == "reached" and v["mode"] == "door"]
        assert row.reached_at == max(reached, default=None)
    marks = text(
        "SELECT count(*) FROM household h FULL JOIN (SELECT * FROM household_exclusion WHERE ended_at IS NULL) x "
        "ON x.household_id = h.id WHERE h.excluded IS DISTINCT FROM x.reason"
    )
    assert db.scalar(marks) == 0
