"""Every text that somebody can write, each with a canary of its own that says where it was written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, CheckConstraint, Connection, String, text
from sqlalchemy.dialects.postgresql import JSONB

from gridsvc import campaigns, households
from gridsvc.campaigns import Wanted
from gridsvc.db.tables import metadata
from gridsvc.households import Door
from tests.conftest import NOW
from tests.through import ADMIN
from tests.web.county import BEGIN, CANARY, RULE, County

# What people write: in forms, files, over the API. A column that is not here is named below with why not.
FREE = {
    "account": ("name",),
    "area": ("name",),
    "basemap": ("name",),
    "calendar_day": ("name",),
    "calendar_year": ("source",),
    "campaign": ("name", "by_whom", "questions"),
    "category": ("name_zh", "name_en"),
    "category_condition": (
        *("class_name", "name", "text", "limit_raw", "closing", "supervisors", "responsibles", "legal_basis"),
        *("clauses", "notes", "milestones"),
    ),
    "category_sheet": ("name", "file"),
    "compound": ("name", "aliases"),
    "credential": ("label",),
    "department": ("name",),
    "device": ("name",),
    "grid_version": ("name",),
    "household": ("building", "unit", "room", "name", "contact_name", "contact_phone"),
    "household_class": ("name_zh", "name_en"),
    "household_exclusion": ("document",),
    "household_log": ("note",),
    "joined": ("phone",),
    "photo_redaction": ("reason",),
    "placement": ("reason",),
    "released": ("words",),
    "report": ("number", "description", "words", "category_raw"),
    "report_log": ("note",),
    "reporter": ("name", "phone", "address", "for_name", "for_phone"),
    "responsibility": ("source",),
    "saved_query": ("name",),
    "visit": ("needs", "answers"),
    "worker": ("name",),
}
# Texts that nobody writes freely, beside those that a constraint lists or that refer to another table's.
KEYS = "names a thing in files and addresses; checked where it comes in"
CODES = "codes of the service's own"
MADE = "made by the service of what others wrote"
BOUND = {
    **{
        (table, "code"): KEYS
        for table in ("area", "category", "household_class", "worker", "department", "grid_version")
    },
    **{(table, "source"): KEYS for table in ("basemap", "compound", "household", "report")},
    ("account", "also_roles"): CODES,
    ("account", "login"): KEYS,
    ("account", "password_hash"): MADE,
    ("basemap", "class"): CODES,
    ("campaign", "class_codes"): KEYS,
    ("campaign", "code"): KEYS,
    ("campaign", "kinds"): CODES,
    ("campaign", "modes"): CODES,
    ("campaign_cell", "class_code"): KEYS,
    ("campaign_cell", "kind"): CODES,
    ("campaign_was", "modes"): CODES,
    ("category", "initials"): MADE,
    ("category", "taxonomy"): KEYS,
    ("category_condition", "limit_problem"): CODES,
    ("compound", "ref"): KEYS,
    ("compound_name", "initials"): MADE,
    ("compound_name", "key"): MADE,
    ("deletion_record", "rule"): CODES,
    ("deletion_record", "what"): CODES,
    ("duty", "grid_code"): KEYS,
    ("household", "tag"): MADE,
    ("household_log", "account_role"): CODES,
    ("household_log", "fields"): CODES,
    ("household_was", "class_code"): KEYS,
    ("household_was", "kind"): CODES,
    ("photo_redaction", "boxes"): "numbers",
    ("placement", "ended"): MADE,
    ("placement", "runners_up"): MADE,
    ("report", "channel"): CODES,
    ("report", "crs"): KEYS,
    ("report", "due_limit"): MADE,
    ("report", "measured_crs"): KEYS,
    ("report", "milestones"): MADE,
    ("report", "said"): MADE,
    ("report", "step"): MADE,
    ("report_log", "action"): CODES,
    ("report_log", "facts"): "codes, numbers and instants; what a person says is the note",
    ("report_log", "from_state"): CODES,
    ("report_log", "to_state"): CODES,
    ("responsibility", "category"): KEYS,
    ("saved_query", "query"): "an address's query, checked as one",
    ("staff_log", "actor_role"): CODES,
    ("staff_log", "changes"): MADE,
    ("staff_log", "subject"): MADE,
    ("visit", "crs"): KEYS,
    ("visit", "policies"): CODES,
}
# Which rows get theirs, where not all may have it.
ONLY = {("report", "number"): "description LIKE 'outside%'"}
# The table whose changes the service writes down itself; the triggers of others forbid changes, or count them.
LOGGED = "account"


def columns() -> Iterator[tuple[str, str]]:
    """Every column of the tables that holds text, alone, in a list or in JSON, and that no constraint lists the values of."""
    for table in metadata.sorted_tables:
        listed = {
            one.name for one in table.constraints if isinstance(one, CheckConstraint) and " IN (" in str(one.sqltext)
        }
        for column in table.columns:
            if column.foreign_keys or f"{table.name}_{column.name}_check" in listed or column.name in listed:
                continue
            kind = column.type.item_type if isinstance(column.type, ARRAY) else column.type
            if isinstance(kind, String | JSONB):
                yield table.name, column.name


def canary(table: str, column: str) -> str:
    """What is written into a column, and nowhere else."""
    return f"{CANARY} x{{#${{window.__x=1}}`«{table}.{column}»"


def fill(db: Connection, county: County) -> None:
    """Nothing; afterwards each free column has its canary, wherever it had words. As the tables' owner."""
    _rows(db, county)
    for table, names in FREE.items():
        if table != LOGGED:
            db.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        for name in sorted(names, key=lambda name: (table, name) in ONLY, reverse=True):
            rows = ONLY.get((table, name), "true")
            change = text(f"UPDATE {table} SET {name} = {_value(table, name)} WHERE {rows}")
            db.execute(change, {"said": canary(table, name)})
        if table != LOGGED:
            db.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def _value(table: str, name: str) -> str:
    kind = metadata.tables[table].c[name].type
    if name == "milestones":
        return (
            "(SELECT coalesce(jsonb_agg(one || jsonb_build_object('name', CAST(:said AS text))), '[]')"
            " FROM jsonb_array_elements(milestones) one)"
        )
    if isinstance(kind, JSONB):
        return "jsonb_build_object(CAST(:said AS text), CAST(:said AS text))"
    return f"{name} || CAST(:said AS text)" if isinstance(kind, ARRAY) else f"coalesce({name}, '') || :said"


