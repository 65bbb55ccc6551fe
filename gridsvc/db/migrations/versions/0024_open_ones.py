"""What a worklist asks of open reports stands beside them; a current placement knows how its report ended."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
