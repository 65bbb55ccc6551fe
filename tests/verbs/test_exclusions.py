"""Doors that leave the denominator: one finds, another confirms, a visit that meets somebody brings them back."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from gridsvc import exclusions
from gridsvc.errors import Conflict, Forbidden, GridsvcError, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from tests.conftest import NOW, RULE
from tests.verbs import recounting
from tests.verbs.conftest import taken_back
from tests.verbs.test_visits import Street

LATER = NOW + timedelta(hours=1)


class Block(Street):
    """The street with a second worker of grid 1, and a planner who sees everything."""

    def __init__(self, db: Connection, rule: Rule) -> None:
        super().__init__(db, rule)
        share = "INSERT INTO duty (worker_id, layer, grid_code, kind) SELECT :w, layer, grid_code, 'deputy' FROM duty WHERE worker_id = :o"
        db.execute(text(share), {"w": self.colleague.worker_id, "o": self.worker.worker_id})
        self.office = self._actor("admin")
        self.door = self.west[0]
        area = text("INSERT INTO area (level, code, name) VALUES ('community', 'C1', 'C1') RETURNING id")
        self.manager = replace(self.manager, area_ids=(int(db.scalar(area) or 0),))
        db.execute(text("UPDATE grid_version SET area_id = :a"), {"a": self.manager.area_ids[0]})

    def eligible(self) -> int:
        return sum(cell["eligible"] for cell in recounting.stored_cells(self.db).values())

    def claims(self, actor: Actor | None = None) -> list[tuple[int, str, bool]]:
        return [(c.household_id, c.reason, c.own) for c in exclusions.waiting(self.db, actor or self.colleague)]


@pytest.fixture(scope="module")
def built(ground_db: Connection) -> Block:
    return Block(ground_db, RULE)


@pytest.fixture
def block(built: Block) -> Iterator[Block]:
    with taken_back(built.db):
        yield copy(built)


def refused(
    block: Block, kind: type[GridsvcError], code: str, actor: Actor, reason: str = "vacant", **more: object
) -> None:
    with pytest.raises(kind) as caught, block.db.begin_nested():
        exclusions.confirm(block.db, block.door, reason, actor, LATER, **more)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_a_second_person_confirms(block: Block) -> None:
    assert block.claims() == []
    block.record(block.draft("vacant"))
    assert block.claims() == [(block.door, "vacant", False)]
    assert block.claims(block.worker) == [(block.door, "vacant", True)]
    assert block.eligible() == 5  # said once is not confirmed
    refused(block, Forbidden, "exclusion_second", block.worker)
    refused(block, Conflict, "exclusion_unclaimed", block.colleague, "not_eligible")
    exclusions.confirm(block.db, block.door, "vacant", block.colleague, LATER)
    assert block.eligible() == 4
    assert block.claims() == []
    refused(block, Conflict, "exclusion_there", block.colleague)
    recounting.assert_right(block.db)


def test_the_same_worker_with_another_account_is_no_second_person(block: Block) -> None:
    block.record(block.draft("vacant"))
    refused(block, Forbidden, "exclusion_second", replace(block.worker, account_id=block.colleague.account_id))
    # nor is the same person in another role
    other_role = replace(block.manager, own_worker_id=block.worker.worker_id)
    refused(block, Forbidden, "exclusion_second", other_role)
    exclusions.confirm(block.db, block.door, "vacant", block.manager, LATER)


def test_a_document_confirms_alone(block: Block) -> None:
    refused(block, Conflict, "exclusion_unclaimed", block.worker, document="  ")
    refused(block, Refused, "exclusion_reason_unknown", block.worker, "gone")
    refused(block, Forbidden, "exclusion_second", block.worker, document="拆迁公告")  # at a door nobody found so
    block.record(block.draft("not_eligible"))
    refused(block, Forbidden, "exclusion_second", block.worker, "not_eligible", document="拆迁公告")
    assert block.eligible() == 5
    exclusions.confirm(block.db, block.door, "not_eligible", block.manager, LATER, "拆迁公告〔2026〕7号")
    assert block.eligible() == 4
    recounting.assert_right(block.db)


def test_only_doors_of_the_own_grids(block: Block) -> None:
    block.record(block.draft("vacant", household_id=block.east[0]), block.colleague)
    assert block.claims(block.worker) == []
    assert len(block.claims(block.office)) == 1
    block.door = block.east[0]
    refused(block, NotFound, "door_unknown", block.worker)
    block.door = 10**12
    refused(block, NotFound, "door_unknown", block.colleague)


def test_a_later_visit_takes_the_claim_away(block: Block) -> None:
    block.record(block.draft("vacant"))
    block.record(block.draft("absent", happened_at=NOW - timedelta(hours=1)))
    assert block.claims() == []
    refused(block, Conflict, "exclusion_unclaimed", block.colleague)


def test_a_withdrawn_claim_is_none(block: Block) -> None:
    made = block.record(block.draft("vacant"))
    block.record(block.draft("withdrawn", supersedes=made.visit_id))
    assert block.claims() == []


@pytest.mark.parametrize("changed", ["withdrawn", "absent"])
@pytest.mark.parametrize("document", [None, "拆迁公告"])
def test_it_ends_with_its_claim_unless_a_document_stands_behind_it(
    block: Block, changed: str, document: str | None
) -> None:
    block.record(block.draft("vacant", happened_at=NOW - timedelta(hours=9)), block.manager)
    made = block.record(block.draft("vacant"))
    exclusions.confirm(block.db, block.door, "vacant", block.colleague, LATER, document)
    block.record(block.draft("absent", household_id=block.west[1]), now=LATER)
    assert block.eligible() == 4
    block.record(block.draft(changed, supersedes=made.visit_id), now=LATER)
    assert block.eligible() == (5 if document is None else 4)
    recounting.assert_right(block.db)


def test_it_stays_where_the_correction_says_the_same(block: Block) -> None:
    made = block.record(block.draft("vacant"))
    exclusions.confirm(block.db, block.door, "vacant", block.colleague, LATER)
    block.record(block.draft("vacant", supersedes=made.visit_id, needs="物业催费单"), now=LATER)
    assert block.eligible() == 4


def test_it_ends_by_a_visit_that_meets_somebody(block: Block) -> None:
    block.record(block.draft("vacant"))
    exclusions.confirm(block.db, block.door, "vacant", block.colleague, LATER)
    block.record(block.draft("absent"), now=LATER)
    assert block.eligible() == 4
    # met before the claim, though told later: it proves nothing
    block.record(block.draft(happened_at=NOW - timedelta(hours=5)), now=LATER)
    assert block.eligible() == 4
    block.record(block.draft(happened_at=NOW - timedelta(minutes=1), mode="phone"), now=LATER)
    assert block.eligible() == 4
    block.record(block.draft(happened_at=NOW - timedelta(minutes=1)), now=LATER)
    assert block.eligible() == 5
    recounting.assert_right(block.db)
    assert block.claims() == []


def test_it_is_ended_by_hand(block: Block) -> None:
    block.record(block.draft("vacant"))
    with pytest.raises(Conflict, match="exclusion_none"), block.db.begin_nested():
        exclusions.end(block.db, block.door, block.colleague, LATER)
    exclusions.confirm(block.db, block.door, "vacant", block.colleague, LATER)
    exclusions.end(block.db, block.door, block.worker, LATER)
    assert block.eligible() == 5
    assert block.claims() == []  # the old finding is done with; a new one waits again
    block.record(block.draft("vacant", happened_at=NOW - timedelta(minutes=1)), now=LATER)
    assert block.claims() == [(block.door, "vacant", False)]
    recounting.assert_right(block.db)


def test_a_claim_is_declined(block: Block) -> None:
    block.record(block.draft("vacant"))
    with pytest.raises(Forbidden, match="exclusion_second"), block.db.begin_nested():
        exclusions.decline(block.db, block.door, block.worker, LATER)
    exclusions.decline(block.db, block.door, block.colleague, LATER)
    assert (block.claims(), block.eligible()) == ([], 5)
    with pytest.raises(Conflict, match="exclusion_none"), block.db.begin_nested():
        exclusions.decline(block.db, block.door, block.colleague, LATER)
    recounting.assert_right(block.db)


def test_a_door_off_the_register_has_no_claim(block: Block) -> None:
    block.record(block.draft("vacant"))
    block.db.execute(text("UPDATE household SET removed_at = registered_at WHERE id = :d"), {"d": block.door})
    assert block.claims() == []
    refused(block, NotFound, "door_unknown", block.colleague)
