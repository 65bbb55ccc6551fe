"""The case loop: departments, responsibility, the case of a report, its hash-chained log."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
