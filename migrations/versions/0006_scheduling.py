"""Scheduling: see sql/0006_scheduling.up.sql."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the statements of the way up."""
    op.get_context().opts["run_sql_file"]("0006_scheduling.up.sql")


def downgrade() -> None:
    """Run the statements of the way down."""
    op.get_context().opts["run_sql_file"]("0006_scheduling.down.sql")
