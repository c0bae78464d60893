"""Sets tax, phone, printers, receipt logo, sounds, Google sign-in and a webhook at Settings > System.

A second run creates nothing twice: a tax, a printer or a webhook that is there counts as set, and a printer's key is
read from its card. A webhook's secret is shown only when it is created.
"""

from typing import Annotated, Literal

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator
from pydantic.alias_generators import to_camel

from portal_scripts.applying import Applied, parts_of
from portal_scripts.countries import COUNTRIES, international, looks_like_phone
from portal_scripts.outcomes import Part, apply_parts
from portal_scripts.pages.login import SIGN_IN, signed_in
from portal_scripts.pages.restaurant import OPEN, SETTINGS, open_restaurant_of, open_settings
from portal_scripts.pages.system import System
from portal_scripts.portal_payload import Line, PortalPayload
from scriptjobs import script as face
from scriptjobs.errors import ScriptError
from scriptjobs.job_types import JobType
from scriptjobs.script import ImageFile, Script, Secret

# The sixth sound of the portal's list, five times: loud enough for a kitchen.
_SOUND, _REPEAT = "Plucky", 5


class Payload(PortalPayload):
    """What differs from restaurant to restaurant; what is left empty is left out."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, alias_generator=to_camel)

    gst_number: Annotated[Line, StringConstraints(max_length=40)] | None = Field(
        None, title="GST number", description="Printed on receipts; with it the tax is created."
    )
    receipt_logo: ImageFile | None = Field(None, title="Receipt logo", description="PNG, JPEG or WebP; best in black.")
    google_oauth_client_id: Line | None = Field(
        None, title="Google OAuth client ID", alias="googleOAuthClientId",
    )  # fmt: skip
    webhook_url: str | None = Field(None, title="Webhook address", max_length=500, json_schema_extra={"format": "uri"})

    @field_validator("gst_number", "receipt_logo", "google_oauth_client_id", "webhook_url", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("webhook_url")
    @classmethod
    def _is_https(cls, value: str | None) -> str | None:
        if value is not None and AnyHttpUrl(value).scheme != "https":
            raise ValueError("must begin with https://, since orders are sent there")
        return value


class Printer(BaseModel):
    """A printer and the key it signs in with."""

    name: str
    status: Literal["created", "exists"]
    api_key: Secret = Field(serialization_alias="apiKey")


class Data(Applied):
    """The parts, and the keys that came of them."""

    printers: list[Printer]
    webhook_secret: Secret | None = Field(None, serialization_alias="webhookSecret")


class Result(face.Result):
    """The result of the job."""

    data: Data


TAX, PHONE, RECEIPT, KITCHEN = (
    "Create the tax",
    "Correct the phone number",
    "Set up the receipt printer",
    "Set up the kitchen printer",
)
LOGO, SOUNDS, GOOGLE, WEBHOOK = (
    "Upload the receipt logo",
    "Set the sounds",
    "Set up the Google sign-in",
    "Create the webhook",
)
STEPS = (SIGN_IN, OPEN, SETTINGS, TAX, PHONE, RECEIPT, KITCHEN, LOGO, SOUNDS, GOOGLE, WEBHOOK)


async def run(script: Script, payload: Payload) -> Result:
    """Set everything. Raises the errors of the pages, and NothingDone when nothing could be set."""
    work = _Work(script, payload)
    async with signed_in(script, payload):
        async with script.step(OPEN):
            opened = await open_restaurant_of(script, payload)
        async with script.step(SETTINGS):
            await open_settings(script)
        tally = await apply_parts(script, work.parts(), work.page.reopen)
        said, data = parts_of(tally, "System settings")
        await work.read_keys()
    result = Result(
        partial=bool(tally.failed), message=said, warnings=[*tally.warnings, *work.warnings],
        data=Data(
            **data.model_dump(), printers=work.printers,
            webhook_secret=work.webhook_secret if WEBHOOK in data.applied else None,
        ),
    )  # fmt: skip
    return opened.told_in(result)


class _Work:
    """The parts of one run, and what they bring home."""

    def __init__(self, script: Script, payload: Payload) -> None:
        self._script = script
        self._payload = payload
        self.page = System(script)
        self.printers: list[Printer] = []
        self.webhook_secret: SecretStr | None = None
        self.warnings: list[str] = []

    def parts(self) -> list[Part]:
        """The parts in the order of the steps."""
        given = self._payload
        return [
            Part(step=TAX, work=self._tax, skipped=None if given.gst_number else "no GST number was given."),
            Part(step=PHONE, work=self._phone),
            Part(step=RECEIPT, work=lambda: self._printer("Receipt")),
            Part(step=KITCHEN, work=lambda: self._printer("Kitchen")),
            Part(step=LOGO, work=self._logo, skipped=None if given.receipt_logo else "no receipt logo was given."),
            Part(step=SOUNDS, work=lambda: self.page.set_sounds(_SOUND, _REPEAT)),
            Part(
                step=GOOGLE,
                work=lambda: self.page.set_google(str(given.google_oauth_client_id)),
                skipped=None if given.google_oauth_client_id else "no Google client ID was given.",
            ),
            Part(
                step=WEBHOOK, work=self._webhook, skipped=None if given.webhook_url else "no webhook address was given."
            ),
        ]

    async def read_keys(self) -> None:
        """Read the keys of printers that an earlier try set up."""
        missing = {"Receipt", "Kitchen"} - {printer.name for printer in self.printers}
        try:
            async with self._script.attempt():
                if missing:
                    await self.page.reopen()
                for name in sorted(missing, reverse=True):
                    if key := await self.page.printer_key(name):
                        self._add_printer(name, "exists", key)
        except ScriptError as error:
            self.warnings.append(f"The keys of the printers could not be read: {error.message}")
            await self._script.log(self.warnings[-1], "warning")

    async def _tax(self) -> None:
        country = COUNTRIES[self._payload.country]
        if not await self.page.add_tax(country.tax, country.rate):
            await self._script.log(f"The tax {country.tax} exists already.")

    async def _phone(self) -> str | None:
        phone = await self.page.change_phone(lambda number: international(number, self._payload.country))
        if not phone:
            return "The restaurant has no phone number on the portal."
        if looks_like_phone(phone, self._payload.country):
            return None
        return f"The phone number “{phone}” looks like none of {self._payload.country}. Correct it on the portal."

    async def _printer(self, name: str) -> None:
        if key := await self.page.printer_key(name):
            await self._script.log(f"The printer “{name}” exists already.")
            return self._add_printer(name, "exists", key)
        footer = f"GST: {self._payload.gst_number}" if self._payload.gst_number else None
        self._add_printer(name, "created", await self.page.create_printer(name, footer))
        return None

    def _add_printer(self, name: str, status: str, key: str) -> None:
        self.printers.append(Printer.model_validate({"name": name, "status": status, "api_key": key}))

    async def _logo(self) -> None:
        assert self._payload.receipt_logo is not None
        await self.page.upload_receipt_logo(self._script.file(self._payload.receipt_logo))

    async def _webhook(self) -> str | None:
        url = str(self._payload.webhook_url)
        if not await self.page.has_webhook(url):
            await self.page.create_webhook(url, self._keep_secret)
        elif self.webhook_secret is None:
            return "The webhook exists already; its secret was shown when it was created."
        return None

    def _keep_secret(self, secret: str) -> None:
        self.webhook_secret = SecretStr(secret)


JOB_TYPE = JobType(
    name="setup-system-settings",
    title="Set up the system settings",
    description="Creates tax, two printers and a webhook, corrects the phone number, and sets sounds and sign-in.",
    payload=Payload,
    result=Result,
    steps=STEPS,
    run=run,
    examples=(
        {"email": "owner@example.com", "password": "example-password", "restaurantName": "Test Restaurant"},
        {
            "email": "owner@example.com",
            "password": "example-password",
            "restaurantName": "Test Restaurant",
            "gstNumber": "123-456-789",
            "webhookUrl": "https://orders.example.com/webhook/portal",
        },
    ),
)
