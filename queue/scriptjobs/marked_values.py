"""Values that a JSON Schema marks: secrets of a result (`x-secret`), ids of uploaded files in a payload (`x-file`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

Change = Callable[[str, Any, str], Any]


def change_marked(value: Any, schema: Mapping[str, Any], mark: str, change: Change) -> Any:
    """A copy of `value` in which each text whose schema has `mark` is `change(text, the mark's value, its path)`."""
    return _Walk(schema.get("$defs", {}), mark, change).walk(value, schema, ())


def without(value: Any, left_out: object) -> Any:
    """A copy of `value` without the fields and entries that are `left_out`."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return {key: without(item, left_out) for key, item in items.items() if item is not left_out}
    if isinstance(value, list):
        return [without(item, left_out) for item in cast("list[Any]", value) if item is not left_out]
    return value


@dataclass(frozen=True, slots=True)
class _Walk:
    known: Mapping[str, Any]
    mark: str
    change: Change

    def walk(self, value: Any, schema: Mapping[str, Any], path: tuple[str, ...]) -> Any:
        """The copy of one value."""
        for part in self._alternatives(schema):
            if self.mark in part and isinstance(value, str):
                return self.change(value, part[self.mark], ".".join(path))
            if isinstance(value, dict) and "properties" in part:
                items = cast("dict[str, Any]", value)
                parts: Mapping[str, Any] = part["properties"]
                return {key: self.walk(item, parts.get(key, {}), (*path, key)) for key, item in items.items()}
            if isinstance(value, list) and "items" in part:
                items_of = cast("list[Any]", value)
                return [self.walk(item, part["items"], (*path, str(number))) for number, item in enumerate(items_of)]
        return cast("Any", value)

    def _alternatives(self, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The schema itself, what it refers to, and each of "this or nothing"."""
        found = [schema]
        if "$ref" in schema:
            found += self._alternatives(self.known[str(schema["$ref"]).rsplit("/", 1)[-1]])
        for option in cast("list[Mapping[str, Any]]", schema.get("anyOf", [])):
            found += self._alternatives(option)
        return found
