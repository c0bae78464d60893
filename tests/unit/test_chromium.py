"""Which browser a run gets: what is missing is said at the start, not by the first job."""

import pytest

from scriptjobs.chromium import find_chromium
from scriptjobs.errors import SetupError


def test_a_path_that_does_not_exist_is_named():
    with pytest.raises(SetupError, match="CHROMIUM_PATH names /nowhere/chrome"):
        find_chromium("/nowhere/chrome")


def test_a_headed_run_asks_for_a_screen(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(SetupError, match="DISPLAY is not set"):
        find_chromium(headed=True)


def test_a_headed_run_does_not_take_a_browser_without_window(monkeypatch, tmp_path):
    shell = tmp_path / "chromium-headless-shell"
    shell.touch(mode=0o755)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert find_chromium() == str(shell)
    with pytest.raises(SetupError, match="with a window"):
        find_chromium(headed=True)
