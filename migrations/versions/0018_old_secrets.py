"""Secrets of ended jobs are erased: see sql/0018_old_secrets.up.sql."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the statements of the way up."""
    op.get_context().opts["run_sql_file"]("0018_old_secrets.up.sql")


def downgrade() -> None:
    """Run the statements of the way down."""
    op.get_context().opts["run_sql_file"]("0018_old_secrets.down.sql")
