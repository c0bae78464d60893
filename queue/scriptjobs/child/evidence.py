"""What a failing script leaves for people: the whole page as a picture and as HTML, what the browser said, a trace.

Secrets are taken out of the texts at the worker, which knows them; in pictures they are covered here.
"""

import contextlib
from collections import deque
from typing import Literal
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response
from playwright.async_api import Error as PlaywrightError

from scriptjobs.child.context import PICTURE_QUALITY, PICTURE_TIMEOUT_MS, RunningScript
from scriptjobs.events import Attachment

Tracing = Literal["off", "failures", "always"]

_LINES = 500
_LINE_CHARACTERS = 1_000
_HEARD_CHARACTERS = 20_000
_HTML_CHARACTERS = 2_000_000


class Evidence:
    """Listens to a context from the beginning, and hands over what it knows at the end."""

    def __init__(self, context: BrowserContext, tracing: Tracing) -> None:
        self._context = context
        self._tracing = tracing
        self._said: deque[str] = deque(maxlen=_LINES)

    async def begin(self) -> None:
        """Listen; begin the trace where one is wanted."""
        self._context.on("console", self._hear)
        self._context.on("weberror", lambda error: self._note(f"page error: {error.error.message}"))
        self._context.on("requestfailed", self._miss)
        self._context.on("response", self._answer)
        if self._tracing != "off":
            # Without its film strip: pictures of a trace cannot be covered where a page shows a secret.
            await self._context.tracing.start(screenshots=False, snapshots=True, sources=False)

    async def hand_over(self, script: RunningScript, *, failed: bool) -> None:
        """Store what there is as files of the attempt. A browser that is gone leaves what was heard of it.

        A page that shows secrets which nobody named is not kept in any form, nor is a trace that has seen one.
        """
        if failed and not script.is_private:
            with contextlib.suppress(PlaywrightError):
                await self._keep_page(script, script.page)
        if failed and self._said:
            said = (script.masked(line, _LINE_CHARACTERS) for line in self._said)
            await _attach(script, "browser.txt", "text/plain", "\n".join(said).encode())
        wanted = self._tracing == "always" or (failed and self._tracing == "failures")
        if wanted and script.was_private:
            await script.log("No trace is kept: a page of this job lists keys.", "warning")
        elif wanted:
            with contextlib.suppress(PlaywrightError):
                await self._context.tracing.stop(path="trace.zip")
                script.attach(Attachment(file="trace.zip", media_type="application/zip"))

    async def _keep_page(self, script: RunningScript, page: Page) -> None:
        html = script.masked(await page.content(), _HTML_CHARACTERS)
        await _attach(script, "page.html", "text/html", html.encode())
        content = await page.screenshot(
            type="jpeg", quality=PICTURE_QUALITY, full_page=True, mask=await script.covered(), mask_color="#888",
            timeout=PICTURE_TIMEOUT_MS, animations="disabled",
        )  # fmt: skip
        await _attach(script, "page.jpg", "image/jpeg", content)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._note(f"console {message.type}: {message.text}")

    def _miss(self, request: Request) -> None:
        self._note(f"failed: {request.method} {_without_query(request.url)}: {request.failure}")

    def _answer(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"HTTP {response.status}: {response.request.method} {_without_query(response.url)}")

    def _note(self, line: str) -> None:
        # Kept longer than it is shown: it is masked before it is cut.
        self._said.append(line[:_HEARD_CHARACTERS])


async def _attach(script: RunningScript, name: str, media_type: str, content: bytes) -> None:
    if await script.keep(name, content):
        script.attach(Attachment.model_validate({"file": name, "media_type": media_type}))


def _without_query(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
