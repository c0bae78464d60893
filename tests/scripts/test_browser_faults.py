"""What a real browser says when something goes wrong, and what staff are told of it."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Generator

import pytest
from playwright.async_api import Browser, Page
from playwright.async_api import Error as PlaywrightError

from scriptjobs.child.faults import to_failure
from scriptjobs.errors import is_retryable

pytestmark = pytest.mark.anyio

Trouble = Callable[[Page, str], Awaitable[object]]


@pytest.fixture
def rude() -> Generator[str]:
    """The address of a server that takes connections and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=hang_up, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


async def _goes_elsewhere(page: Page, _address: str) -> None:
    await page.set_content("<p>here</p>")
    await page.evaluate("new Promise(() => setTimeout(() => location.assign('about:blank?2'), 50))")


async def _is_interrupted(page: Page, address: str) -> None:
    await page.route("**", lambda _route: None)
    first = asyncio.ensure_future(page.goto(address))
    await asyncio.sleep(0.2)
    await asyncio.gather(page.goto("about:blank"), return_exceptions=True)
    await first


async def _is_closed(page: Page, _address: str) -> None:
    await page.close()
    await page.title()


@pytest.mark.parametrize(
    ("trouble", "code", "words"),
    [
        pytest.param(lambda page, _: page.goto("http://127.0.0.1:9"), "UNKNOWN_ERROR", "", id="a port that is unsafe"),
        pytest.param(lambda page, address: page.goto(address), "ECONNRESET", "closed the connection", id="hangs up"),
        pytest.param(_goes_elsewhere, "ELEMENT_NOT_FOUND", "loaded another page", id="goes elsewhere"),
        pytest.param(_is_interrupted, "ELEMENT_NOT_FOUND", "loaded another page", id="interrupted"),
        pytest.param(_is_closed, "BROWSER_CRASHED", "crashed or was closed", id="closed"),
    ],
)
async def test_what_the_browser_says_gets_a_code_and_words(
    chromium: Browser, rude: str, trouble: Trouble, code: str, words: str
) -> None:
    context = await chromium.new_context()
    page = await context.new_page()

    with pytest.raises(PlaywrightError) as caught:
        await trouble(page, rude)
    await context.close()
    failure = to_failure(caught.value)

    assert (failure.code, words in failure.message) == (code, True), failure
    assert is_retryable(failure.code) == (code != "UNKNOWN_ERROR")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Page.goto: net::ERR_NETWORK_CHANGED at https://portal.example/", "ECONNRESET"),
        ("Page.goto: net::ERR_HTTP2_PROTOCOL_ERROR at https://portal.example/", "ECONNRESET"),
        ("Page.goto: net::ERR_ADDRESS_UNREACHABLE at https://portal.example/", "ETIMEDOUT"),
        ("Page.goto: net::ERR_CERT_DATE_INVALID at https://portal.example/", "UNKNOWN_ERROR"),
    ],
)
def test_what_cannot_be_made_to_happen_here(said: str, code: str) -> None:
    assert to_failure(PlaywrightError(said)).code == code


async def test_a_driver_that_dies_while_a_script_begins_is_tried_again() -> None:
    """Playwright raises no error of its own then (these are its words; `bin/soak` kills drivers)."""
    assert to_failure(Exception("Connection closed while reading from the driver")).code == "BROWSER_CRASHED"
