"""Whether a resident had a link to a report, kept when retention blanks the link itself."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
