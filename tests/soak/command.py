"""The command of the soak: keeps the journal, leaves children behind that hear no signal, and prints odd things.

It speaks no protocol, imports nothing of the product, and ends in the way that its payload names.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.soak.journal import held
from tests.soak.odd_values import odd_noise, odd_result

_DEAF = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_SLEEP = "import time; time.sleep(600)"


def escape(lock: int, token: str) -> None:
    """Leave a process behind that nobody finds by its parent, session, folder or environment, and that hears no polite
    signal. It holds the journal's file too, so that a next run meets whatever outlives this one.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        for number in _DEAF:
            signal.signal(number, signal.SIG_IGN)
        os.setsid()
        os.chdir("/")
        if os.fork():
            os._exit(0)
        os.set_inheritable(lock, True)
        os.closerange(0, lock)
        os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", _SLEEP, token], {})
    finally:
        os._exit(1)


def say(text: bytes, stream: int = 1) -> None:
    """Print all of it."""
    while text:
        text = text[os.write(stream, text) :]


def main(payload: dict[str, Any]) -> int:
    """Returns the exit status."""
    drawn = random.Random(payload["seed"])
    with held(payload["journal"], payload["name"]) as lock:
        say(b"STEP 1: Begin\n")
        for _ in range(drawn.randrange(3)):
            escape(lock, payload["journal"])
        say(b"STEP 2: Work\n")
        Path("made.txt").write_bytes(b"x" * 2_000)
        time.sleep(payload["seconds"])
        match payload["way"]:
            case "deaf":
                for number in _DEAF:
                    signal.signal(number, signal.SIG_IGN)
                time.sleep(60)
            case "bad":
                say(b"Error: Login failed - not redirected to dashboard\n", 2)
                return 1
            case "crash":
                os._exit(3)
            case "odd":
                say(odd_noise(drawn), drawn.choice((1, 2)))
                say(odd_result(drawn))
                return 0
            case _:
                say(odd_noise(drawn), drawn.choice((1, 2)))
    say(b'===RESULT_DATA_START===\n{"success": true, "message": "done", "data": {}}\n===RESULT_DATA_END===\n')
    return 0


if __name__ == "__main__":
    status = main(json.loads(Path(sys.argv[1].removeprefix("--payload=")).read_text(encoding="utf-8")))
    os._exit(status)
