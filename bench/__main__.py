"""All benchmarks in one run: `bin/bench [create] [claim] [start] [watch] [drain] [depth] [lists] [rescue] [scripts]`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from bench import claim, create, depth, drain, lists, rescue, scripts, start, watch
from scriptjobs.database import migrate
from scriptjobs.embedded import EmbeddedPostgres
from tests.processes import start_portal

PARTS = {
    "create": create.run, "claim": claim.run, "start": start.run, "watch": watch.run,
    "drain": drain.run, "depth": depth.run, "lists": lists.run, "rescue": rescue.run, "scripts": scripts.run,
}  # fmt: skip


def main() -> None:
    """Run the parts that were named, or all, on the embedded server as the demo runs it (durable writes)."""
    wanted = sys.argv[1:] or list(PARTS)
    with tempfile.TemporaryDirectory(prefix="script-jobs-bench-") as folder:
        scratch = Path(folder)
        scratch.chmod(0o755)
        server = EmbeddedPostgres(var_dir=scratch / "postgres")
        dsn = server.start()
        try:
            asyncio.run(migrate(dsn))
            with start_portal(scratch) as portal:
                for name in wanted:
                    PARTS[name](scratch, dsn, portal)
        finally:
            server.stop()


main()
