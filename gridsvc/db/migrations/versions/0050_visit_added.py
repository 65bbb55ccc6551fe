"""A visit is added to how its door stands as it is stored, and says in which role its account recorded it."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
