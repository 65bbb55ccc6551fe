"""What changed since a snapshot is found by transaction, and a commit that adds to the log tells who listens."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
