"""The web application in the tests' own process, asked in ASGI: every sign of a request can be chosen."""

import asyncio
import json
import os
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from starlette.applications import Starlette

from scriptjobs.cli.tokens import make_token
from scriptjobs.people import People
from scriptjobs.settings import Settings
from tests.api.odd_values import Sent
from tests.processes import JWT_SECRET, SECRETS_KEY, tags_payload
from webapp.app import create_app

T = TypeVar("T")
ORIGIN = "https://app.example"
Header = tuple[str, bytes]
JSON_TYPE = ("content-type", b"application/json")
MENU = b"menuName,categoryName,dishName,dishPrice\nLunch,Mains,Dal,12.50\n"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class InProcess:
    """An application with its loop; one request after the other."""

    def __init__(self, app: Starlette, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        self.app, self.settings, self._loop = app, settings, loop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def ask(self, sent: Sent, *more: tuple[str, bytes], stays: bool = False) -> Answer:
        """The answer to a client that hangs up when it has sent its request, or `stays` as long as it is answered."""
        return self.run(asyncio.wait_for(self._ask(sent, more, stays=stays), 20))

    async def _ask(self, sent: Sent, more: tuple[tuple[str, bytes], ...], *, stays: bool) -> Answer:
        path, _, query = sent.target.partition("?")
        given = {name for name, _ in sent.headers}
        headers = [*sent.headers, *((name, value) for name, value in more if name not in given)]
        headers += [] if "host" in given else [("host", b"jobs.example")]
        if sent.body and not given & {"content-length", "transfer-encoding"}:
            headers.append(("content-length", str(len(sent.body)).encode()))
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "root_path": "",
            "method": sent.method, "scheme": "http", "path": unquote(path), "raw_path": path.encode(),
            "query_string": query.encode("latin-1"), "headers": [(name.encode(), value) for name, value in headers],
            "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "state": {},
        }  # fmt: skip
        messages = [{"type": "http.request", "body": sent.body, "more_body": False}]
        answered: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if stays and not messages:
                await asyncio.Event().wait()
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answered.append(message)

        await self.app(scope, receive, send)
        start = answered[0]
        # Of several cookies, the first is the session.
        pairs = reversed(
            [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"]]
        )
        names = dict(pairs)
        return Answer(start["status"], names, b"".join(part.get("body", b"") for part in answered[1:]))

    def bearer(self, email: str, organisation: str = "One", role: str = "staff") -> tuple[str, bytes]:
        people: People = self.app.state.site.people
        user_id, _ = self.run(people.add(email, organisation, role))
        return "authorization", f"Bearer {make_token(self.settings, user_id, valid_s=3_600)}".encode()

    def session(self, email: str) -> tuple[str, bytes]:
        """The cookie of somebody who signed in with a link."""
        people: People = self.app.state.site.people
        self.run(people.add(email, "One", "staff"))
        link = self.run(people.make_link(email))
        answer = self.ask(Sent("POST", f"/sign-in/{link}"))
        assert answer.status == 303, answer
        return "cookie", answer.headers["set-cookie"].split(";")[0].encode()


async def _end_all() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@contextmanager
def opened(dsn: str, var_dir: Path, **changes: Any) -> Generator[InProcess]:
    """The application on a database, without workers."""
    settings = Settings.model_validate(
        {
            "database_url": dsn, "var_dir": var_dir, "workers": 0, "rate_limits": "off", "jwt_secret": JWT_SECRET,
            "secrets_key": SECRETS_KEY,
            "cors_origins": ORIGIN, "log_level": "error", "queue_limit": 1_000_000, **changes,
            "queue_limit_per_organisation": 1_000_000,
        }
    )  # fmt: skip
    app = create_app(settings)
    mask = os.umask(0)
    loop = asyncio.new_event_loop()
    try:
        lifespan = app.router.lifespan_context(app)
        loop.run_until_complete(lifespan.__aenter__())
        yield InProcess(app, settings, loop)
        loop.run_until_complete(lifespan.__aexit__(None, None, None))
    finally:
        os.umask(mask)
        loop.run_until_complete(_end_all())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def launch(app: InProcess, who: Header, **more: Any) -> Answer:
    body = {"jobType": "add-item-tags", "payload": tags_payload(), "allowDuplicate": True, **more}
    return app.ask(Sent("POST", "/api/jobs", (JSON_TYPE,), json.dumps(body).encode()), who)


def new_job(app: InProcess, who: Header) -> str:
    return json.loads(launch(app, who).body)["job"]["jobId"]


def upload(app: InProcess, who: Header, name: bytes, content: bytes = MENU, *more: Header) -> Answer:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="'
        + name
        + b'"\r\n\r\n'
        + content
        + b"\r\n--b--\r\n"
    )
    return app.ask(
        Sent("POST", "/api/files", (("content-type", b"multipart/form-data; boundary=b"),), body), who, *more
    )
