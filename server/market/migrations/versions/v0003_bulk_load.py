"""PostgreSQL no longer looks a bar's series up for every row that is stored: that was most of the time of an import."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAME = "prices_series_id_fkey"


def upgrade() -> None:
    """Drop the check where it costs; the store locks a series' row while it writes bars, and deletes them with it."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(_NAME, "prices", type_="foreignkey")


def downgrade() -> None:
    """Check again."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_foreign_key(_NAME, "prices", "series", ["series_id"], ["id"], ondelete="CASCADE")
