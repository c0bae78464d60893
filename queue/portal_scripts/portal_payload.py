"""The payload fields that every job on the portal shares."""

from collections import Counter
from typing import Annotated, Literal, Protocol, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from portal_scripts.countries import looks_like_phone
from scriptjobs.addresses import site_of
from scriptjobs.names import fold_name, has_control
from scriptjobs.script import Secret
from scriptjobs.values import read_email
from scriptjobs.wording import matching


def one_line(value: str) -> str:
    """A text as a page shows it: blanks of every kind and length become one; what cannot stand in a line is refused."""
    value = value.strip()
    if has_control(value):
        raise ValueError("must be one line, without line breaks, tabs or other control characters")
    return " ".join(value.split())


def a_name(value: str) -> str:
    """The same for a name, which must show something."""
    value = one_line(value)
    if not fold_name(value):
        raise ValueError("must not be empty")
    return value


# Texts of one line, and names of things, by which they are found again on the portal.
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(one_line)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(a_name)]
Text = Name  # what job types called it before
DishName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(a_name)
]


def _is_phone(value: str, info: ValidationInfo) -> str:
    country = info.data.get("country", "NZ")
    if not looks_like_phone(value, country):
        raise ValueError(f"“{value}” is no phone number of {country}")
    return value


Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(_is_phone)]
HexColour = Annotated[
    str,
    AfterValidator(matching(r"#[0-9A-Fa-f]{6}", "is no colour; write it as #RRGGBB")),
    WithJsonSchema({"type": "string", "format": "color", "pattern": "^#[0-9A-Fa-f]{6}$"}),
]
Html = Annotated[str, StringConstraints(max_length=200_000), WithJsonSchema({"type": "string", "x-long": True})]
_is_portal_id = matching(r"RES[A-Za-z0-9_-]{1,60}", "is no id of the portal; it begins with RES")


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
    names = Counter(fold_name(item.name) for item in items)
    if doubled := sorted({item.name for item in items if names[fold_name(item.name)] > 1}):
        raise ValueError(f"names something twice: {', '.join(doubled)}")
    return items


class AccountPayload(BaseModel):
    """Who signs in to the portal, and the restaurant's name."""

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
    restaurant_name: Name = Field(
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
        try:
            address = read_email(value)
        except ValueError as error:
            raise ValueError("is not an e-mail address") from error
        # The portal is on the internet, or the sandbox on this machine.
        if not address.endswith("@localhost") and "." not in address.rpartition("@")[2]:
            raise ValueError("is not an e-mail address")
        return address

    @field_validator("admin_url")
    @classmethod
    def _is_an_allowed_host(cls, value: str | None, info: ValidationInfo) -> str | None:
        """A payload may not send the browser just anywhere in the network."""
        if not value or not value.strip():
            return None
        hosts = tuple((info.context or {}).get("hosts", ()))
        parts = urlsplit(value.strip())
        if not _is_bare(parts) or site_of(value) not in {site_of(f"{parts.scheme}://{host}") for host in hosts}:
            raise ValueError(f"must be the address of an allowed portal: {', '.join(hosts) or 'none is set'}")
        return f"{parts.scheme}://{site_of(value)}{parts.path.rstrip('/')}"


class PortalPayload(AccountPayload):
    """The same for a job that opens the restaurant."""

    portal_restaurant_id: Annotated[str, AfterValidator(_is_portal_id)] | None = Field(
        None, title="Restaurant's id on the portal", alias="portalRestaurantId",
        validation_alias=twins("portalRestaurantId", "portal_restaurant_id"), json_schema_extra={"x-advanced": True},
        description="RES…, as in the address of its page. With it the job goes there, and checks the name.",
    )  # fmt: skip

    @field_validator("portal_restaurant_id", mode="before")
    @classmethod
    def _no_id_is_none(cls, value: object) -> object:
        return value or None


def _is_bare(parts: SplitResult) -> bool:
    """Whether an address names a site, and perhaps a path, and nothing else."""
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and not (parts.username or parts.password or parts.query or parts.fragment)
    )
