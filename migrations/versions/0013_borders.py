"""Borders of the database: see sql/0013_people.up.sql and sql/0013_borders.up.sql."""

from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the statements of the way up."""
    for name in ("people", "borders"):
        op.get_context().opts["run_sql_file"](f"0013_{name}.up.sql")


def downgrade() -> None:
    """Run the statements of the way down."""
    for name in ("borders", "people"):
        op.get_context().opts["run_sql_file"](f"0013_{name}.down.sql")
