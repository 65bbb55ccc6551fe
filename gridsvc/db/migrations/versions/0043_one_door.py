"""Doors that look alike and are one: the entry that goes points to the one that stays."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
