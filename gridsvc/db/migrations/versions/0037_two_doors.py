"""Doors that look alike and are two; the class of a door of which nothing else is said."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
