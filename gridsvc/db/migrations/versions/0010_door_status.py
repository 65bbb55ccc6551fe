"""How doors stand in a window of visits, and which counts of a campaign each adds to."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
