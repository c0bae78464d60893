"""Misbehaves in the way that its payload names."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from scriptjobs import script as face
from scriptjobs.errors import ScriptError
from scriptjobs.job_types import JobType
from scriptjobs.script import Script, Secret
from tests import escaping

STEPS = ("Misbehave",)


class Payload(BaseModel):
    """In which way."""

    way: Literal[
        "print_100mb", "never_ends", "busy", "dies", "killed", "tells_secret", "leaves_children", "ignores_sigterm",
        "wedges_browser", "floods", "says_nul",
        "escapes", "fills_its_folder", "writes_a_large_file", "downloads",
        "eats_memory", "its_children_eat_memory", "prints_its_result", "says_nothing",
    ]  # fmt: skip
    password: Secret | None = None
    token: str = ""


class Result(face.Result):
    """Nothing."""


async def run(script: Script, payload: Payload) -> Result:
    """Do it."""
    async with script.step(STEPS[0]):
        await WAYS[payload.way](script, payload)
    return Result(message="survived")


async def _print_100mb(_script: Script, _payload: Payload) -> None:
    line = "x" * 1023 + "\n"
    for _ in range(100 * 1024):
        sys.stdout.write(line)


async def _never_ends(_script: Script, _payload: Payload) -> None:
    await asyncio.Event().wait()


async def _busy(script: Script, _payload: Payload) -> None:
    await script.log("busy")
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        pass


async def _dies(_script: Script, _payload: Payload) -> None:
    sys.stderr.write("out of luck\n")
    sys.stderr.flush()
    os._exit(7)


async def _killed(_script: Script, _payload: Payload) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _tells_secret(script: Script, payload: Payload) -> None:
    assert payload.password is not None
    secret = payload.password.get_secret_value()
    sys.stdout.write(f"stdout {secret}\n")
    sys.stderr.write(f"stderr {secret}\n")
    await script.log(f"log {secret}", "debug")
    await script.progress(1, 2, f"progress {secret}")
    raise ScriptError(f"error {secret}", code="VALIDATION_ERROR")


async def _leaves_children(_script: Script, _payload: Payload) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    subprocess.Popen(sleeper, start_new_session=True)
    # Forked twice and reparented, deaf to signals that can be ignored, and elsewhere in the file system.
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n    os.setsid(); os.chdir('/')\n    if os.fork() == 0:\n        time.sleep(600)\n"
        "time.sleep(0.1)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


async def _ignores_sigterm(_script: Script, _payload: Payload) -> None:
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


async def _wedges_browser(_script: Script, _payload: Payload) -> None:
    """Stop every process of the browser, which then does not hear that its driver has gone."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        if "chrom" in child.name():
            child.suspend()
    os._exit(3)


async def _floods(script: Script, _payload: Payload) -> None:
    deadline = time.monotonic() + 3
    number = 0
    while time.monotonic() < deadline:
        number += 1
        await script.progress(number, 1_000_000, f"flood {number}")
    await script.progress(1, 1, "the last one")


async def _says_nul(script: Script, _payload: Payload) -> None:
    sys.stdout.write("out\0put\n")
    await script.log("a\0b")
    await script.progress(1, 1, "c\0d")
    await script.checkpoint("e\0f", "g\0h")
    raise ScriptError("i\0j", code="VALIDATION_ERROR")


async def _escapes(_script: Script, payload: Payload) -> None:
    for way in escaping.WAYS:
        escaping.escape(way, payload.token)


async def _fills_its_folder(_script: Script, _payload: Payload) -> None:
    for number in range(40):
        Path(f"{number}.bin").write_bytes(b"x" * 100_000_000)
        await asyncio.sleep(0.05)
    await asyncio.sleep(600)


async def _writes_a_large_file(script: Script, _payload: Payload) -> None:
    code = "import sys; file = open('large', 'wb', buffering=0); file.seek(300_000_000); file.write(b'x')"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    await script.log(f"by a child: {done.returncode} {done.stderr[-200:]}")
    with Path("larger").open("wb") as file:
        file.seek(300_000_000)
        file.write(b"x")


async def _downloads(script: Script, _payload: Payload) -> None:
    await script.page.set_content('<a download="x.txt" href="data:text/plain,hello">get</a>')
    async with script.page.expect_download(timeout=5_000) as coming:
        await script.page.click("a")
    download = await coming.value
    await script.log(f"download: {await download.failure()}")


async def _eats_memory(_script: Script, _payload: Payload) -> None:
    hoard = []
    while True:
        hoard.append(b"x" * 50_000_000)


async def _its_children_eat_memory(_script: Script, _payload: Payload) -> None:
    code = "import time; hoard = b'x' * 250_000_000; time.sleep(600)"
    for _ in range(8):
        subprocess.Popen([sys.executable, "-c", code])
    await asyncio.sleep(600)


async def _prints_its_result(_script: Script, _payload: Payload) -> None:
    sys.stdout.write('STEP 1: Reading\n[1/2] one\n{"success": true, "message": "printed", "data": {"read": 2}}\n')
    sys.stdout.flush()
    os._exit(0)


async def _says_nothing(_script: Script, _payload: Payload) -> None:
    sys.stdout.write("success, I think\n")
    sys.stdout.flush()
    os._exit(0)


WAYS = {
    "print_100mb": _print_100mb, "never_ends": _never_ends, "busy": _busy, "dies": _dies, "killed": _killed,
    "tells_secret": _tells_secret, "leaves_children": _leaves_children, "ignores_sigterm": _ignores_sigterm,
    "wedges_browser": _wedges_browser, "floods": _floods, "says_nul": _says_nul,
    "escapes": _escapes, "fills_its_folder": _fills_its_folder, "writes_a_large_file": _writes_a_large_file,
    "downloads": _downloads,
    "eats_memory": _eats_memory, "its_children_eat_memory": _its_children_eat_memory,
    "prints_its_result": _prints_its_result, "says_nothing": _says_nothing,
}  # fmt: skip

JOB_TYPE = JobType(
    name="setup-services", title="Misbehave", description="Misbehaves.", payload=Payload, result=Result, steps=STEPS,
    run=run, timeout_ms=12_000, max_retries=0,
)  # fmt: skip
