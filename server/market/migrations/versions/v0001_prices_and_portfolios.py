"""Prices, portfolios and facts about the store itself.

Written out, and not made from `tables`, because a migration says what was made then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("symbol", name, nullable=False),
        sa.Column("source", name, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("category", name, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("frequency", sa.Text, nullable=False),
        sa.Column("acknowledgement", sa.Text, nullable=False),
        sa.Column("has_bars", sa.Boolean, nullable=False),
        sa.Column("has_volume", sa.Boolean, nullable=False),
        sa.Column("first_ns", sa.BigInteger),
        sa.Column("last_ns", sa.BigInteger),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("stored_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="series_pkey"),
    )
    op.create_index("series_symbol_source_idx", "series", ["symbol", "source"], unique=True)
    op.create_index("series_source_symbol_idx", "series", ["source", "symbol"])
    op.create_table(
        "prices",
        sa.Column("series_id", sa.Integer, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("close", sa.Double, nullable=False),
        sa.Column("open", sa.Double),
        sa.Column("high", sa.Double),
        sa.Column("low", sa.Double),
        sa.Column("volume", sa.Double),
        sa.Column("stored_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("series_id", "time_ns", name="prices_pkey"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="prices_series_id_fkey", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "portfolios",
        sa.Column("name", name, nullable=False),
        sa.Column("holdings", sa.Text, nullable=False),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("update_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="portfolios_pkey"),
    )
    op.create_table(
        "facts",
        sa.Column("name", name, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="facts_pkey"),
    )


def downgrade() -> None:
    """Drop them, and with them all prices."""
    for table in ("facts", "portfolios", "prices", "series"):
        op.drop_table(table)
