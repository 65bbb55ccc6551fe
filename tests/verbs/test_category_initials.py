"""The first letters of categories' names: there after every save, and new with a new name."""

from __future__ import annotations

from sqlalchemy import Connection, text

from gridsvc import categories
from gridsvc.categories import Category


def test_initials_follow_the_name(db: Connection) -> None:
    categories.save(db, [Category("x1", "道路破损", "Water"), Category("x2", "垃圾", "Litter")])
    first = categories.initials_by_code(db)
    assert (first["x1"], first["x2"]) == ("dlps", "lj")
    categories.save(db, [Category("x1", "路灯破损", "Dark"), Category("x2", "垃圾", "Rubbish")])
    then = categories.initials_by_code(db)
    assert (then["x1"], then["x2"]) == ("ldps", "lj")


def test_rows_from_before_there_were_any_get_theirs(db: Connection) -> None:
    categories.save(db, [Category("x1", "道路破损", "Water")])
    db.execute(text("UPDATE category SET initials = NULL WHERE code = 'x1'"))
    assert "x1" not in categories.initials_by_code(db)
    assert categories.complete_initials(db) == 1
    assert categories.complete_initials(db) == 0
    assert categories.initials_by_code(db)["x1"] == "dlps"
