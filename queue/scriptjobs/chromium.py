"""Finds a Chromium on this machine: the setting, Playwright's own, or the system's."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from scriptjobs.errors import SetupError

_NEW_USER, _NEW_PID = 0x10000000, 0x20000000  # CLONE_NEWUSER, CLONE_NEWPID

# The headless shell first: it starts in half the time of a full browser and takes two thirds of its memory.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def find_chromium(wanted: str | None = None, *, headed: bool = False) -> str | None:
    """The browser's path; None means Playwright's own, which it finds by itself. `headed` asks for one with a window.

    Raises:
        SetupError: the path that is set is no program, no browser is found, or there is no screen for it.
    """
    if headed and not os.environ.get("DISPLAY"):
        raise SetupError("There is no screen to show the browser on: DISPLAY is not set. Leave out --headed (HEADED).")
    if wanted:
        if not Path(wanted).exists():
            raise SetupError(f"CHROMIUM_PATH names {wanted}, which does not exist.")
        if not (Path(wanted).is_file() and os.access(wanted, os.X_OK)):
            raise SetupError(f"CHROMIUM_PATH names {wanted}, which is not a program that this user may run.")
        return wanted
    if _has_own(headed=headed):
        return None
    names = [name for name in _NAMES if not (headed and "headless" in name)]
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None and headed:
        raise SetupError("No Chromium with a window was found: install the package chromium, or set CHROMIUM_PATH.")
    if found is None:
        raise SetupError(
            "No Chromium was found. Run bin/setup, or `playwright install chromium`, or install the package "
            "chromium-headless-shell, or set CHROMIUM_PATH."
        )
    return found


def must_be_a_browser(path: str | None) -> None:
    """Start the program at `path` for a moment and see that it is a Chromium. None, Playwright's own, is one.

    Raises:
        SetupError: it does not start, or is something else.
    """
    if path is None:
        return
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
        said = (done.stdout or done.stderr).strip().split("\n")[0]
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        said, done = str(error), None
    if done is None or done.returncode or not re.search(r"chrom|edge", said, re.IGNORECASE):
        raise SetupError(f"{path} is not a Chromium (CHROMIUM_PATH). Asked for its version, it says {said[:100]!r}.")


def can_sandbox() -> bool:
    """Whether Chromium's own sandbox works here: not for root, and only where the kernel gives out user namespaces.

    A container with the usual limits gives none; there, the container and the unprivileged user are the fence.
    """
    if os.geteuid() == 0:
        return False
    if not sys.platform.startswith("linux"):
        return True
    # In a process of its own: what `unshare` changes cannot be taken back.
    attempt = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare({_NEW_USER | _NEW_PID}) != 0)"
    return subprocess.run([sys.executable, "-c", attempt], check=False, timeout=10).returncode == 0


def browsers_path() -> Path:
    """Where Playwright keeps its own browsers; a script's process has another home and must be told."""
    return Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")


def _has_own(*, headed: bool) -> bool:
    """Whether the very revision that this Playwright wants is installed."""
    spec = find_spec("playwright")
    if spec is None or spec.origin is None:
        return False
    listed = Path(spec.origin).parent / "driver/package/browsers.json"
    browsers = json.loads(listed.read_text(encoding="utf-8"))["browsers"]
    names = {"chromium"} if headed else {"chromium", "chromium-headless-shell"}
    wanted = {f"{item['name'].replace('-', '_')}-{item['revision']}" for item in browsers if item["name"] in names}
    return any((browsers_path() / name / "INSTALLATION_COMPLETE").exists() for name in wanted)
