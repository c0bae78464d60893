"""Processes that leave everything behind: parents, session, folder, environment, descriptors; deaf to polite signals.

As a program it is a script's process that starts such a one for each way that is named, and waits; `--ends` ends it.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from scriptjobs.child.lifeline import Lifeline

WAYS = ("sleeps", "is frozen", "forks on and on", "forks into many")
_CODE = """
import os, signal, sys, time
way, token = sys.argv[1:]
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork():
    os._exit(0)
os.setsid()
os.chdir("/")
if os.fork():
    os._exit(0)
os.closerange(0, 256)
if way == "is frozen":
    os.kill(os.getpid(), signal.SIGSTOP)
while way == "forks on and on":
    if os.fork():
        os._exit(0)
    time.sleep(0.01)
if way == "forks into many":
    for _ in range(4):
        os.fork()
        os.setpgid(0, 0) if os.getpid() != os.getsid(0) else None
time.sleep(600)
"""


def escape(way: str, token: str) -> None:
    """Start one; `token` is what it can be found by."""
    subprocess.run([sys.executable, "-I", "-S", "-c", _CODE, way, token], check=True, env={}, cwd="/")


def strays(token: str) -> set[int]:
    """Those with this token that live; a zombie does not."""
    found: set[int] = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.fsencode(token) in Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")[5:]:
                found.add(int(name))
        except OSError:
            continue
    return found


async def main(descriptor: int, token: str, ways: list[str], *, ends: bool) -> None:
    """Be a script's process."""
    orders = Lifeline().orders
    if await orders.get() is None:
        return
    for way in ways:
        escape(way, token)
    os.write(descriptor, json.dumps({"kind": "ready"}).encode() + b"\n")
    while not ends and await orders.get() is not None:
        pass


if __name__ == "__main__":
    token, *ways = [part for part in sys.argv[1:-1] if part != "--ends"]
    asyncio.run(main(int(sys.argv[-1]), token, ways, ends="--ends" in sys.argv))
    os._exit(0)
