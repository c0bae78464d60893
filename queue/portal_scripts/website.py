"""What the two website jobs share: one payload, and the sections that they set one after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from portal_scripts.applying import Applied, parts_of
from portal_scripts.outcomes import Part, apply_parts
from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.restaurant import OPEN, SETTINGS, open_restaurant_of, open_settings
from portal_scripts.pages.website import Website
from portal_scripts.portal_payload import HexColour, Html, Line, PortalPayload
from scriptjobs import script as face
from scriptjobs.script import ImageFile, Script

FONT = "Gabarito"


class Header(BaseModel):
    """The picture above the menu."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = Field(default=False, title="Show a header")
    background: ImageFile | None = Field(None, title="Header background")
    logo: ImageFile | None = Field(None, title="Header logo")


class Payload(PortalPayload):
    """Colours, code, pictures and texts of the shop."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, alias_generator=to_camel)

    primary_color: HexColour = Field(title="Primary colour")
    secondary_color: HexColour | None = Field(None, title="Secondary colour")
    head_code: Html = Field(title="Code for the head", min_length=1, description="HTML.")
    body_code: Html = Field(title="Code for the body", min_length=1, description="HTML.")
    logo: ImageFile | None = Field(None, title="Logo", description="PNG, JPEG or WebP.")
    favicon: ImageFile | None = Field(None, title="Favicon", description="The logo when left empty.")
    header: Header | None = Field(None, title="Header")
    item_layout: Literal["list", "card"] = Field("list", title="Items as")
    nav_text_color: HexColour | None = Field(
        None, title="Text colour of the top bar", json_schema_extra={"x-advanced": True}
    )
    box_text_color: HexColour | None = Field(None, title="Text colour of boxes", json_schema_extra={"x-advanced": True})
    instagram: Line | None = Field(None, title="Instagram")
    facebook: Line | None = Field(None, title="Facebook")
    cuisine: Line | None = Field(None, title="Cuisine", description="For search engines: Indian, Curry")
    location: Line | None = Field(None, title="Town", description="For search engines.")

    @field_validator(
        "secondary_color", "logo", "favicon", "nav_text_color", "box_text_color", "instagram", "facebook", "cuisine",
        "location", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("instagram", "facebook")
    @classmethod
    def _is_a_link(cls, value: str | None) -> str | None:
        """An address without its beginning gets one, as the old scripts did."""
        if value is None:
            return None
        link = value if "://" in value else f"https://{value.removeprefix('@')}"
        if urlsplit(link).scheme not in {"http", "https"} or "." not in urlsplit(link).netloc:
            raise ValueError("is no address of a page")
        return link


class Data(Applied):
    """The parts, and the addresses that came of them."""

    uploaded_logo_url: str | None = Field(None, serialization_alias="uploadedLogoUrl")
    store_url: str | None = Field(None, serialization_alias="storeUrl")


class Result(face.Result):
    """The result of the job."""

    data: Data


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What a theme decides. `colours(payload)` gives the six colours in the order of the form, None where one stays."""

    name: str
    position: int
    colours: Callable[[Payload], list[str | None]]
    nav_background: str | None
    nav_text: Callable[[Payload], str]


WEBSITE = "Open the website settings"
THEME, COLOURS, FONTS, BAR = "Choose the theme", "Set the colours", "Set the fonts", "Set the top bar and its logo"
HEADER, ITEMS, FAVICON, SEO = (
    "Set the header",
    "Set the item style",
    "Upload the favicon",
    "Set the texts for search engines",
)
SOCIAL, CODE, STORE = "Set the social links", "Add the custom code", "View the shop"
STEPS = (SIGN_IN, OPEN, SETTINGS, WEBSITE, THEME, COLOURS, FONTS, BAR, HEADER, ITEMS, FAVICON, SEO, SOCIAL, CODE, STORE)


