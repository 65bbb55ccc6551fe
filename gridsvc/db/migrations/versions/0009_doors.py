"""The register of doors, visits with their circumstances, campaigns with their frozen lists and counts."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
