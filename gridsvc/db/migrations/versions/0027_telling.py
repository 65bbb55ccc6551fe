"""One transaction at a time tells of the log: those beside it commit without waiting for one another."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
