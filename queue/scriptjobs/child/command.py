"""A script in another language: its command, its payload in a private file, nothing inherited but what is listed.

This process stays its supervisor: it passes on the output by lending its own, and ends the whole group when the lease
runs out. What the command prints is read at the worker (`runner/foreign.py`).
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from scriptjobs.errors import ScriptError
from scriptjobs.job_types import JobType

PAYLOAD_FILE = "payload.json"
# Where a command names this, the path of the payload's file is put in.
PLACE = "{payload}"


async def run_command(job_type: JobType, order: dict[str, Any], orders: asyncio.Queue[dict[str, Any] | None]) -> int:
    """Run the type's command to its end, or until a word comes to stop. Returns its exit status; a signal that killed
    it counts as 128 and its number.

    Raises:
        ScriptError: the command cannot be started.
    """
    path = Path.cwd() / PAYLOAD_FILE  # the private folder of the run
    content = json.dumps(_with_paths(order["payload"], order.get("files", {})), ensure_ascii=False)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    try:
        process = await asyncio.create_subprocess_exec(
            *(part.replace(PLACE, str(path)) for part in job_type.command),
            stdin=asyncio.subprocess.DEVNULL, env=_environment(order["environment"]),
        )  # fmt: skip
        status = await _wait(process, orders)
    except OSError as error:
        raise ScriptError(f"The command {job_type.command[0]} cannot be started: {error.strerror}.") from error
    finally:
        path.unlink(missing_ok=True)
    return 128 - status if status < 0 else status


async def _wait(process: asyncio.subprocess.Process, orders: asyncio.Queue[dict[str, Any] | None]) -> int:
    """Its exit status. It is asked to end when the worker says so, or when this process itself is."""
    ended = asyncio.ensure_future(process.wait())
    stop = asyncio.ensure_future(orders.get())
    try:
        await asyncio.wait({ended, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            process.terminate()
        return await ended
    except asyncio.CancelledError:
        process.terminate()
        raise
    finally:
        stop.cancel()


def _environment(listed: dict[str, str]) -> dict[str, str]:
    """What every process needs, and what the operator listed; nothing else."""
    needed = ("PATH", "HOME", "TMPDIR")
    return {name: os.environ[name] for name in needed if name in os.environ} | listed


def _with_paths(value: Any, files: dict[str, str]) -> Any:
    """The payload with each id of an uploaded file replaced by where the file lies."""
    if isinstance(value, dict):
        return {key: _with_paths(item, files) for key, item in value.items()}  # type: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_with_paths(item, files) for item in value]  # type: ignore[reportUnknownVariableType]
    return files.get(value, value) if isinstance(value, str) else value
