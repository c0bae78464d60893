"""Stored previews of uploads: see sql/0017_previews.up.sql."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the statements of the way up."""
    op.get_context().opts["run_sql_file"]("0017_previews.up.sql")


def downgrade() -> None:
    """Run the statements of the way down."""
    op.get_context().opts["run_sql_file"]("0017_previews.down.sql")
