"""The command line's own use of the HTTP API: submit, watch over the event stream, list, cancel."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from httpx_sse import aconnect_sse
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from scriptjobs.errors import RequestRefused

TIMEOUT_S = 20.0
SILENCE_S = 45.0  # the server sends a heartbeat every 15 s
_MARKS = {"running": "[blue]▸[/]", "done": "[green]✓[/]", "failed": "[red]✗[/]"}


@dataclass(frozen=True, slots=True)
class Client:
    """The API at an address, with a bearer token."""

    http: httpx.AsyncClient

    async def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """One request; the answer's JSON.

        Raises:
            RequestRefused: the API said no, in its own words.
        """
        answer = await self.http.request(method, path, **options)
        try:
            body: dict[str, Any] = answer.json()
        except json.JSONDecodeError as error:
            raise RequestRefused(f"{answer.url} did not answer with JSON (HTTP {answer.status_code}).") from error
        if answer.is_error:
            fault = body.get("error", {})
            fields = "".join(f"\n  {item['path']}: {item['message']}" for item in fault.get("fields", []))
            raise RequestRefused(f"{fault.get('message', answer.reason_phrase)}{fields}", code=fault.get("code"))
        return body

    async def watch(self, job_id: str, console: Console) -> dict[str, Any]:
        """Show a job's steps and progress until it ends; the job as the details endpoint gives it."""
        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("Waiting for a worker", total=100)
            async for kind, data in self._events(job_id):
                if kind == "step":
                    took = f" [dim]{data['durationMs'] / 1_000:.1f} s[/]" if "durationMs" in data else ""
                    if data["state"] != "running":
                        console.print(f"  {_MARKS[data['state']]} {data['title']}{took}")
                elif kind == "progress":
                    bar.update(task, completed=data.get("percent") or 0, description=data.get("message") or "")
                elif kind == "status":
                    console.print(f"  [bold]{data['status']}[/]" + _reason(data))
        return (await self.call("GET", f"/api/jobs/{job_id}"))["job"]

    async def _events(self, job_id: str) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
        """The job's events; a stream that says goodbye or breaks is taken up again where it ended."""
        last = "0"
        while True:
            headers = {"Last-Event-ID": last} if last != "0" else {}
            timeout = httpx.Timeout(TIMEOUT_S, read=SILENCE_S)
            is_over = True
            try:
                async with aconnect_sse(
                    self.http, "GET", f"/api/jobs/{job_id}/events", headers=headers, timeout=timeout
                ) as source:
                    if source.response.status_code == 204:
                        return
                    source.response.raise_for_status()
                    async for event in source.aiter_sse():
                        is_over = event.event != "goodbye"
                        last = event.id or last
                        if is_over and event.data:  # a heartbeat has none
                            yield event.event, event.json()
            except httpx.TransportError:
                is_over = False
            if is_over:
                return


def _reason(data: dict[str, Any]) -> str:
    error = data.get("error")
    return f" [red]{error['code']}[/]: {error['message']}" if error else ""


@asynccontextmanager
async def connected(address: str, token: str) -> AsyncGenerator[Client]:
    """A client for the API at `address`."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=TIMEOUT_S, trust_env=False) as http:
        yield Client(http)
