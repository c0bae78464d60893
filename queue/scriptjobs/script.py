"""The face that a script author sees: what a script gets, and the errors it may raise."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol
from uuid import UUID

from pydantic import BaseModel, Field, PlainSerializer, SecretStr, SerializationInfo, WithJsonSchema

from scriptjobs.errors import ScriptError

if TYPE_CHECKING:
    from playwright.async_api import Page


def _serialize_secret(value: SecretStr, info: SerializationInfo) -> Any:
    context: dict[str, Any] = info.context or {}
    seal = context.get("seal")
    return seal(value.get_secret_value()) if seal else "********"


# A payload field of this type is sealed before it is stored, and never shown. In JSON Schema it carries `x-secret`.
Secret = Annotated[
    SecretStr,
    PlainSerializer(_serialize_secret),
    WithJsonSchema({"type": "string", "format": "password", "writeOnly": True, "x-secret": True}),
]


# Payload fields of these types hold the id of an uploaded file. In JSON Schema they carry `x-file`.
CsvFile = Annotated[UUID, WithJsonSchema({"type": "string", "format": "uuid", "x-file": "csv"})]
ImageFile = Annotated[UUID, WithJsonSchema({"type": "string", "format": "uuid", "x-file": "image"})]


class InvalidCredentials(ScriptError):
    """The portal refused the sign-in."""

    code = "INVALID_CREDENTIALS"


class RestaurantNotFound(ScriptError):
    """There is no restaurant of that name in this portal account."""

    code = "RESTAURANT_NOT_FOUND"


class RestaurantAmbiguous(ScriptError):
    """More than one restaurant fits the name."""

    code = "RESTAURANT_AMBIGUOUS"


class PageChanged(ScriptError):
    """The page looks different from what the script expects."""

    code = "ELEMENT_NOT_FOUND"


class NotOffered(ScriptError):
    """The page is all there, and does not offer this to the account: another try would find the same."""

    code = "PERMISSION_DENIED"


class InvalidValue(ScriptError):
    """The portal refused a value of the payload."""

    code = "VALIDATION_ERROR"


class ImportRejected(ScriptError):
    """The portal refused the file."""

    code = "IMPORT_REJECTED"


class NavigationTimeout(ScriptError):
    """A page took too long to load."""

    code = "NAVIGATION_TIMEOUT"


class NothingDone(ScriptError):
    """Not one of the items could be done."""

    code = "UNKNOWN_ERROR"


class PortalFault(ScriptError):
    """The portal answered with an error of its own."""

    code = "ECONNRESET"


class Script(Protocol):
    """What `run(script, payload)` works with."""

    @property
    def page(self) -> "Page":
        """The browser's page."""
        ...

    @property
    def portal_url(self) -> str:
        """The portal's address, without a slash at the end."""
        ...

    @property
    def checkpoints(self) -> dict[str, Any]:
        """What earlier attempts saved, by name."""
        ...

    async def open(self, address: str) -> None:
        """Go to an address and wait for its document, not for a quiet network: the portal polls for ever.

        Raises:
            PortalFault: the server answers with an error. NavigationTimeout: nothing comes in time.
        """
        ...

    async def sees(self, selector: str, timeout_ms: float) -> bool:
        """Whether something that fits `selector` is seen within `timeout_ms`."""
        ...

    def attempt(self) -> AbstractAsyncContextManager[None]:
        """Within it, trouble with the page is raised as ScriptError, so that a script can go on with the next item.

        A crashed browser is no such trouble and ends the script.
        """
        ...

    def step(self, title: str, *, in_private: bool = False) -> AbstractAsyncContextManager[None]:
        """A declared step: timed, with a picture at its end; none `in_private`, where the page shows a secret."""
        ...

    def set_private(self, *, on: bool) -> None:
        """Say that the page may show secrets from now on, in whatever step, or no longer.

        No picture, no page and no trace of it is kept. Call it before such a page opens, and after it has gone.
        """
        ...

    def file(self, id_: UUID) -> Path:
        """Where the uploaded file lies that a field of the payload names."""
        ...

    def without_scripts(self) -> AbstractAsyncContextManager[None]:
        """Windows that open within it run no scripts: for pages whose code the portal does not vouch for."""
        ...

    async def hide(self, value: str) -> None:
        """Keep a secret that the page shows out of log, pictures and everything else that is stored of this attempt."""
        ...

    async def progress(self, done: int, total: int, message: str) -> None:
        """Report `done` of `total` within the present step."""
        ...

    async def log(self, text: str, level: str = "info") -> None:
        """Write a line to the job's log."""
        ...

    async def screenshot(self, name: str) -> None:
        """Take a picture, password fields masked."""
        ...

    async def checkpoint(self, name: str, value: Any = True) -> None:  # noqa: FBT002 (a value, not a switch)
        """Save that something is done, for a later attempt."""
        ...

    async def recall(self, name: str) -> Any:
        """What an earlier attempt saved under `name`, or None; the job then shows that it was resumed in this step."""
        ...


def _is_empty(value: object) -> bool:
    return not value


class Result(BaseModel):
    """The common part of every result.

    `warnings` are what a person should know of a job that completed: one sentence each. `restaurant` is the one that
    was opened, as the site spells it; `asked_for` is the name in the payload, where that is another one.
    """

    success: bool = True
    partial: bool = False
    message: str
    warnings: list[str] = Field(default_factory=list, exclude_if=_is_empty)
    restaurant: str | None = Field(default=None, exclude_if=_is_empty)
    asked_for: str | None = Field(default=None, serialization_alias="askedFor", exclude_if=_is_empty)
