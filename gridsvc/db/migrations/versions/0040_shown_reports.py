"""Which reports a reader sees on a map is said once, for tiles, pictures and paper."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
