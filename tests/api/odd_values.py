"""What nobody sends on purpose, at every place of every request that the routing table, the models and the code know."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote_from_bytes, urlencode

from pydantic import BaseModel
from starlette.routing import Route

from scriptjobs.job_types import JobTypes
from scriptjobs.store.lists import JobFilter
from tests.processes import tags_payload
from webapp.api import bodies
from webapp.auth.sessions import COOKIE
from webapp.forms import Field, draw_form
from webapp.routes import routes

LONG_NUMBER = "9" * 5_000
TEXTS: list[bytes] = [
    b"", b" ", b"\0", b"a\0b", b"JOB_\0", b"JOB_20260101_000000_0000000\0", LONG_NUMBER.encode(), b"-1", b"+1", b"1_0",
    b"0x10", b"1e999", b"NaN", b"2147483648", b"18446744073709551616", "²".encode(), "١".encode(), "💥".encode(),
    b"\xff", b"\xed\xa0\xbc", b"%", b"%00", b"'\"<script>", b"../../etc/passwd", b"\r\nX-Odd: 1", b"http://[", b"[", b"//evil.example",
    b",,,", b"zzz", b"true", b"9999-12-31T23:59:59-12:00", b"0001-01-01T00:00:00+14:00", b"2026-13-45T99:99:99Z",
    b"00000000-0000-0000-0000-000000000000", "\u200b\ufeff".encode(), b"x" * 20_000,
]  # fmt: skip
# As they stand in a JSON document, since some of them cannot be made from a value.
JSON = [
    LONG_NUMBER, f"-{LONG_NUMBER}", "1e999", "NaN", "-Infinity", "1.5", "2147483648", "9223372036854775808", "null",
    "true", "[]", "{}", '"\\u0000"', '"a\\u0000b"', '"\\ud83c"', '["\\u0000"]', f"[{LONG_NUMBER}]",
    f'{{"a": [{{"b": {LONG_NUMBER}}}]}}', '{"\\u0000": 1}', '{"\\ud83c": 1}', "[" * 900 + "]" * 900, '"9999-12-31T23:59:59-12:00"',
    '"0001-01-01T00:00:00+14:00"', "123", '"\\u200b\\ufeff"', '"http://["', '"zzz"', '""', json.dumps("x" * 20_000),
]  # fmt: skip
CONTENT_TYPES = [
    b"", b"application/json", b"application/json; charset=undefined", b"text/plain; charset=\xff", b"multipart/form-data",
    b"multipart/form-data; boundary=", b"multipart/form-data; boundary=b", b"multipart/form-data; boundary=" + b"b" * 5_000,
    b"multipart/form-data; boundary=b; charset=undefined", b"multipart/form-data; boundary=b; charset=utf-7",
    b"application/x-www-form-urlencoded; charset=unicode_escape", b"application/x-www-form-urlencoded", b";;;=", b"\0",
]  # fmt: skip
CONTENTS = [
    b"", b"\0", b"\xff\xfe", b"--b", b"--b\r\n\r\n", b"--b--", b"a=%ff&%00=\xff&=&&;", b"{", b"[" * 100_000, b'{"a": 1e999}', b'"\xff"',
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\0.csv"\r\n\r\nmenuName,categoryName,dishName,dishPrice\nA,B,C,1\n\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="\xff"; filename*=utf-7\'\'%00\r\n\r\nx\r\n--b--\r\n',
    b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", b"--b\r\n" + b"X: " + b"y" * 70_000,
]  # fmt: skip

_SHARE = 20


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. `target` is path and query as they stand on the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes = b""

    def __str__(self) -> str:
        headers = {name: value[:80] for name, value in self.headers}
        return f"{self.method} {self.target[:160]} {headers} {self.body[:160]!r}"


def requests(job_id: str, form_token: str, job_types: JobTypes) -> Iterator[Sent]:
    """Every request with one odd value in it."""
    known = {
        "job_id": job_id,
        "type": "add-item-tags",
        "number": "1",
        "action": "keep",
        "token": "x",
        "file_id": str(bytes(16).hex()),
    }
    for number, route in enumerate(route for route in routes() if isinstance(route, Route)):
        for method in sorted(route.methods or ()):
            sent = Sent(method, _fill(route.path, known))
            yield from _odd_addresses(route, sent, known)
            yield from _odd_headers(sent, number)
            if method == "POST":
                yield from _odd_bodies(sent, number)
    yield from _odd_htmx()
    yield from _odd_fields(job_id)
    yield from _odd_payloads(job_types)
    yield from _odd_forms(job_types, form_token)


def _fill(path: str, values: dict[str, str]) -> str:
    return re.sub(r"{(\w+)(:\w+)?}", lambda found: values[found[1]], path)


def _odd_addresses(route: Route, sent: Sent, known: dict[str, str]) -> Iterator[Sent]:
    for text in TEXTS:
        escaped = quote_from_bytes(text, safe="")
        for name in route.param_convertors:
            # A key counts only where something is done, and is then stored beside the path.
            key = (("idempotency-key", b"a-key"),) if sent.method == "POST" else ()
            yield replace(sent, target=_fill(route.path, {**known, name: escaped}), headers=key)
    if sent.method != "GET":
        return
    names = sorted(_query_names())
    for text in TEXTS:
        # All names at once: each meets each text, unless an earlier one is refused first.
        query = "&".join(f"{name}={quote_from_bytes(text, safe='')}" for name in names)
        yield replace(sent, target=f"{sent.target}?{query}")
    if sent.target in {"/api/jobs", "/live/fragments"}:
        base = f"view=page&jobs={known['job_id']}&" if sent.target.startswith("/live") else ""
        for name in names:
            for text in TEXTS:
                yield replace(sent, target=f"{sent.target}?{base}{name}={quote_from_bytes(text, safe='')}")


def _odd_headers(sent: Sent, number: int) -> Iterator[Sent]:
    if sent.target.startswith("/sign-in"):
        return
    names = sorted(_header_names() | {COOKIE})
    for place, text in enumerate(TEXTS):
        for name in names[(place + number) % _SHARE :: _SHARE]:  # each name meets each text on some of the routes
            header = ("cookie", f"{COOKIE}=".encode() + text) if name == COOKIE else (name, text)
            yield replace(sent, headers=(header,))


def _odd_htmx() -> Iterator[Sent]:
    """Where htmx asks from is read only when it asks, for somebody who is signed out."""
    for text in TEXTS:
        yield Sent("GET", "/jobs", (("hx-request", b"true"), ("hx-current-url", text), ("cookie", b"")))


def _odd_bodies(sent: Sent, number: int) -> Iterator[Sent]:
    is_form = sent.target in {"/api/files", "/launch/add-item-tags", "/sign-in"}
    for place, kind in enumerate(CONTENT_TYPES):
        for content in CONTENTS if is_form else CONTENTS[(place + number) % 8 :: 8]:
            yield replace(sent, headers=(("content-type", kind),), body=content)


def _odd_fields(job_id: str) -> Iterator[Sent]:
    """Each field of each model of the API with each odd value."""
    places = {"CreateJob": "/api/jobs", "RetryJob": f"/api/jobs/{job_id}/retry", "KeepJob": f"/api/jobs/{job_id}/keep"}
    models = [
        kind
        for kind in vars(bodies).values()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not BaseModel
    ]
    for model in models:
        start = {"jobType": '"add-item-tags"', "payload": "{}"} if model is bodies.CreateJob else {}
        for name, field in model.model_fields.items():
            for odd in JSON:
                yield _json(places[model.__name__], start | {field.alias or name: odd})
                yield _json(places[model.__name__], start | {field.alias or name: f"[{odd}]"})
    good = json.dumps(tags_payload())
    for odd in JSON:
        yield _json(
            "/api/jobs",
            {"jobType": '"add-item-tags"', "payload": good, "metadata": f'{{"a": {odd}}}', "allowDuplicate": "true"},
        )
        for name in ("dependsOn", "runAt", "restaurantId", "priority"):
            yield _json(
                "/api/jobs", {"jobType": '"add-item-tags"', "payload": good, name: odd, "allowDuplicate": "true"}
            )
            yield _json(
                "/api/jobs", {"jobType": '"add-item-tags"', "payload": good, name: f"[{odd}]", "allowDuplicate": "true"}
            )


def _odd_payloads(job_types: JobTypes) -> Iterator[Sent]:
    for kind in job_types:
        for name in kind.schema["properties"]:
            for odd in JSON[:: 1 if kind.name in {"add-item-tags", "import-csv-menu", "configure-website-dark"} else 5]:
                good = {key: json.dumps(value) for key, value in tags_payload().items() if key != name}
                payload = "{" + ",".join(f'"{key}": {value}' for key, value in (good | {name: odd}).items()) + "}"
                yield _json(
                    "/api/jobs", {"jobType": json.dumps(kind.name), "payload": payload, "allowDuplicate": "true"}
                )


def _odd_forms(job_types: JobTypes, form_token: str) -> Iterator[Sent]:
    for kind in job_types:
        names = list(_form_names(draw_form(kind.schema)))
        rows = {name.split(".")[0] for name in names if "." in name}
        odd_rows = [f"{row}.{place}.name" for row in rows for place in ("²", "١", LONG_NUMBER, "-1", "\0", "", "1_0")]
        for place, text in enumerate(TEXTS):
            given = dict.fromkeys(names, text) if place % 2 else {names[place % len(names)]: text}
            yield _form(f"/launch/{kind.name}", {**given, "form_token": form_token.encode()})
        for name in [*odd_rows, "\0", "_add_rows", "_allow_duplicate"]:
            yield _form(f"/launch/{kind.name}", {name: b"x", "form_token": form_token.encode()})


def _form_names(fields: list[Field]) -> Iterator[str]:
    for field in fields:
        yield field.name
        for row in field.rows:
            yield from _form_names(row)


def _json(target: str, parts: dict[str, str]) -> Sent:
    body = "{" + ",".join(f'"{name}": {value}' for name, value in parts.items()) + "}"
    return Sent("POST", target, (("content-type", b"application/json"),), body.encode())


def _form(target: str, fields: dict[str, bytes]) -> Sent:
    kind = b"application/x-www-form-urlencoded"
    return Sent("POST", target, (("content-type", kind),), urlencode(fields).encode())


def _sources() -> str:
    folder = Path(bodies.__file__).parents[1]
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py")))


def _query_names() -> set[str]:
    """Parameters that the code reads, and those that a list can be filtered by."""
    found = re.findall(r"""(?:query|query_params|asked_for)\.(?:get|getlist|read|number)\(\s*"(\w+)\"""", _sources())
    switches = re.findall(r"""read_switch\([^"]*"(\w+)\"""", _sources())
    fields = {re.sub(r"_(\w)", lambda hit: hit[1].upper(), name) for name in JobFilter.__dataclass_fields__}
    names = {*found, *switches, *fields}
    assert {
        "status",
        "jobType",
        "since",
        "limit",
        "jobs",
        "attempt",
        "after",
        "includeProgress",
        "from",
        "next",
    } <= names
    return names


def _header_names() -> set[str]:
    found = {name.lower() for name in re.findall(r"""headers\.get\(\s*"([^"]+)\"""", _sources())}
    assert {
        "authorization",
        "idempotency-key",
        "last-event-id",
        "x-organisation-id",
        "content-length",
        "hx-current-url",
    } <= found
    return found | {
        "accept", "accept-encoding", "accept-language", "access-control-request-method", "access-control-request-headers",
        "cookie", "expect", "forwarded", "host", "if-modified-since", "if-none-match", "range", "referer",
        "transfer-encoding", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
    }  # fmt: skip
