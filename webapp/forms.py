"""Forms out of a payload's JSON Schema: schema → fields, posted form → payload, errors beside their fields."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from scriptjobs.names import fold_name
from scriptjobs.prices import read_price
from scriptjobs.values import MAX_SMALL, read_whole_number
from webapp.previews import FilePreview

BLANK_ROWS = 3
MAX_ROWS = 100
_KINDS = {"email": "text", "uri": "text", "color": "colour", "password": "secret"}
_TYPES = {"boolean": "switch", "integer": "number", "number": "number"}
ON = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `kind` names its template in `partials/fields/`; `name` is also its `id`."""

    name: str
    label: str
    kind: str
    help: str = ""
    value: Any = ""
    error: str = ""
    is_required: bool = False
    is_advanced: bool = False
    input_type: str = "text"
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    accept: str = ""
    preview: FilePreview | None = None
    rows: list[list["Field"]] = field(default_factory=list["list[Field]"])

    @property
    def is_menu(self) -> bool:
        """Whether it takes a menu file, which can be checked before the job starts."""
        return self.accept == _ACCEPTED["csv"]


def draw_form(
    schema: Mapping[str, Any], values: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None
) -> list[Field]:
    """The fields of a payload. `values` are what a person sent before (secrets are never drawn again)."""
    wanted = {name for name, part in schema["properties"].items() if part.get("x-required")}
    wanted |= set(schema.get("required", []))
    return [
        _field(schema, name, part, (values or {}).get(name), errors or {}, is_required=name in wanted)
        for name, part in schema["properties"].items()
        if not part.get("x-hidden")
    ]


def _field(
    root: Mapping[str, Any], path: str, part: Mapping[str, Any], value: Any, errors: Mapping[str, str], *,
    is_required: bool,
) -> Field:  # fmt: skip
    part = _resolve(root, part)
    kind = _kind(root, part)
    drawn = Field(
        name=path,
        label=str(part.get("title", path)),
        kind=kind,
        help=str(part.get("description", "")),
        error=errors.get(path, ""),
        is_required=is_required,
        is_advanced=bool(part.get("x-advanced")),
        input_type="email" if part.get("format") == "email" else "text",
        max_length=part.get("maxLength"),
        choices=tuple(part.get("enum", ())),
    )
    match drawn.kind:
        case "secret":
            return drawn
        case "group":
            return replace(drawn, rows=[_row(root, part, path, value, errors)])
        case "file":
            return replace(drawn, value=value or "", accept=_ACCEPTED[part["x-file"]])
        case "switch":
            return replace(drawn, value=bool(part.get("default") if value is None else value))
        case "rows":
            rows: list[Any] = list(value if value is not None else part.get("x-presets", []))
            item = _resolve(root, part["items"])
            blanks: list[Any] = [{}] * min(BLANK_ROWS, int(part.get("maxItems", MAX_ROWS)) - len(rows))
            drawn_rows = [
                _row(root, item, f"{path}.{number}", entry, errors) for number, entry in enumerate([*rows, *blanks])
            ]
            return replace(drawn, rows=drawn_rows)
        case "lines":
            return replace(drawn, value="\n".join(_line(entry) for entry in cast("list[Any]", value or [])))
        case _:
            start = part.get("default")
            return replace(drawn, value=value if value is not None else "" if start is None else start)


_ACCEPTED = {"csv": ".csv,text/csv", "image": "image/png,image/jpeg,image/webp,image/gif"}


def _line(entry: Any) -> str:
    """One entry of a list as a line of text; the parts of an object stand beside each other."""
    if not isinstance(entry, dict):
        return str(entry)
    parts = list(cast("dict[str, Any]", entry).values())
    return " ".join([*map(str, parts[:1]), *(_with_decimals(part) for part in parts[1:])])


def _with_decimals(part: Any) -> str:
    """A number is a price here; without decimals, a line would take it for a part of the name (`scriptjobs.prices`)."""
    try:
        return read_price(str(part)).text
    except ValueError:
        return str(part)


def _row(
    root: Mapping[str, Any], item: Mapping[str, Any], path: str, entry: Any, errors: Mapping[str, str]
) -> list[Field]:
    values: dict[str, Any] = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    return [
        _field(root, f"{path}.{name}", part, values.get(name), errors, is_required=False)
        for name, part in item["properties"].items()
        if not part.get("x-hidden")
    ]


