"""The two website jobs on the sandbox portal: what each theme sets, pictures, links, and partial work."""

from pathlib import Path
from typing import Any

import pytest

from tests.scripts.desk import Desk

pytestmark = pytest.mark.anyio

LOGO, BACKGROUND = "0a3f0c44-55a7-4e0c-8d5e-5a1f2b3c4d5e", "1b3f0c44-55a7-4e0c-8d5e-5a1f2b3c4d5e"
CODE: dict[str, Any] = {"headCode": "<style>body { color: #222 }</style>", "bodyCode": "<p>Welcome</p>"}
FULL: dict[str, Any] = {
    "primaryColor": "#A47F20", "secondaryColor": "#112233", "logo": LOGO, "itemLayout": "card",
    "header": {"enabled": True, "background": BACKGROUND, "logo": LOGO}, "instagram": "instagram.com/curry",
    "facebook": "https://facebook.com/curry", "cuisine": "Indian", "location": "Christchurch", **CODE,
}  # fmt: skip


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_everything_is_set(desk: Desk, picture: Path, theme: str) -> None:
    run = await desk.run(f"configure-website-{theme}", files={LOGO: picture, BACKGROUND: picture}, **FULL)
    site = desk.place()["settings"]["Website"]

    assert run.data["skipped"] == []
    assert run.result["partial"] is False
    assert site["Themes"]["theme"] == f"{theme.capitalize()} Theme"
    assert site["Fonts"] == {"heading": "Gabarito", "normal": "Gabarito"}
    assert site["Items"] == {"style": "Card", "tagPosition": "Inner Bottom"}
    assert site["SEO"] == {
        "title": "Curry Garden Christchurch - Order Online for Delivery or Pickup",
        "description": "Best Indian in Christchurch. Order online from Curry Garden.",
    }
    assert "https://instagram.com/curry" in str(site["Social Media"])
    assert "https://facebook.com/curry" in str(site["Social Media"])
    assert site["Custom Code"] == {"head": CODE["headCode"], "body": CODE["bodyCode"]}
    assert site["Header"]["title"] == " "
    assert str(site["Header"]).count(picture.name) == 2
    assert picture.name in str(site["Favicon"])
    assert run.data["uploadedLogoUrl"].endswith(site["Top Nav Bar"]["logo"])
    assert "/store/" in run.data["storeUrl"]


@pytest.mark.parametrize(
    ("theme", "given", "colours", "bar"),
    [
        ("dark", {}, {"primary": "#A47F20", "boxText": "#FFFFFF"}, {"text": "#FFFFFF"}),
        ("dark", {"boxTextColor": "#101010", "navTextColor": "#202020"}, {"boxText": "#101010"}, {"text": "#202020"}),
        ("light", {"secondaryColor": "#112233"}, {"background": "#FFFBF2", "text": "#323232", "boxBackground": "#FFFBF2", "boxText": "#112233"}, {"background": "#FFFBF2", "text": "#112233"}),
        ("light", {}, {"primaryText": "#FFFBF2", "boxText": "#A47F20"}, {"text": "#A47F20"}),
    ],
)  # fmt: skip
async def test_the_colours_of_the_themes(
    desk: Desk, theme: str, given: dict[str, Any], colours: dict[str, str], bar: dict[str, str]
) -> None:
    run = await desk.run(f"configure-website-{theme}", primaryColor="#A47F20", **CODE, **given)
    site = desk.place()["settings"]["Website"]

    assert run.failure is None
    assert {name: site["Colors"][name] for name in colours} == colours
    assert {name: site["Top Nav Bar"]["colours"][name] for name in bar} == bar


async def test_what_is_not_known_does_not_stand_in_the_texts(desk: Desk) -> None:
    """And the restaurant is called as on the portal, not as somebody typed it."""
    await desk.run("configure-website-dark", restaurantName="GARDEN", primaryColor="#A47F20", **CODE)

    assert desk.place()["settings"]["Website"]["SEO"] == {
        "title": "Curry Garden - Order Online for Delivery or Pickup",
        "description": "Order online from Curry Garden.",
    }


async def test_a_logo_that_is_not_taken_leaves_the_rest_done(desk: Desk, impatient: None, picture: Path) -> None:
    desk.portal.misbehave("upload_fails")

    run = await desk.run("configure-website-dark", files={LOGO: picture}, primaryColor="#A47F20", logo=LOGO, **CODE)
    failed = {part["name"]: part["error"] for part in run.data["details"] if part["status"] == "failed"}

    assert run.result["partial"] is True
    assert set(failed) == {"Set the top bar and its logo", "Upload the favicon"}
    assert all("did not take the upload of logo.png" in error for error in failed.values())
    assert desk.place()["settings"]["Website"]["Custom Code"]["head"] == CODE["headCode"]


async def test_a_theme_that_is_chosen_again_asks_before_it_overwrites(desk: Desk) -> None:
    await desk.run("configure-website-dark", primaryColor="#A47F20", **CODE)

    run = await desk.run("configure-website-light", primaryColor="#A47F20", **CODE)

    assert run.result["partial"] is False
    assert desk.place()["settings"]["Website"]["Themes"]["theme"] == "Light Theme"
    assert desk.place()["settings"]["Website"]["Colors"]["background"] == "#FFFBF2"
