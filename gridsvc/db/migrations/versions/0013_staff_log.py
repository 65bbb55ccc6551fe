"""Every change of accounts and duty in a log that only grows; a limit for verification."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
