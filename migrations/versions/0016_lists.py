"""Lists in the order of an index: see sql/0016_lists.up.sql."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the statements of the way up."""
    op.get_context().opts["run_sql_file"]("0016_lists.up.sql")


def downgrade() -> None:
    """Run the statements of the way down."""
    op.get_context().opts["run_sql_file"]("0016_lists.down.sql")