def n_written(db: Connection) -> dict[tuple[str, str], int]:
    """In how many rows each free column has its canary."""
    found = {}
    for table, names in FREE.items():
        for name in names:
            question = text(f"SELECT count(*) FROM {table} WHERE strpos(CAST({name} AS text), :said) > 0")
            found[table, name] = int(db.scalar(question, {"said": f"«{table}.{name}»"}) or 0)
    return found


def _rows(db: Connection, county: County) -> None:
    """Rows in the tables that the county leaves empty."""
    days = {"starts_on": date(2026, 10, 20), "ends_on": date(2026, 11, 20)}
    wanted = Wanted("走访", **days, kinds=("household", "shop"), questions=("几口人",), by_whom="街道")
    shop = Door(county.compounds["1"], "1幢", "无", "铺1", 110.004, 23.004, kind="shop", name="小店")
    households.register(db, [shop], BEGIN, RULE)
    campaigns.create(db, "canary", wanted, ADMIN, NOW, ZoneInfo("Asia/Shanghai"))
    campaigns.draw(db, "canary", NOW)
    for statement in _STATEMENTS:
        db.execute(text(statement), {"at": NOW})


_FIRST = "(SELECT min(id) FROM report)"
_ADMIN = "(SELECT id FROM account WHERE login = 'admin')"
_SHOP = "(SELECT id FROM household WHERE kind = 'shop')"
_STATEMENTS = (
    "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at, needs)"
    f" VALUES (gen_random_uuid(), {_SHOP}, 'absent', :at, :at, '')",
    f"INSERT INTO saved_query (account_id, name, query, saved_at) VALUES ({_ADMIN}, '', 'campaign=canary&by=grid', :at)",
    "INSERT INTO device (account_id, name, kind, token_hash, created_at, expires_at)"
    f" VALUES ({_ADMIN}, '', 'session', decode(repeat('ab', 32), 'hex'), :at, CAST(:at AS timestamptz) + interval '9 days')",
    f"INSERT INTO household_exclusion (household_id, reason, document, claimed_at, confirmed_by, confirmed_at) VALUES"
    f" ({_SHOP}, 'vacant', '', :at, {_ADMIN}, :at)",
    f"INSERT INTO joined (report_id, client_key, phone, at) VALUES ({_FIRST}, gen_random_uuid(), '', :at)",
    f"INSERT INTO released (report_id, words, shown, actor_id, at) VALUES ({_FIRST}, '', true, {_ADMIN}, :at)",
    "INSERT INTO photo (sha256, file_sha256, version, width, height, n_bytes, sent_format, sent_bytes, received_at) VALUES"
    " (decode(repeat('cd', 32), 'hex'), decode(repeat('cd', 32), 'hex'), 2, 9, 9, 9, 'jpeg', 9, :at)",
    f"INSERT INTO report_photo (report_id, seq, sha256, place, kind) VALUES ({_FIRST}, 1,"
    " decode(repeat('cd', 32), 'hex'), 1, 'reference')",
    "INSERT INTO photo_redaction (sha256, version, before_sha256, boxes, reason, actor_id, at) VALUES"
    f" (decode(repeat('cd', 32), 'hex'), 2, decode(repeat('ef', 32), 'hex'), '[]', '', {_ADMIN}, :at)",
    "INSERT INTO reporter (report_id, linked) SELECT min(id), true FROM report ON CONFLICT DO NOTHING",
    f"INSERT INTO household_log (household_id, at, action, note, fields) VALUES ({_SHOP}, :at, 'changed', '', '{{}}')",
    "INSERT INTO calendar_year (year, source, by_hand, filled_at) VALUES (2026, '', true, :at) ON CONFLICT DO NOTHING",
    "INSERT INTO calendar_day (year, day, works, name) VALUES (2026, '2026-05-04', true, '') ON CONFLICT DO NOTHING",
    "INSERT INTO household_class (code, name_zh, name_en) VALUES ('canary', '', '')",
)
