"""Prices that their source has changed after the fact: until now a list in a fact, from now on a table."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PREFIX = "restated."


def upgrade() -> None:
    """Make the table and move what was found before into it."""
    table = op.create_table(
        "revisions",
        sa.Column("series_id", sa.Integer, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("found_ns", sa.BigInteger, nullable=False),
        sa.Column("close", sa.Double, nullable=False),
        sa.Column("open", sa.Double),
        sa.Column("high", sa.Double),
        sa.Column("low", sa.Double),
        sa.Column("volume", sa.Double),
        sa.Column("new_close", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("series_id", "time_ns", "found_ns", name="revisions_pkey"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="revisions_series_id_fkey", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    facts = sa.table("facts", sa.column("name"), sa.column("value"))
    series = sa.table("series", sa.column("id"), sa.column("symbol"), sa.column("source"))
    ids = {f"{_PREFIX}{row.source}.{row.symbol}": row.id for row in connection.execute(sa.select(series))}
    held = connection.execute(sa.select(facts).where(facts.c.name.startswith(_PREFIX, autoescape=True))).all()
    for name, value in held:
        found = {(time_ns, found_ns): (old, new) for time_ns, old, new, found_ns in json.loads(value)}
        rows = [
            {"series_id": ids[name], "time_ns": time_ns, "found_ns": found_ns, "close": old, "new_close": new}
            for (time_ns, found_ns), (old, new) in found.items()
            if name in ids
        ]
        if rows:
            connection.execute(sa.insert(table), rows)
        connection.execute(sa.delete(facts).where(facts.c.name == name))


def downgrade() -> None:
    """Forget the earlier values."""
    op.drop_table("revisions")