async def configure_website(script: Script, payload: Payload, theme: Theme) -> Result:
    """Set every section. Raises the errors of the pages, and NothingDone when nothing could be set."""
    work = _Work(script, payload, theme)
    async with signed_in(script, payload):
        async with script.step(OPEN):
            opened = await open_restaurant_of(script, payload)
            work.restaurant = opened.name
        async with script.step(SETTINGS):
            await open_settings(script)
        async with script.step(WEBSITE):
            await work.page.open()
        tally = await apply_parts(script, work.parts(), work.page.reopen)
    said, data = parts_of(tally, f"Website ({theme.name.lower()})")
    found = Data(**data.model_dump(), uploaded_logo_url=work.logo_url or None, store_url=work.store_url or None)
    result = Result(partial=bool(tally.failed), message=said, warnings=tally.warnings, data=found)
    return opened.told_in(result)


class _Work:
    """The parts of one run, and what they bring home."""

    def __init__(self, script: Script, payload: Payload, theme: Theme) -> None:
        self._script = script
        self._given = payload
        self._theme = theme
        self.page = Website(script)
        self.restaurant = payload.restaurant_name  # as the portal spells it, once it is open
        self.logo_url = str(script.checkpoints.get("logo", ""))
        self.store_url = str(script.checkpoints.get("store", ""))

    def parts(self) -> list[Part]:
        """The parts in the order of the steps. The theme comes first: it overwrites colours and fonts."""
        given, page = self._given, self.page
        has_header = bool(given.header and given.header.enabled)
        return [
            Part(step=THEME, work=lambda: page.choose_theme(self._theme.position, self._theme.name)),
            Part(step=COLOURS, work=lambda: page.set_colours(self._theme.colours(given))),
            Part(step=FONTS, work=lambda: page.set_fonts(FONT)),
            Part(step=BAR, work=self._bar),
            Part(step=HEADER, work=self._header, skipped=None if has_header else "no header is wanted."),
            Part(step=ITEMS, work=lambda: page.set_items(as_cards=given.item_layout == "card")),
            Part(
                step=FAVICON,
                work=self._favicon,
                skipped=None if given.favicon or given.logo else "neither a favicon nor a logo was given.",
            ),
            Part(step=SEO, work=lambda: page.set_seo(*seo_texts(given, self.restaurant))),
            Part(
                step=SOCIAL,
                work=lambda: page.set_social(given.facebook, given.instagram),
                skipped=None if given.facebook or given.instagram else "no links were given.",
            ),
            Part(step=CODE, work=lambda: page.set_code(given.head_code, given.body_code)),
            Part(step=STORE, work=self._store, only_looks=True),
        ]

    async def _bar(self) -> None:
        logo = self._script.file(self._given.logo) if self._given.logo else None
        self.logo_url = await self.page.set_top_bar(self._theme.nav_background, self._theme.nav_text(self._given), logo)
        await self._script.checkpoint("logo", self.logo_url)

    async def _header(self) -> None:
        assert self._given.header is not None
        background, logo = self._given.header.background, self._given.header.logo
        file = self._script.file
        await self.page.set_header(file(background) if background else None, file(logo) if logo else None)

    async def _favicon(self) -> None:
        picture = self._given.favicon or self._given.logo
        assert picture is not None
        await self.page.upload_favicon(self._script.file(picture))

    async def _store(self) -> None:
        self.store_url = await self.page.view_store()
        await self._script.checkpoint("store", self.store_url)


def seo_texts(given: Payload, restaurant: str) -> tuple[str, str]:
    """Page title and description, as the firm words them; what is not known is left out."""
    title = " ".join(filter(None, (restaurant, given.location)))
    place = f" in {given.location}" if given.location else ""
    best = f"Best {given.cuisine or 'food'}{place}. " if given.cuisine or place else ""
    return f"{title} - Order Online for Delivery or Pickup", f"{best}Order online from {restaurant}."


def example(**more: str) -> dict[str, object]:
    """An example payload."""
    return {
        "email": "owner@example.com",
        "password": "example-password",
        "restaurantName": "Test Restaurant",
        "primaryColor": "#A47F20",
        "headCode": "<style>body { color: #222 }</style>",
        "bodyCode": "<p>Welcome</p>",
        **more,
    }
