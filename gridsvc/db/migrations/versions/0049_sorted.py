"""A worklist is sorted by what a narrow index of open reports holds, in which one is found by its id too."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
