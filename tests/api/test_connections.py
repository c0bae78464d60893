"""What a client sees on the wire when something breaks: an answer that it can read, and a connection it can go on with."""

import json
import os
import socket
import time
from collections.abc import Callable, Generator
from pathlib import Path

import httpx2
import pytest

from tests.processes import JWT_SECRET, SECRETS_KEY, Server, until
from webapp.middleware import HEADERS

ORIGIN = "https://app.example"
CANARY = "canary-of-a-broken-address"  # stands in tests/api/broken.py


@pytest.fixture(scope="module")
def broken(scratch: Path, new_database: Callable[[], str]) -> Generator[Server]:
    environment = {
        "DATABASE_URL": new_database(), "VAR_DIR": str(scratch / "var-broken"), "WORKERS": "0", "CORS_ORIGINS": ORIGIN,
        "JWT_SECRET": JWT_SECRET, "SECRETS_KEY": SECRETS_KEY, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2])]), "RATE_LIMITS": "off",
    }  # fmt: skip
    with Server(["tests.api.broken:app"], environment, scratch / "broken.log") as started:
        started.wait_ready("/readyz")
        yield started


@pytest.fixture
def client(broken: Server) -> Generator[httpx2.Client]:
    with httpx2.Client(base_url=broken.address, trust_env=False, headers={"Origin": ORIGIN}) as client:
        yield client


def talk(broken: Server, *pieces: bytes, wait_s: float = 10.0) -> bytes:
    """Send pieces as they are, and read until the server closes."""
    said = b""
    with socket.create_connection(("127.0.0.1", broken.port), timeout=wait_s) as line:
        for piece in pieces:
            line.sendall(piece)
        while piece := line.recv(65_536):
            said += piece
    return said


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/broken/error", 500, "INTERNAL_ERROR"),
        ("/api/middleware", 500, "INTERNAL_ERROR"),
        ("/api/broken/full", 507, "STORAGE_FULL"),
        ("/api/nothing", 404, "NOT_FOUND"),
        ("/api/jobs", 401, "UNAUTHORIZED"),
        ("/broken/error", 500, "INTERNAL_ERROR"),
        ("/static/nothing", 404, "NOT_FOUND"),
    ],
)
def test_every_answer_can_be_read_and_the_connection_goes_on(
    client: httpx2.Client, path: str, status: int, code: str
) -> None:
    answers = [client.get(path), client.get(path)]
    lines = {answer.extensions["network_stream"].get_extra_info("client_addr") for answer in answers}

    for answer in answers:
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
        assert len(answer.headers["x-request-id"]) == 16
        assert all(name in answer.headers for name in HEADERS)
        assert "connection" not in answer.headers
        assert code in answer.text
        if path.startswith("/api/"):
            error = answer.json()["error"]
            assert (answer.json()["success"], error["code"]) == (False, code)
            assert status != 500 or error["requestId"] == answer.headers["x-request-id"]
    assert len(lines) == 1


def test_an_answer_that_breaks_half_way_is_seen_to_be_cut(client: httpx2.Client, broken: Server) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get("/api/broken/cut")

    assert client.get("/healthz").status_code == 200
    assert "answer_cut_off" in broken.log.read_text()


def test_a_preflight_has_every_header_and_a_foreign_one_the_shape_of_all_errors(client: httpx2.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}
    good = client.options("/api/jobs", headers=asked)
    bad = client.options("/api/jobs", headers={**asked, "Origin": "https://evil.example"})

    assert (good.status_code, bad.status_code) == (200, 400)
    assert all(name in answer.headers for answer in (good, bad) for name in (*HEADERS, "X-Request-Id"))
    assert good.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in bad.headers
    assert bad.json()["error"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("path", ["/api/broken/unread", "/api/broken/error", "/api/jobs"])
def test_who_sends_more_than_is_read_gets_the_answer_and_is_told_of_the_end(client: httpx2.Client, path: str) -> None:
    answer = client.post(path, content=b"x" * 3 * 1024**2)
    small = client.post(path, content=b"x" * 1_000)

    assert answer.headers["connection"] == "close"
    assert "success" in answer.text
    assert "connection" not in small.headers
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "pieces",
    [
        (b"",),
        (b"GET /healthz HT",),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: ",),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /heal"),
    ],
)
def test_a_request_that_never_gets_whole_is_given_up(broken: Server, pieces: tuple[bytes, ...]) -> None:
    began = time.monotonic()
    talk(broken, *pieces)

    assert time.monotonic() - began < 8


def test_a_head_that_drips_is_given_up(broken: Server) -> None:
    with socket.create_connection(("127.0.0.1", broken.port), timeout=10) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert until(lambda: not _takes(line, b"X: y\r\n"), 8, "the end of the connection")


def _takes(line: socket.socket, piece: bytes) -> bool:
    try:
        line.sendall(piece)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("drips", [False, True])
def test_a_body_that_does_not_come_is_answered(broken: Server, *, drips: bool) -> None:
    head = b"POST /api/broken/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", broken.port), timeout=10) as line:
        line.sendall(head)
        line.setblocking(False)
        said, began = b"", time.monotonic()
        while not said.endswith(b"}") and time.monotonic() - began < 8:
            time.sleep(0.1)
            try:
                said += line.recv(65_536)
            except BlockingIOError:
                if drips:
                    line.sendall(b"x")

    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in said.lower()
    assert json.loads(said.split(b"\r\n\r\n", 1)[1])["error"]["code"] == "REQUEST_TIMEOUT"


@pytest.mark.parametrize(
    "head",
    [
        b"POST /api/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n",
        b"POST /api/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"POST /api/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense\r\n",
        b"POST /api/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
        b"GET /jobs/\xff\xfe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /api/jobs/%ff%00%ed%a0%80?status=\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /api/jobs HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n",
        b"GET /jobs HTTP/1.1\r\nHost: a\r\nCookie: \xff\xfe=\x80; script_jobs_session=\xff\r\nConnection: close\r\n\r\n",
        b"GET /api/jobs?x=" + b"y" * 50_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /static/x HTTP/1.1\r\nHost: a\r\nRange: bytes=" + b"9" * 5_000 + b"-\r\nConnection: close\r\n\r\n",
        b"\0\xff\0",
    ],
)
def test_nonsense_on_the_wire_is_refused_and_hurts_nobody(broken: Server, head: bytes) -> None:
    said = talk(broken, head)

    assert b" 500 " not in said.split(b"\r\n")[0]
    assert httpx2.get(f"{broken.address}/healthz", trust_env=False).status_code == 200


def test_the_log_has_one_format_and_no_secret(broken: Server, client: httpx2.Client) -> None:
    client.get("/api/broken/error")
    lines = [json.loads(line) for line in broken.log.read_text().splitlines()]

    assert any(line.get("event") == "request_failed" for line in lines)
    assert any("Uvicorn running on" in line["event"] for line in lines)
    assert CANARY not in broken.log.read_text()
