"""Signing in by link and by password, and what a stranger sees."""

import re
from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import sign_in
from tests.processes import Api, Site


def test_a_link_works_once(open_window: Callable[..., Page], site: Site, ana: Api) -> None:
    first, second = open_window(), open_window(expects_network_errors=True)
    sign_in(first, site.address, ana)

    second.goto(f"{site.address}/sign-in/{ana.link}")
    second.get_by_role("button", name="Sign in").click()

    expect(first.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(second.get_by_role("alert")).to_contain_text("used already")


def test_looking_at_a_link_does_not_use_it_up(site: Site, ana: Api) -> None:
    for _ in range(3):
        assert httpx2.get(f"{site.address}/sign-in/{ana.link}").status_code == 200

    assert httpx2.post(f"{site.address}/sign-in/{ana.link}").status_code == 303


def test_email_and_password(open_window: Callable[..., Page], site: Site, ana: Api) -> None:
    page = open_window(expects_network_errors=True)
    page.goto(f"{site.address}/jobs?status=failed")
    page.wait_for_url(re.compile(r"/sign-in\?next="))
    page.get_by_label("E-mail").fill("ana@pages.example.com")
    page.get_by_label("Password").fill("not-the-password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.get_by_label("E-mail")).to_have_value("ana@pages.example.com")

    page.get_by_label("Password").fill("a-long-password")
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/jobs?status=failed")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto(f"{site.address}/jobs")
    page.wait_for_url(re.compile(r"/sign-in\?next="))


@pytest.mark.parametrize(
    "path", ["/jobs", "/launch", "/launch/add-item-tags", "/jobs/JOB_1", "/jobs?status=failed&limit=5"]
)
def test_a_stranger_is_led_to_the_sign_in(site: Site, path: str) -> None:
    answer = httpx2.get(site.address + path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


def test_a_live_request_of_a_stranger_is_refused_in_words_a_script_understands(site: Site) -> None:
    assert httpx2.get(f"{site.address}/live/stream?jobs=JOB_1").status_code == 401


@pytest.mark.parametrize(
    "next_", ["https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "javascript:1"]
)
def test_the_way_back_stays_on_this_site(site: Site, ana: Api, next_: str) -> None:
    answer = httpx2.post(
        f"{site.address}/sign-in",
        data={"email": "ana@pages.example.com", "password": "a-long-password", "next": next_},
    )

    assert answer.headers["location"] == "/"


def test_a_post_from_another_site_is_refused(site: Site, ana: Api) -> None:
    with httpx2.Client(base_url=site.address) as client:
        client.post(f"/sign-in/{ana.link}")
        job = ana.launch("create-api-key", count=1)

        foreign = client.post(f"/jobs/{job}/cancel", headers={"Sec-Fetch-Site": "cross-site"})
        without_token = client.post(f"/jobs/{job}/cancel")
        by_api = client.post(
            "/api/jobs",
            json={"jobType": "create-api-key", "payload": {}},
            headers={"Origin": "https://evil.example.com"},
        )

    assert {foreign.status_code, without_token.status_code, by_api.status_code} == {403}


def test_the_session_cookie_is_out_of_reach_for_scripts(site: Site, ana: Api) -> None:
    cookie = httpx2.post(f"{site.address}/sign-in/{ana.link}").headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
