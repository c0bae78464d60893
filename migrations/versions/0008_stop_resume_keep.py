"""Stop, resume, keep: see sql/0008_stop_resume_keep.up.sql."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the statements of the way up."""
    op.get_context().opts["run_sql_file"]("0008_stop_resume_keep.up.sql")


def downgrade() -> None:
    """Run the statements of the way down."""
    op.get_context().opts["run_sql_file"]("0008_stop_resume_keep.down.sql")
