"""Fixtures of the scripts' tests: one browser for a file, a clean portal for each test, and less patience."""

import importlib
import pkgutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser

import portal_scripts.pages
from portal_scripts import creating, outcomes
from portal_scripts.pages import loading
from scriptjobs.child.browser import open_browser
from scriptjobs.chromium import can_sandbox, find_chromium
from tests.processes import Portal
from tests.scripts.desk import Desk

SHORT_MS = 1_500
QUICK_STILL_MS = 60


@pytest.fixture(scope="module")
async def chromium() -> AsyncGenerator[Browser]:
    async with open_browser(path=find_chromium(), headed=False, sandbox=can_sandbox()) as browser:
        yield browser


@pytest.fixture
def desk(chromium: Browser, clean_portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    # A portal without delays draws its pages and lists at once.
    monkeypatch.setattr(loading, "_STILL_MS", QUICK_STILL_MS)
    monkeypatch.setattr(loading, "COVER_MS", QUICK_STILL_MS)
    return Desk(chromium, clean_portal, tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never comes is not waited for as long as on the live portal."""
    for module in pkgutil.iter_modules(portal_scripts.pages.__path__):
        pages = importlib.import_module(f"portal_scripts.pages.{module.name}")
        for name, value in vars(pages).items():
            if name.endswith("_MS") and isinstance(value, int) and value > SHORT_MS:
                monkeypatch.setattr(pages, name, SHORT_MS)


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """No part and no item is done twice; that they are is tested where it helps."""
    for module in (outcomes, creating):
        monkeypatch.setattr(module, "TRIES", 1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "logo.png"
    Image.new("RGB", (40, 20), "#b400fa").save(path)
    return path
