"""A short soak: the long one is a command of its own (bin/soak)."""

import subprocess
import sys
from pathlib import Path


def test_a_few_seconds_of_trouble_break_no_promise() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--seconds", "15", "--jobs", "50", "--chromium", "0", "--seed", "7"],
        capture_output=True, text=True, timeout=110, cwd=Path(__file__).parents[2],
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    assert "0 promises broken" in done.stdout.splitlines()[-1]
