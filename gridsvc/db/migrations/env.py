"""Alembic's entry: runs on the connection that `gridsvc.db.migrate` hands over, in that connection's schema."""

from alembic import context

from gridsvc.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table_schema=context.config.attributes["schema"],
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
