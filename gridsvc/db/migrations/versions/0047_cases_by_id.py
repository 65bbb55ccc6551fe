"""A case is found by its id alone, and no more of its report is read than an action needs."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
