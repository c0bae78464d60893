"""The payload fields that every job on the portal shares."""

import re
from collections import Counter
from typing import Annotated, Literal, Protocol, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from scriptjobs.script import Secret
from scriptjobs.values import read_name
from scriptjobs.wording import matching


def _seen(value: object) -> object:
    return read_name(value) if isinstance(value, str) else value


# A name that people read: without what nobody sees, and not empty.
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), BeforeValidator(_seen)]
HexColour = Annotated[
    str,
    AfterValidator(matching(r"#[0-9A-Fa-f]{6}", "is no colour; write it as #RRGGBB")),
    WithJsonSchema({"type": "string", "format": "color", "pattern": "^#[0-9A-Fa-f]{6}$"}),
]
Html = Annotated[str, StringConstraints(max_length=200_000), WithJsonSchema({"type": "string", "x-long": True})]
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|[^@\s]+@localhost")


def twins(camel: str, snake: str) -> AliasChoices:
    """Both spellings of a field that existing clients send."""
    return AliasChoices(camel, snake)


class Named(Protocol):
    """Something with a name."""

    @property
    def name(self) -> str:
        """The name."""
        ...


_Named = TypeVar("_Named", bound=Named)


def each_once(items: list[_Named]) -> list[_Named]:
    """Refuse a list that names something twice; the second one could not be told from the first on the portal."""
    names = Counter(item.name.casefold() for item in items)
    if doubled := sorted({item.name for item in items if names[item.name.casefold()] > 1}):
        raise ValueError(f"names something twice: {', '.join(doubled)}")
    return items


class PortalPayload(BaseModel):
    """Who signs in to the portal, and at which restaurant."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    email: str = Field(
        title="Portal e-mail", max_length=254, description="The address of the portal account.",
        json_schema_extra={"format": "email"},
    )  # fmt: skip
    password: Secret = Field(
        title="Portal password",
        min_length=1,
        max_length=200,
        description="Sealed at once, erased when the job is done.",
    )
    restaurant_name: Text = Field(
        title="Restaurant", alias="restaurantName", validation_alias=twins("restaurantName", "restaurant_name"),
        description="As the portal's dashboard shows it; in full, when several are alike.",
    )  # fmt: skip
    admin_url: str | None = Field(
        None, title="Portal address", alias="adminUrl", validation_alias=twins("adminUrl", "admin_url"),
        description="Leave empty for the usual portal.", json_schema_extra={"format": "uri", "x-advanced": True},
    )  # fmt: skip
    country: Literal["NZ", "AU", "US", "GB", "CA"] = Field(
        "NZ", title="Country", description="Sets language and time zone.", json_schema_extra={"x-advanced": True}
    )

    @field_validator("email")
    @classmethod
    def _looks_like_an_address(cls, value: str) -> str:
        value = value.strip()
        if not _EMAIL.fullmatch(value):
            raise ValueError("is not an e-mail address")
        return value

    @field_validator("admin_url")
    @classmethod
    def _is_an_allowed_host(cls, value: str | None, info: ValidationInfo) -> str | None:
        """A payload may not send the browser just anywhere in the network."""
        if not value or not value.strip():
            return None
        value = value.strip()
        parts = urlsplit(value)
        hosts = tuple((info.context or {}).get("hosts", ()))
        if parts.scheme not in {"http", "https"} or parts.netloc not in hosts:
            raise ValueError(f"must be the address of an allowed portal: {', '.join(hosts) or 'none is set'}")
        return value.rstrip("/")
