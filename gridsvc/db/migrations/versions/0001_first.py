"""The first schema: areas, grids in editions, compounds, doors, visits, workers, accounts, reports, placements."""

from alembic import op

from gridsvc.db.statements import statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in statements(__file__):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is brought back from a dump, not downgraded")
