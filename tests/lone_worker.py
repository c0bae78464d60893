"""A worker without a database: a guard, and one run whose processes leave everything behind. Tests kill it."""

import asyncio
import sys
from pathlib import Path

from scriptjobs.runner import guard
from scriptjobs.runner.folders import RunFolders
from scriptjobs.runner.guard import keep_guard
from scriptjobs.runner.process import RunnerConfig, ScriptProcess

LEASE_S = 3.0
guard.ANSWER_TIMEOUT_S = 1.0


async def main(root: Path, token: str, ways: list[str]) -> None:
    """Renew the lease until killed."""
    folders = RunFolders("lone", root)
    guarding = asyncio.create_task(keep_guard(folders.home))
    command = (sys.executable, "-m", "tests.escaping", token, *ways)
    config = RunnerConfig(job_types_package="none", portal_url="none", command=command)
    process = await ScriptProcess.start(config, folders.new())
    await process.hand_over({"jobType": "none", "lease": LEASE_S})
    reading = asyncio.ensure_future(anext(process.reports()))
    while not guarding.done() and not reading.done():
        await asyncio.sleep(LEASE_S / 10)
        await process.extend(LEASE_S)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
