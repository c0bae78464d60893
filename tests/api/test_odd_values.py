"""No value from outside is a fault of ours: odd ones at every place, in-process, on a real database."""

import json
import re
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scriptjobs.job_types import JobTypes
from tests.api.in_process import ORIGIN, Answer, InProcess, opened
from tests.api.odd_values import Sent, requests
from tests.processes import tags_payload
from webapp.middleware import HEADERS


@pytest.fixture(scope="module")
def app(scratch: Path, new_database: Callable[[], str]) -> Generator[InProcess]:
    with opened(new_database(), scratch / "var-odd") as found:
        yield found


@pytest.fixture(scope="module")
def callers(app: InProcess) -> list[list[tuple[str, bytes]]]:
    """What a signed-in browser sends with each request, and what a program does."""
    return [
        [app.session("ana@odd.example.com"), ("sec-fetch-site", b"same-origin")],
        [app.bearer("ana@odd.example.com"), ("origin", ORIGIN.encode())],
    ]


@pytest.fixture(scope="module")
def job_id(app: InProcess, callers: list[list[tuple[str, bytes]]]) -> str:
    body = json.dumps({"jobType": "add-item-tags", "payload": tags_payload()}).encode()
    answer = app.ask(Sent("POST", "/api/jobs", (("content-type", b"application/json"),), body), *callers[1])
    return json.loads(answer.body)["job"]["jobId"]


def must_be_well_formed(sent: Sent, answer: Answer) -> None:
    said = f"{sent} → {answer.status} {answer.body[:300]!r}"
    assert answer.status < 500, said
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"]), said
    assert all(name.lower() in answer.headers for name in HEADERS), said
    if sent.target.startswith("/api/") and answer.status >= 400 and sent.method not in {"HEAD"}:
        error = json.loads(answer.body)
        assert error["success"] is False, said
        assert error["error"]["code"], said
        assert error["error"]["message"], said


def test_odd_values_at_every_place_are_refused_or_read(
    app: InProcess, callers: list[list[tuple[str, bytes]]], job_id: str
) -> None:
    page = app.ask(Sent("GET", "/launch/add-item-tags"), *callers[0]).body.decode()
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    statuses: Counter[int] = Counter()
    faults: list[str] = []
    for number, sent in enumerate(requests(job_id, found[1], JobTypes.load("portal_scripts"))):
        is_form = b"x-www-form-urlencoded" in dict(sent.headers).get("content-type", b"")
        answer = app.ask(sent, *callers[0 if is_form else number % 2])
        statuses[answer.status] += 1
        try:
            must_be_well_formed(sent, answer)
        except (AssertionError, KeyError, ValueError) as fault:
            faults.append(str(fault)[:500])

    assert not faults, f"{len(faults)}: " + "\n".join(faults[:20])
    assert app.ask(Sent("GET", "/api/jobs"), *callers[1]).status == 200
    assert sum(statuses.values()) > 3_000
    assert {200, 202, 400, 404, 405, 413, 415} - set(statuses) <= {413, 405}, statuses


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    path=st.lists(st.binary(max_size=30), max_size=5),
    start=st.sampled_from(["/api/jobs/", "/jobs/", "/launch/", "/live/", "/static/", "/"]),
    method=st.sampled_from(["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH", "TRACE", "NONSENSE"]),
    query=st.dictionaries(
        st.sampled_from(["status", "since", "limit", "jobs", "view", "after"]), st.binary(max_size=40)
    ),
    header=st.tuples(
        st.sampled_from(["range", "host", "cookie", "content-type", "if-none-match"]), st.binary(max_size=60)
    ),
    body=st.binary(max_size=200),
)
def test_chance_finds_nothing_either(
    app: InProcess, callers: list[list[tuple[str, bytes]]], path: list[bytes], start: str, method: str,
    query: dict[str, bytes], header: tuple[str, bytes], body: bytes,
) -> None:  # fmt: skip
    target = start + "/".join(quote(part, safe="") for part in path)
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    sent = Sent(method, f"{target}?{asked}", (header,), body)

    must_be_well_formed(sent, app.ask(sent, *callers[len(body) % 2]))
