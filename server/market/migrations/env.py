"""Run by Alembic: uses the connection and the transaction that it is given, and opens none of its own."""

from alembic import context

from riskwave.server.market.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
