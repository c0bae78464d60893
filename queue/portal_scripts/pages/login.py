"""Signing in. The address proves nothing, since login and dashboard share the host: restaurant names do."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from portal_scripts.pages.loading import wait_for_overlay
from portal_scripts.portal_payload import AccountPayload
from scriptjobs.errors import ScriptError
from scriptjobs.script import InvalidCredentials, PageChanged, Script

# Waits that the live portal was seen to need.
FORM_MS = 30_000
DASHBOARD_MS = 15_000

SIGN_IN = "Sign in to the portal"

_EMAIL = 'input[type="email"]'
_PASSWORD = 'input[type="password"]'  # noqa: S105 (a selector)
_SUBMIT = 'button[type="submit"], button:has-text("Login"), button:has-text("Sign In")'
_REFUSAL = '[role="alert"]'
# The dashboard of an account without restaurants shows no name, only the way to create one.
DASHBOARD = 'h4, button:has-text("Create New Restaurant")'


class SignedOut(ScriptError):
    """The portal ended the session half-way. What was saved is kept; another try signs in again and goes on."""

    code = "ECONNRESET"


@asynccontextmanager
async def signed_in(script: Script, payload: AccountPayload) -> AsyncGenerator[None]:
    """The first step of every job. Trouble that comes of a lost session is told as what it is.

    Raises:
        SignedOut: something failed, and the login form is back. For signing in itself see `sign_in`.
    """
    async with script.step(SIGN_IN):
        await sign_in(script, payload.email, payload.password.get_secret_value())
    try:
        yield
    except Exception as error:
        if not isinstance(error, SignedOut) and await is_signed_out(script):
            raise SignedOut from error
        raise


async def is_signed_out(script: Script) -> bool:
    """Whether the login form is there again."""
    return "/login" in script.page.url and not script.page.is_closed()


async def sign_in(script: Script, email: str, password: str) -> None:
    """Sign in and wait until the dashboard has drawn its restaurants.

    Raises:
        InvalidCredentials: the portal keeps us on the form.
        PageChanged: the form never appears. PortalFault, NavigationTimeout: see `Script.open`.
    """
    page = script.page
    await script.open(f"{script.portal_url}/login")
    if not await script.sees(_EMAIL, FORM_MS):
        raise PageChanged("The login form did not appear. The portal may take this browser for a robot.")
    await page.locator(_EMAIL).fill(email)
    await page.locator(_PASSWORD).fill(password)
    await page.locator(_SUBMIT).first.click()
    await script.sees(f"{DASHBOARD}, {_REFUSAL}", DASHBOARD_MS)
    if await page.locator(_PASSWORD).count():
        words = " ".join(await page.locator(_REFUSAL).all_inner_texts()).strip()
        raise InvalidCredentials(
            f"The portal refused the sign-in of {email}." + (f" It says: “{words}”." if words else "")
        )
    await wait_for_overlay(script)
