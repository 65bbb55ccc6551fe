"""`gridsvc demo`: the invented town, one login per role, and the service, in one command."""

from __future__ import annotations

import argparse
import json
import os
import secrets
from pathlib import Path

from rich.progress import Progress
from sqlalchemy import Connection, func, select

from geodata import town
from gridsvc import accounts, demo
from gridsvc.cli import serve
from gridsvc.cli.door import Door
from gridsvc.db import embedded, migrate
from gridsvc.db import tables as t
from gridsvc.db.engine import database, transaction
from gridsvc.photo_files import Files

LOGINS = "demo-logins.json"
# login, its name, its role, the areas it keeps, its department, the worker behind it
_PEOPLE = (
    ("admin", "系统管理员", "admin", (), None, None),
    ("planner", "规划员", "planner", (), None, None),
    ("leader", "分管领导", "leader", ("990101",), None, None),
    ("dispatcher", "派遣员", "dispatcher", ("990101",), None, None),
    ("manager", "网格管理员", "manager", ("990101001",), None, None),
    ("handler", "环卫承办人", "handler", (), "D01", None),
    ("checker", "核查员", "checker", ("990101",), None, None),
    ("worker", "网格员", "worker", (), None, "W042"),
)


def run(door: Door, args: argparse.Namespace) -> int:
    """Migrates, fills an empty schema with the town, prints the logins, serves until Ctrl-C."""
    settings = serve.chosen(door.settings, args, door.locale).model_copy(update={"mode": "demo"})
    serve.check_address(settings, has_demo_accounts=True)  # before minutes of filling, and before it is said to run
    serve.check_port(settings)
    door.say(door.word("demo.database"))
    with database(settings) as (app_url, owner_url):
        if settings.database_url is None:
            door.say(door.word("demo.files", folder=embedded.status(settings.data_dir).pgdata))
        migrate.upgrade(owner_url, settings.db_schema, app_url)
        _fill(door, app_url, Files(settings.photo_folder))
        logins = _logins(door, app_url)
        door.say(door.word("demo.ready", address=serve.address(settings)))
        for login, password in logins.items():
            door.say(f"  {login:<10} {password}")
        return serve.serve(settings, app_url)


def _fill(door: Door, app_url: str, files: Files) -> None:
    with transaction(app_url, door.settings.db_schema) as db:
        if not demo.is_empty(db):
            return
        made = town.build(door.now.astimezone(door.settings.zone).date())
        with Progress(transient=True) as bars:
            tasks = {}

            def show(what: str, done: int, of: int) -> None:
                if what not in tasks:
                    tasks[what] = bars.add_task(door.word(f"demo.{what}"), total=of)
                bars.update(tasks[what], completed=done)

            demo.seed(db, made, door.rule, files, show)


def _logins(door: Door, app_url: str) -> dict[str, str]:
    """The demo logins with their passwords: random ones, made once and kept beside the data, readable by its owner."""
    path: Path = door.settings.data_dir / LOGINS
    with transaction(app_url, door.settings.db_schema) as db:
        have = {account.login for account in accounts.listed(db)}
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        for login, name, role, area_codes, department_code, worker_code in _PEOPLE:
            worker = _busiest(db) or worker_code if worker_code else None
            if login in have and login in known:
                continue
            known[login] = secrets.token_urlsafe(9)
            if login in have:
                accounts.set_password(db, login, known[login])
                continue
            accounts.create(
                db,
                login=login,
                name=name,
                role=role,
                password=known[login],
                area_codes=area_codes,
                department_code=department_code,
                worker_code=worker,
                demo=True,
            )
        _keep(path, known)
    return dict(known)


def _busiest(db: Connection) -> str | None:
    """The worker with the most open reports, who has something to show."""
    p, r, w = t.placement.c, t.report.c, t.worker.c
    counted = select(w.code).join_from(t.worker, t.placement, (p.worker_id == w.id) & p.to_at.is_(None))
    counted = counted.join(t.report, (r.id == p.report_id) & r.open)
    return db.scalar(counted.group_by(w.code).order_by(func.count().desc(), w.code).limit(1))


def _keep(path: Path, logins: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(logins, file, ensure_ascii=False, indent=1)
    fresh.replace(path)
