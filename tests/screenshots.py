"""Makes docs/pictures from the real app: a running job, a failed one, the list, the form."""

import os
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from scriptjobs.chromium import find_chromium
from scriptjobs.database import migrate
from scriptjobs.embedded import EmbeddedPostgres
from tests.processes import Api, Site, start_portal, start_site, tags_payload, wait_for

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
TAGS = [{"name": name, "color": "#36AB36"} for name in ("Popular", "New", "Vegan", "Gluten Free", "Spicy")]


def sign_in(page: Page, site: Site, api: Api) -> None:
    page.goto(f"{site.address}/sign-in/{api.link}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/jobs")


def take(page: Page, api: Api, site: Site) -> None:
    job_id = api.launch(**tags_payload(itemTags=TAGS))
    page.goto(f"{site.address}/jobs/{job_id}")
    page.locator(".log-line").nth(3).wait_for(timeout=60_000)
    page.screenshot(path=PICTURES / "running.png")
    api.wait_for(job_id)
    page.locator(".job-card[data-status=completed]").wait_for()
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "completed.png")
    failed = api.launch(**tags_payload(password="not-the-password"))
    api.wait_for(failed)
    page.goto(f"{site.address}/jobs/{failed}")
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "failed.png")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=PICTURES / "failed-phone-dark.png")
    page.goto(f"{site.address}/jobs")
    page.screenshot(path=PICTURES / "list-phone-dark.png")


def main() -> None:
    """Start everything, and take the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        scratch.chmod(0o755)
        server = EmbeddedPostgres(var_dir=scratch / "postgres")
        dsn = server.start()
        try:
            wait_for(migrate(dsn))
            with (
                start_portal(scratch, delay="0.5") as portal,
                start_site(scratch, dsn, portal, {"JOB_TYPES_PACKAGE": "portal_scripts"}) as site,
                sync_playwright() as playwright,
            ):
                flags = ["--no-sandbox"] if os.geteuid() == 0 else []
                browser = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
                page = browser.new_page(viewport={"width": 1280, "height": 860})
                api = site.as_user(organisation="Onboarding team")
                sign_in(page, site, api)
                take(page, api, site)
                browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
