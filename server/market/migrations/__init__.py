"""Changes of the store's tables, run by Alembic; `riskwave.server.market.database.Database.upgrade` starts them.

To change the tables: change `riskwave.server.market.tables`, add a module to `versions` whose ``down_revision`` is the
newest one, and set ``SCHEMA_VERSION``. A test holds the tables that the modules make to those that the code expects.
"""