def _kind(root: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    if part.get("type") == "array":
        is_rows = _resolve(root, part["items"]).get("type") == "object" and not part.get("x-one-a-line")
        return "rows" if is_rows else "lines"
    if part.get("type") == "object":
        return "group"
    for mark, kind in (("enum", "choice"), ("x-file", "file"), ("x-long", "area")):
        if part.get(mark):
            return kind
    return _KINDS.get(part.get("format", ""), _TYPES.get(part.get("type", ""), "text"))


def _resolve(root: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference, and take the one real type out of "this or nothing"."""
    if "$ref" in part:
        found: Mapping[str, Any] = root["$defs"][str(part["$ref"]).rsplit("/", 1)[-1]]
        return {**found, **{key: value for key, value in part.items() if key != "$ref"}}
    if "anyOf" in part:
        real = next(option for option in part["anyOf"] if option.get("type") != "null")
        return {**_resolve(root, real), **{key: value for key, value in part.items() if key != "anyOf"}}
    return part


def read_form(schema: Mapping[str, Any], posted: Mapping[str, str]) -> dict[str, Any]:
    """The payload in a posted form. Empty optional fields and rows without a first value are left out."""
    payload: dict[str, Any] = {}
    for name, part in schema["properties"].items():
        value = _read(schema, name, _resolve(schema, part), posted)
        if value not in (None, "") or name in schema.get("required", []):
            payload[name] = value
    return {name: value for name, value in payload.items() if value is not None}


def _read(root: Mapping[str, Any], path: str, part: Mapping[str, Any], posted: Mapping[str, str]) -> Any:
    match _kind(root, part):
        case "rows":
            return _read_rows(root, path, part, posted)
        case "group":
            return _read_group(root, path, part, posted)
        case "switch":
            # A browser sends nothing for a switch that is off, so an empty field before it says that it was drawn.
            return posted[path] == ON if path in posted else None
        case "lines":
            return [line.strip() for line in posted.get(path, "").splitlines() if line.strip()]
        case "secret":
            return posted.get(path)
        case _:
            value = posted.get(path)
            return value.strip() if value is not None else None


def _read_group(
    root: Mapping[str, Any], path: str, part: Mapping[str, Any], posted: Mapping[str, str]
) -> dict[str, Any] | None:
    """An object whose fields stand together; None when all of it is empty or off, as it was drawn untouched."""
    found = {
        name: _read(root, f"{path}.{name}", _resolve(root, inner), posted) for name, inner in part["properties"].items()
    }
    return {name: value for name, value in found.items() if value not in (None, "")} if any(found.values()) else None


def _read_rows(
    root: Mapping[str, Any], path: str, part: Mapping[str, Any], posted: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Rows in the order of their numbers; a gap (a row removed by the person) closes."""
    item, most = _resolve(root, part["items"]), int(part.get("maxItems", MAX_ROWS))
    prefix = f"{path}."
    places = {key[len(prefix) :].split(".", 1)[0] for key in posted if key.startswith(prefix)}
    rows: list[dict[str, Any]] = []
    for number in sorted(number for text in places if (number := _row_number(text)) is not None)[:most]:
        row = {
            name: _read(root, f"{path}.{number}.{name}", _resolve(root, part), posted)
            for name, part in item["properties"].items()
        }
        if row.get(next(iter(item["properties"]))):
            rows.append({name: value for name, value in row.items() if value not in (None, "", [])})
    return rows


def _row_number(text: str) -> int | None:
    with contextlib.suppress(ValueError):
        return read_whole_number(text, 0, MAX_SMALL)
    return None


def with_labels(faults: list[dict[str, str]], fields: list[Field]) -> list[dict[str, str]]:
    """The faults with the label of each one's field, which stands in a row perhaps."""
    labels = {drawn.name: drawn.label for drawn in fields}
    for drawn in fields:
        for number, row in enumerate(drawn.rows, start=1):
            place = drawn.label if drawn.kind == "group" else f"{drawn.label}, row {number}"
            labels |= {cell.name: f"{place}: {cell.label}" for cell in row}
    return [{**fault, "label": labels.get(fault["path"], fault["path"])} for fault in faults]


def field_errors(faults: list[dict[str, str]]) -> dict[str, str]:
    """Faults of a payload by the field that they stand beside."""
    return {fault["path"]: fault["message"] for fault in faults}


def only_named(payload: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """The payload with those entries of its lists alone that have one of these names; one without any stays whole."""
    wanted = {fold_name(name) for name in names}

    def chosen(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        entries = cast("list[Any]", value)
        return [entry for entry in entries if fold_name(_name(entry)) in wanted] or entries

    return {name: chosen(value) for name, value in payload.items()}


def _name(entry: Any) -> str:
    return str(cast("dict[str, Any]", entry).get("name", "")) if isinstance(entry, dict) else ""
