"""Settings: every name, default, unit and meaning, read once from the environment at the composition root."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from scriptjobs.errors import SetupError

# One name each, separated by commas.
Names = Annotated[tuple[str, ...], NoDecode]

# `live` counts what open pages ask by themselves, `other` everything that has no limit of its own.
RATE_LIMITS = "create=10,upload=60,details=60,status=120,list=30,live=600,other=240"


class Settings(BaseSettings):
    """All settings. The environment variable has the field's name in capitals."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, populate_by_name=True, extra="ignore")

    database_url: str | None = Field(None, description="PostgreSQL to use; without it an embedded server in VAR_DIR")
    migration_database_url: str | None = Field(
        None, description="the same database as its owner, where DATABASE_URL names a role that owns nothing"
    )
    migrate_at_start: bool = Field(default=True, description="`serve` brings the schema up to date when it starts")
    listen_database_url: str | None = Field(None, description="direct connection for LISTEN, where the other is pooled")
    var_dir: Path = Field(Path("var"), description="folder for the embedded server, files and keys")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65_535, description="port to listen on")
    public_url: str | None = Field(None, description="address that people use, for links")
    workers: int = Field(2, ge=0, le=64, description="jobs at once in this process; 0 serves pages and API only")
    warm_runners: int = Field(1, ge=0, le=16, description="browsers kept ready for the next job")
    lease_seconds: float = Field(20, ge=1, le=600, description="a silent worker loses its job after so many seconds")
    poll_seconds: float = Field(2, ge=0.1, le=60, description="looks for work this often even when not woken")
    grace_seconds: float = Field(10, ge=0, le=3_600, description="running scripts get so long at shutdown")
    script_memory_mb: int = Field(2_048, ge=0, description="a script with its browser may use so much; 0: no limit")
    organisation_share: int = Field(
        1, ge=0, le=10_000, description="jobs one organisation may run while another one waits; 0: no such rule"
    )
    restaurant_limit: int = Field(1, ge=1, le=64, description="jobs that may run at once in one restaurant")
    queue_limit: int = Field(10_000, ge=1, description="waiting jobs in all; beyond it new ones are refused")
    queue_limit_per_organisation: int = Field(1_000, ge=1, description="waiting jobs of one organisation")
    retention_days: int = Field(30, ge=1, le=3_650, description="ended jobs are deleted so long after their creation")
    jwt_secret: str | None = Field(
        None,
        validation_alias=AliasChoices("jwt_secret", "supabase_jwt_secret"),
        description="shared secret of HS256 bearer tokens; without it one is made in VAR_DIR",
    )
    jwks_url: str | None = Field(None, description="public keys of RS256 and ES256 bearer tokens")
    jwt_audience: str = Field("authenticated", description="audience that a bearer token must name")
    secrets_key: str | None = Field(None, description="keys for sealed secrets, newest first, separated by commas")
    portal_url: str = Field("https://admin.pumpd.co.nz", description="the portal when a payload names none")
    portal_hosts: Names = Field((), description="further hosts that scripts may open, separated by commas")
    job_types_package: str = Field("portal_scripts", description="packages with job types, separated by commas")
    chromium_path: str | None = Field(None, description="browser to use instead of the one that is found")
    browser_ws_endpoint: str | None = Field(
        None, description="Playwright server (ws://…) or CDP address (http://…) to use in the place of a local browser"
    )
    trace: Literal["off", "failures", "always"] = Field("off", description="keep a Playwright trace of each try")
    script_environment: str = Field(
        "HEADLESS=true,NODE_ENV=production", description="what scripts in other languages find in their environment"
    )
    csv_folder: Path | None = Field(None, description="folder on the workers in which `csvFilePath` may lie")
    headed: bool = Field(default=False, description="show the browser while scripts run")
    files_url: str | None = Field(
        None, description="file:// or s3:// address for pictures; without it `files` in VAR_DIR"
    )
    trusted_proxies: Names = Field(
        (), description="addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas"
    )
    cors_origins: Names = Field((), description="origins that may call the API from a browser")
    rate_limits: str = Field(
        RATE_LIMITS, description="requests a minute and caller, those left out keep their default; `off` for load tests"
    )
    log_format: Literal["json", "console"] = Field("json", description="`console` reads well in a terminal")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")

    @field_validator("portal_hosts", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @classmethod
    def from_env(cls) -> Self:
        """The settings of this process.

        Raises:
            SetupError: a value does not fit; the message names the variable.
        """
        try:
            return cls.model_validate({})
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]).upper()
            raise SetupError(f"The setting {name} does not fit: {first['msg']} (it is {first['input']!r}).") from error

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            try:
                ip_network(part)
            except ValueError:
                raise ValueError(f"{part!r} is not an address or network, such as 10.0.0.2 or 10.0.0.0/8") from None
        return value

    @field_validator("script_environment")
    @classmethod
    def _has_names(cls, value: str) -> str:
        if wrong := [part for part in value.split(",") if part.strip() and "=" not in part]:
            raise ValueError(f"each part is NAME=value; {wrong[0]!r} is not")
        return value

    @property
    def environment_of_scripts(self) -> dict[str, str]:
        """What SCRIPT_ENVIRONMENT lists."""
        pairs = [part.strip().split("=", 1) for part in self.script_environment.split(",") if part.strip()]
        return {name.strip(): value for name, value in pairs}

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """Hosts (with port, where one is given) that a payload's `adminUrl` may name."""
        return (urlsplit(self.portal_url).netloc, *self.portal_hosts)

    @property
    def address(self) -> str:
        """The address that people use, without a slash at the end."""
        return (self.public_url or self.address_at(self.port)).rstrip("/")

    def address_at(self, port: int) -> str:
        """Where a browser on this machine finds what listens on `port`."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 (read, not bound to)
        return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else f"http://{host}:{port}"
