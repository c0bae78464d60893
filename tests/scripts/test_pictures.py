"""Pictures of a page: what they cover, and that none of them is worth a job."""

import errno
import os
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.async_api import Browser, Page

from scriptjobs.child.context import Pipe, RunningJob, RunningScript
from scriptjobs.child.fence import Fence
from scriptjobs.errors import ScriptError

pytestmark = pytest.mark.anyio
SECRET = "p4ss-word"
PAGE = f"""
<p id=text>Your password is {SECRET}.</p>
<input id=value value="x{SECRET}x"><input id=placeholder placeholder="{SECRET}"><textarea id=area>{SECRET}</textarea>
<input id=password type=password value=other><input id=name value="Curry Garden"><p>Nothing here</p>
<iframe srcdoc="<p id=inside>{SECRET}</p><input id=field value='{SECRET}'>"></iframe>
"""


@pytest.fixture
async def page(chromium: Browser) -> AsyncGenerator[Page]:
    page = await chromium.new_page()
    yield page
    await page.close()


@pytest.fixture
def script(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[RunningScript]:
    monkeypatch.chdir(tmp_path)
    descriptor = os.open(os.devnull, os.O_WRONLY)
    job = RunningJob(portal_url="http://portal.example", steps=("One",))
    yield RunningScript(pipe=Pipe(descriptor), page=page, job=job, fence=cast("Fence", None))
    os.close(descriptor)


async def test_a_secret_of_the_payload_is_covered_in_texts_fields_and_frames(script: RunningScript) -> None:
    await script.page.set_content(PAGE)
    script.cover(SECRET)

    found = [one for locator in await script.covered() for one in await locator.all()]
    ids = {await one.get_attribute("id") for one in found}

    assert ids == {"text", "value", "placeholder", "area", "password", "inside", "field"}


async def test_a_very_short_secret_covers_nothing_but_its_field(script: RunningScript) -> None:
    await script.page.set_content("<p>abc</p><input type=password value=abc>")
    script.cover("abc")

    assert sum([await locator.count() for locator in await script.covered()]) == 1


async def test_a_full_disk_costs_the_picture_and_changes_no_verdict(
    script: RunningScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    await script.page.goto("data:text/html,a page")
    monkeypatch.setattr(Path, "write_bytes", full)

    async with script.step("One"):
        pass
    with pytest.raises(ScriptError, match="wrong password"):
        async with script.step("One"):
            raise ScriptError("wrong password", code="AUTH_FAILED")
    assert list(tmp_path.iterdir()) == []
