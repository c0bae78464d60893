"""Dumps the schema that the migrations make, for migrations/schema.sql. `python -m tests.schema_dump` writes it."""

import asyncio
import re
import subprocess
import tempfile
from pathlib import Path

from scriptjobs.database import migrate
from scriptjobs.embedded import EmbeddedPostgres, find_binaries
from tests.processes import APP

SCHEMA = Path(__file__).parents[1] / "migrations" / "schema.sql"
HEAD = "-- The whole schema today, as pg_dump writes it. Made by `bin/migrate --dump`; a test keeps it true.\n"
# Lines that differ from one server or dump to the next, and say nothing of the schema.
_NOISE = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)\n", re.MULTILINE)


def dump(dsn: str) -> str:
    """The schema of a migrated database, without noise and without the rights of the app's login."""
    done = subprocess.run(
        [str(find_binaries() / "pg_dump"), "--schema-only", "--no-owner", "--exclude-table=alembic_version", dsn],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    schema = re.sub(rf"^GRANT .* TO {APP[0]};\n", "", _NOISE.sub("", done.stdout), flags=re.MULTILINE)
    return HEAD + re.sub(r"\n{3,}", "\n\n", schema).strip() + "\n"


def main() -> None:
    """Migrate a fresh database and write its schema to the file."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(var_dir=Path(folder))
        dsn = server.start()
        try:
            asyncio.run(migrate(dsn))
            SCHEMA.write_text(dump(dsn), encoding="utf-8")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
