"""The command line's own use of the HTTP API: submit, watch over the event stream, list, cancel."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from scriptjobs.errors import RequestRefused, SetupError
from scriptjobs.values import read_job_id

TIMEOUT_S = 20.0
SILENCE_S = 45.0  # the server sends a heartbeat every 5 s
# A server that restarts is waited for; one that stays away is told.
AWAY_S = 60.0
PAUSE_S = 1.0
# Too many open streams, too many requests, a database that is away: worth another try.
_BUSY = {429, 502, 503, 504}
_MARKS = {"running": "[blue]▸[/]", "done": "[green]✓[/]", "failed": "[red]✗[/]"}


@dataclass(frozen=True, slots=True)
class Client:
    """The API at an address, with a bearer token."""

    http: httpx2.AsyncClient

    async def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """One request; the answer's JSON.

        Raises:
            RequestRefused: the API said no, in its own words, or what answers is no Script Jobs.
            SetupError: nothing answers.
        """
        try:
            answer = await self.http.request(method, path, **options)
        except httpx2.HTTPError as error:
            raise SetupError(self._no_answer(error)) from error
        return _read(answer)

    async def watch(self, job_id: str, console: Console) -> dict[str, Any]:
        """Show a job's steps and progress until it ends; the job as the details endpoint gives it.

        Raises:
            RequestRefused, SetupError: as `call`; a server that goes away is waited for, for a minute.
        """
        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Waiting for a worker", total=100)
            async for kind, data in self._events(job_id):
                if kind == "step":
                    took = f" [dim]{data['durationMs'] / 1_000:.1f} s[/]" if "durationMs" in data else ""
                    if data["state"] != "running":
                        console.print(f"  {_MARKS.get(data['state'], '·')} {escape(data['title'])}{took}")
                elif kind == "progress":
                    message = escape(data.get("message") or "")
                    bar.update(task, completed=data.get("percent") or 0, description=message)
                elif kind == "status":
                    console.print(f"  [bold]{escape(data['status'])}[/]" + _reason(data))
        return (await self.call("GET", job_path(job_id)))["job"]

    async def _events(self, job_id: str) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
        """The job's events; a stream that says goodbye or breaks is taken up again where it ended."""
        place = _Place()
        while not place.is_over:
            try:
                async for event in self._stream(job_id, place):
                    yield event
            except httpx2.SSEError as error:
                raise RequestRefused(f"{self.http.base_url} does not answer as Script Jobs does.") from error
            except (httpx2.TransportError, _Busy) as error:
                was_never_there = isinstance(error, httpx2.ConnectError) and not place.has_begun
                if was_never_there or time.monotonic() - place.heard_at > AWAY_S:
                    raise SetupError(self._no_answer(error)) from error
                await asyncio.sleep(PAUSE_S)

    async def _stream(self, job_id: str, place: "_Place") -> AsyncGenerator[tuple[str, dict[str, Any]]]:
        """One stream, from `place` on; it notes there how far it came, and whether there is more to come."""
        headers = {"Last-Event-ID": place.last} if place.last != "0" else {}
        timeout = httpx2.Timeout(TIMEOUT_S, read=SILENCE_S)
        path = f"{job_path(job_id)}/events"
        async with self.http.sse(path, headers=headers, timeout=timeout) as source:
            if await _is_open(source):
                place.has_begun = True
                async for event in source:
                    place.last, place.heard_at = event.id or place.last, time.monotonic()
                    data: Any = json.loads(event.data) if event.data else None  # a heartbeat has none
                    if event.event == "goodbye":
                        place.is_over = not data.get("reconnect", True)
                        return
                    if data is not None:
                        yield event.event, data
            place.is_over = True

    def _no_answer(self, error: Exception) -> str:
        where = str(self.http.base_url).rstrip("/")
        if isinstance(error, httpx2.TimeoutException):
            return f"{where} did not answer within {TIMEOUT_S:.0f} s."
        if isinstance(error, httpx2.ConnectError):
            return f"Nothing answers at {where}. Start it with `script-jobs serve`, or name another address with --url."
        return f"{where} broke off the connection: {str(error) or type(error).__name__}."


@dataclass(slots=True)
class _Place:
    """How far a job's events were read."""

    last: str = "0"
    heard_at: float = field(default_factory=time.monotonic)
    has_begun: bool = False
    is_over: bool = False


class _Busy(Exception):
    """The server asks to come again."""


async def _is_open(source: httpx2.EventSource) -> bool:
    """Whether a stream has begun; not when there is nothing more to say."""
    answer = source.response
    if answer.status_code == 204:
        return False
    if answer.status_code in _BUSY:
        raise _Busy(f"HTTP {answer.status_code}")
    if answer.is_error:
        await answer.aread()
        _read(answer)
    return True


def _read(answer: httpx2.Response) -> dict[str, Any]:
    try:
        body: Any = answer.json()
    except (ValueError, RecursionError) as error:
        raise RequestRefused(f"{answer.url} did not answer with JSON (HTTP {answer.status_code}).") from error
    said = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    fault: Any = said.get("error") if answer.is_error else {}
    if not isinstance(body, dict) or not isinstance(fault, dict):
        raise RequestRefused(f"{answer.url} does not answer as Script Jobs does (HTTP {answer.status_code}).")
    if answer.is_error:
        raise _refusal(cast("dict[str, Any]", fault), answer.reason_phrase)
    return said


def _refusal(fault: dict[str, Any], reason: str) -> RequestRefused:
    items: list[dict[str, Any]] = fault.get("fields") or []
    fields = "".join(f"\n  {item.get('path')}: {item.get('message')}" for item in items)
    return RequestRefused(f"{fault.get('message', reason)}{fields}", code=fault.get("code"))


def _reason(data: dict[str, Any]) -> str:
    error = data.get("error")
    return f" [red]{escape(error['code'])}[/]: {escape(error['message'])}" if error else ""


def job_path(job_id: str) -> str:
    """The address of a job.

    Raises:
        RequestRefused: what somebody typed is no id.
    """
    return f"/api/jobs/{parse_job_id(job_id)}"


def parse_job_id(job_id: str) -> str | UUID:
    """A job's id as somebody typed it.

    Raises:
        RequestRefused: it is none.
    """
    try:
        return read_job_id(job_id)
    except ValueError as error:
        raise RequestRefused(f"“{job_id[:100]}” is not the id of a job: see script-jobs list.") from error


@asynccontextmanager
async def connected(address: str, token: str) -> AsyncGenerator[Client]:
    """A client for the API at `address`.

    Raises:
        SetupError: there is no token, or the address is none.
    """
    token = token.strip()
    if not token:
        raise SetupError("There is no token: SCRIPT_JOBS_TOKEN=$(script-jobs token create EMAIL), or --token.")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SetupError("The token holds characters that no token has. Make one: script-jobs token create EMAIL.")
    headers = {"Authorization": f"Bearer {token}"}
    try:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError("it names no host")
        http = httpx2.AsyncClient(base_url=address, headers=headers, timeout=TIMEOUT_S, trust_env=False)
    except (httpx2.InvalidURL, ValueError) as error:
        raise SetupError(f"“{address[:100]}” is not the address of an installation: write http://HOST:PORT.") from error
    async with http:
        yield Client(http)
