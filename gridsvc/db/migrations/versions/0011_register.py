"""What was done to a door and by whom, doors that look alike, deletions of what was kept about a door."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
