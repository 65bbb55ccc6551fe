"""Which reports are of the same thing at the same place: one question, asked when one is sent and when one is read."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
