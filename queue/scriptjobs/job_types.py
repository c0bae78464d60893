"""JobType, and the registry that finds all job types in the packages that a setting names."""

import contextlib
import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, cast
from uuid import UUID

from pydantic import BaseModel, ValidationError

from scriptjobs.addresses import site_of
from scriptjobs.errors import InvalidJobType, InvalidPayload, ScriptJobsError, SetupError
from scriptjobs.jobs import DEFAULT_MAX_RETRIES, OpenPayload, RawPayload, SealedPayload
from scriptjobs.marked_values import change_marked, without
from scriptjobs.names import fold_name, without_apostrophes
from scriptjobs.script import Script
from scriptjobs.values import read_uuid
from scriptjobs.wording import say

# The owner's default: two jobs at once in one portal account.
DEFAULT_ACCOUNT_LIMIT = 2
_LEFT_OUT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKeys:
    """Portal account, restaurant in it, key of a rate, number of items; None where there is none."""

    account: str | None
    restaurant: str | None
    rate: str | None
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileField:
    """A field of a payload that names an uploaded file, which must be of `kind` (csv, image)."""

    path: str
    id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class JobType:
    """One kind of job.

    `timeout_ms` bounds an attempt; `expected_ms` is told until history knows better. It does not begin while
    `account_limit` jobs work with its portal account. With `account_rate_ms`, that much time lies between two of its
    beginnings on one portal. `size_of` counts the items of a payload, where they decide how long it takes. The browser
    may open the portal's hosts and further `hosts`; with `opens_shop` the shops below the portal's domain as well. It
    refuses downloads, unless the type says `downloads`. With `repeatable`, a second run does nothing twice, and the
    launch page says so.

    A type has either `run`, or a `command` in any language (docs/adding-a-job-type.md).
    """

    name: str
    title: str
    description: str
    payload: type[BaseModel]
    result: type[BaseModel]
    steps: tuple[str, ...]
    run: Callable[[Script, Any], Awaitable[BaseModel]] | None = None
    command: tuple[str, ...] = ()
    timeout_ms: int = 300_000
    expected_ms: int = 60_000
    max_retries: int = DEFAULT_MAX_RETRIES
    account_limit: int = DEFAULT_ACCOUNT_LIMIT
    account_rate_ms: int = 0
    size_of: Callable[[Any], int] | None = None
    hosts: tuple[str, ...] = ()
    opens_shop: bool = False
    downloads: bool = False
    repeatable: bool = False
    examples: tuple[Mapping[str, Any], ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        if bool(self.run) == bool(self.command):
            raise SetupError(f"The job type {self.name} needs either `run` or `command`.")

    def estimate_total_steps(self) -> int:
        """How many steps the job will show."""
        return len(self.steps)

    def keys_of(self, payload: BaseModel, portal_host: str) -> "JobKeys":
        """What a validated payload shares with other jobs; `portal_host` is the portal when it names none."""
        said: dict[str, str] = {
            name: fold_name(str(value))
            for name in ("email", "restaurant_name", "admin_url")
            if (value := getattr(payload, name, None))
        }
        portal = site_of(said.get("admin_url", f"//{portal_host}"))
        account = f"{portal} {said['email']}" if "email" in said else None
        name = without_apostrophes(said.get("restaurant_name", ""))
        restaurant = f"{account} {name}" if account and name else None
        rate = f"{portal} {self.name}" if self.account_rate_ms else None
        size = self.size_of(payload) if self.size_of else None
        return JobKeys(account=account, restaurant=restaurant, rate=rate, size=size)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The payload as JSON Schema (2020-12), the source of form, validation and documentation."""
        return self.payload.model_json_schema(by_alias=True)

    def in_order(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """A stored result with its keys in the order of the model; the database sorts keys by their length."""
        return _in_order(result, self._result_schema, self._result_schema.get("$defs", {}))

    def files_of(self, payload: OpenPayload | Mapping[str, Any]) -> list["FileField"]:
        """The uploaded files that a payload names, as it was sent or is stored; what is no id is left out."""
        found: list[FileField] = []

        def note(id_: str, kind: str, path: str) -> str:
            with contextlib.suppress(ValueError):
                found.append(FileField(path=path, id=read_uuid(id_), kind=kind))
            return id_

        change_marked(payload, self.schema, "x-file", note)
        return found

    def change_secrets(self, result: Mapping[str, Any], change: Callable[[str], Any]) -> dict[str, Any]:
        """The result with each secret in it changed."""
        return change_marked(result, self._result_schema, "x-secret", lambda text, _mark, _path: change(text))

    def secrets_of(self, payload: Mapping[str, Any]) -> list[str]:
        """The secrets of an open payload."""
        found: list[str] = []
        change_marked(payload, self.schema, "x-secret", lambda text, _mark, _path: found.append(text))
        return found

    def without_secrets(self, payload: SealedPayload) -> SealedPayload:
        """A payload for keeping: secrets that somebody stored unsealed are gone as well."""
        return SealedPayload(
            change_marked(payload, self.schema, "x-secret", lambda _text, _mark, _path: {"$erased": True})
        )

    @cached_property
    def open_examples(self) -> list[dict[str, Any]]:
        """The examples without their secrets, as anybody may read them."""

        def leave_out(_text: str, _mark: object, _path: str) -> object:
            return _LEFT_OUT

        marked = [change_marked(example, self.schema, "x-secret", leave_out) for example in self.examples]
        return [without(example, _LEFT_OUT) for example in marked]

    @cached_property
    def has_secrets(self) -> bool:
        """Whether its payload holds secrets, which are sealed."""
        return "x-secret" in str(self.schema)

    @cached_property
    def secret_names(self) -> tuple[str, ...]:
        """Names of the result's fields that are secret."""
        parts = [self._result_schema, *self._result_schema.get("$defs", {}).values()]
        fields = [item for part in parts for item in part.get("properties", {}).items()]
        return tuple(dict.fromkeys(name for name, field in fields if "x-secret" in str(field)))

    def _path(self, place: tuple[str | int, ...]) -> str:
        """Where a fault is, as the payload names it: a default that does not do is told by the model's own name."""
        field = self.payload.model_fields.get(str(place[0])) if place else None
        first = [field.alias] if field and field.alias else list(place[:1])
        return ".".join(str(part) for part in [*first, *place[1:]])

    @cached_property
    def _result_schema(self) -> dict[str, Any]:
        return self.result.model_json_schema(mode="serialization")

    @property
    def required_fields(self) -> list[str]:
        """Names of the payload fields that have no default."""
        return list(self.schema.get("required", []))

    def validate(self, payload: RawPayload, hosts: tuple[str, ...] = (), csv_folder: Path | None = None) -> BaseModel:
        """The payload as the type's model. `hosts` are those that an `adminUrl` may name, `csv_folder` is where a path
        to a menu file may lead.

        Raises:
            InvalidPayload: INVALID_PAYLOAD with `fields`: every fault at once, in the form's order.
        """
        try:
            return self.payload.model_validate(payload, context={"hosts": hosts, "csv_folder": csv_folder})
        except ValidationError as error:
            fields = [
                {"path": self._path(fault["loc"]), "message": say(fault)}
                for fault in error.errors(include_url=False, include_input=False)
            ]
            names = ", ".join(dict.fromkeys(str(fault["path"]) for fault in fields))
            raise InvalidPayload(f"Please correct: {names}.", fields=fields) from error


class JobTypes:
    """The registry: every module of a package that has a `JOB_TYPE`."""

    def __init__(self, found: Mapping[str, JobType], absent: Iterable[str] = ()) -> None:
        self._found = dict(sorted(found.items()))
        self._absent = frozenset(absent)

    @classmethod
    def load(cls, packages: str) -> "JobTypes":
        """Import all modules of these packages (their names, separated by commas) and collect their job types.

        Raises:
            SetupError: a package is not there, a module cannot be imported, or two modules share a name.
        """
        found: dict[str, JobType] = {}
        modules: dict[str, str] = {}
        for module, job_type in _job_types_in(packages):
            if job_type.name in found:
                both = f"{modules[job_type.name]} and {module}"
                raise SetupError(f"Two modules have a job type named {job_type.name}: {both}. Rename one of them.")
            found[job_type.name], modules[job_type.name] = job_type, module
        return cls(found)

    def split(self, known: Iterable[str]) -> tuple["JobTypes", list[str]]:
        """The types that the database knows by name, and the names of those that it does not."""
        absent = sorted(set(self._found) - set(known))
        return JobTypes({name: kind for name, kind in self._found.items() if name not in absent}, absent), absent

    def __iter__(self):
        return iter(self._found.values())

    @property
    def names(self) -> list[str]:
        """All names, in alphabetical order."""
        return list(self._found)

    def get(self, name: object) -> JobType:
        """The job type of that name.

        Raises:
            InvalidJobType: INVALID_JOB_TYPE with `validTypes`.
        """
        if isinstance(name, str) and name in self._found:
            return self._found[name]
        if isinstance(name, str) and name in self._absent:
            said = f"The job type {name} is not in the database yet. Whoever runs this installation must migrate it."
            raise InvalidJobType(said, validTypes=self.names)
        said = f"There is no job type {name!r:.80}." if name else "jobType is missing."
        raise InvalidJobType(said, validTypes=self.names)

    def title(self, name: str) -> str:
        """The type's title, or the bare name of a type that is no longer installed."""
        return self._found[name].title if name in self._found else name


def _job_types_in(packages: str) -> Generator[tuple[str, JobType]]:
    """Each job type with the name of its module."""
    names = dict.fromkeys(name for part in packages.split(",") if (name := part.strip()))
    if not names:
        raise SetupError("JOB_TYPES_PACKAGE names no package. Give the name of one, or of several with commas between.")
    for package in names:
        for module in pkgutil.iter_modules(getattr(_imported(package), "__path__", ())):
            name = f"{package}.{module.name}"
            if not module.ispkg and isinstance(job_type := getattr(_imported(name), "JOB_TYPE", None), JobType):
                yield name, job_type


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ScriptJobsError:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            said = f"There is no package {name!r} to find job types in (JOB_TYPES_PACKAGE)."
        else:
            said = f"The module {name} of job types cannot be imported: {type(error).__name__}: {error}"
        raise SetupError(said) from error


def _in_order(value: Any, schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        schema = known[str(schema["$ref"]).rsplit("/", 1)[-1]]
    if isinstance(value, list):
        return [_in_order(item, schema.get("items", {}), known) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    items = cast("dict[str, Any]", value)
    parts: Mapping[str, Any] = schema.get("properties", {})
    keys = [*(key for key in parts if key in items), *(key for key in items if key not in parts)]
    return {key: _in_order(items[key], parts.get(key, {}), known) for key in keys}
