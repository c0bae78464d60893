"""From a progress report in the script to the changed text in a real browser's page."""

import os
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.report import show
from scriptjobs.chromium import find_chromium
from tests.processes import Portal, start_site

TIMES = 60
OBSERVE = """
window.taken = [];
const see = () => {
  const words = document.querySelector('.job-progress__message')?.textContent ?? '';
  const said = /at (\\d+)/.exec(words)?.[1];
  if (said && said !== window.last) { window.last = said; window.taken.push(Date.now() - Number(said)); }
};
new MutationObserver(see).observe(document.body, {subtree: true, childList: true, characterData: true});
"""


def run(scratch: Path, dsn: str, portal: Portal) -> None:
    """One job, one window."""
    with (
        start_site(scratch, dsn, portal, {"JOB_TYPES_PACKAGE": "bench.job_types", "TMPDIR": ""}) as site,
        sync_playwright() as p,
    ):
        api = site.as_user()
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = p.chromium.launch(executable_path=find_chromium(), args=flags)
        page = browser.new_page()
        page.goto(f"{site.address}/sign-in/{api.link}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/jobs")
        page.goto(f"{site.address}/jobs/{api.launch('create-api-key', times=TIMES)}")
        page.evaluate(OBSERVE)
        page.locator(".job-card[data-status=completed]").wait_for(timeout=120_000)
        taken: list[float] = page.evaluate("window.taken")
        browser.close()
    show("From a report in the script to the page", {"changed text in Chromium": taken}, shares=(0.5, 0.95))
