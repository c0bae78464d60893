"""Whatever answers at the address, a command says in a sentence what is wrong."""

import json
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, cast

import pytest

from tests.cli.conftest import Command, refused

REFUSAL = {"success": False, "error": {"code": "X", "message": "No.", "fields": [{"path": "a", "message": "b"}]}}


class Odd(ThreadingHTTPServer):
    """Answers every request with the same."""

    status, kind, body = 200, "application/json", b""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        odd = cast("Odd", self.server)
        self.send_response(odd.status)
        self.send_header("content-type", odd.kind)
        self.send_header("content-length", str(len(odd.body)))
        self.end_headers()
        self.wfile.write(odd.body)

    do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def odd() -> Generator[Odd]:
    server = Odd(("127.0.0.1", 0), _Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("words", ["list", "watch JOB_1", "cancel JOB_1"])
@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "text/html", b"<h1>Hello</h1>"), (200, "application/json", b"[]"), (200, "application/json", b"null"),
        (404, "text/html", b"not here"), (404, "application/json", b"{}"), (500, "application/json", b'{"error": "x"}'),
        (200, "application/json", b"[" * 100_000), (500, "text/plain", b""), (302, "text/html", b""),
    ],
)  # fmt: skip
def test_what_is_no_script_jobs(command: Command, odd: Odd, words: str, status: int, kind: str, body: bytes) -> None:
    odd.status, odd.kind, odd.body = status, kind, body
    address = f"http://127.0.0.1:{odd.server_port}"

    said = refused(command(*words.split(), token="a.b.c", SCRIPT_JOBS_URL=address))

    assert said.startswith(address)
    assert "answer" in said


def test_a_refusal_is_told_with_its_fields(command: Command, odd: Odd) -> None:
    odd.status, odd.body = 400, json.dumps(REFUSAL).encode()

    done = command("list", token="a.b.c", SCRIPT_JOBS_URL=f"http://127.0.0.1:{odd.server_port}")

    assert (done.exit_code, done.stderr) == (2, "No.\n  a: b\n")


def test_what_a_server_says_is_no_command_for_the_terminal(command: Command, odd: Odd) -> None:
    odd.status, odd.body = 400, json.dumps({"error": {"message": "a\x1b[2Jb [/] [bold]c"}}).encode()

    done = command("list", token="a.b.c", SCRIPT_JOBS_URL=f"http://127.0.0.1:{odd.server_port}")

    assert done.stderr == "a\ufffd[2Jb [/] [bold]c\n"
