"""Signing in. The address proves nothing, since login and dashboard share the host: restaurant names do."""

from scriptjobs.script import InvalidCredentials, PageChanged, Script

# portal/PORTAL.md, Waits that were needed.
FORM_MS = 30_000
DASHBOARD_MS = 15_000
OVERLAY_MS = 10_000

_EMAIL = 'input[type="email"]'
_PASSWORD = 'input[type="password"]'  # noqa: S105 (a selector)
_SUBMIT = 'button[type="submit"], button:has-text("Login"), button:has-text("Sign In")'
_REFUSAL = '[role="alert"]'


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
    # An account without restaurants shows no name, so a missing one proves nothing; a form that stays does.
    await script.sees(f"h4, {_REFUSAL}", DASHBOARD_MS)
    if await page.locator(_PASSWORD).count():
        words = " ".join(await page.locator(_REFUSAL).all_inner_texts()).strip()
        raise InvalidCredentials(
            f"The portal refused the sign-in of {email}." + (f" It says: “{words}”." if words else "")
        )
    await wait_for_overlay(script)


async def wait_for_overlay(script: Script) -> None:
    """Wait until the overlay that covers the page while data loads has gone.

    Raises:
        PageChanged: it stays.
    """
    async with script.attempt():
        await script.page.locator(".cover-loader.active").first.wait_for(state="hidden", timeout=OVERLAY_MS)
