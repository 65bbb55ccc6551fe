"""Digests of many log rows that say the same are made from the words they share."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
