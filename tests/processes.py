"""App and sandbox portal as real processes, for tests: started, asked over HTTP, stopped or killed."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import psutil

from scriptjobs.cli.tokens import make_token
from scriptjobs.database import Database, connect
from scriptjobs.people import People
from scriptjobs.settings import Settings
from scriptjobs.store.users import find_password

START_S = 30.0
JWT_SECRET = "a-shared-secret-for-tests-only-0123456789"
SECRETS_KEY = "dGVzdC1vbmx5LWtleS0wMTIzNDU2Nzg5MDEyMzQ1Njc="
# The login with which the app works in the tests' own server: it owns nothing.
APP = ("app_for_tests", "app-for-tests")
ENDED = {"completed", "failed", "cancelled", "timed_out"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def alive(pids: set[int]) -> set[int]:
    """Those that run; a zombie does not."""
    return {pid for pid in pids if _is_alive(pid)}


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


T = TypeVar("T")


def until(look: Callable[[], T | None], timeout_s: float = 20.0, what: str = "it") -> T:
    """Look until there is an answer; a time-out fails the test and says what was missing."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.03)
    raise AssertionError(f"{what} did not happen within {timeout_s} s")


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, in a thread: the browser's own event loop may be running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def run_on_database(dsn: str, query: str, *values: Any) -> Any:
    """The one value that a query gives; JSON is decoded."""

    async def ask() -> Any:
        connection = await connect(dsn)
        try:
            return await connection.fetchval(query, *values)
        finally:
            await connection.close()

    found = wait_for(ask())
    return json.loads(found) if isinstance(found, str) and found[:1] in "{[" else found


class Server:
    """A uvicorn process."""

    def __init__(self, app: list[str], environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._output = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", *app, "--port", str(self.port)],
            env={**os.environ, "PUBLIC_URL": self.address, **environment},
            stdout=self._output, stderr=self._output, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def wait_ready(self, path: str) -> None:
        def look() -> bool:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            try:
                return httpx2.get(self.address + path, trust_env=False).status_code == 200
            except httpx2.TransportError:
                return False

        until(look, START_S, "a ready server")

    def descendants(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.process.pid).children(recursive=True)}

    def stop(self, timeout_s: float = 20.0) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._output.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Portal(Server):
    """The sandbox portal."""

    def stop(self, timeout_s: float = 1.0) -> int:
        """At once, though some of its faults hold a request for minutes."""
        return super().stop(timeout_s)

    def reset(self, accounts: dict[str, list[str]] | None = None) -> None:
        httpx2.post(f"{self.address}/_sandbox/reset", json=accounts, trust_env=False).raise_for_status()

    def misbehave(self, *faults: str) -> None:
        httpx2.post(f"{self.address}/_sandbox/faults", json=faults, trust_env=False).raise_for_status()

    def state(self) -> dict[str, Any]:
        return httpx2.get(f"{self.address}/_sandbox/state", trust_env=False).json()

    def add(self, restaurant_id: str, kind: str, entry: dict[str, Any]) -> None:
        """Something that was on the portal before (tags, optionSets, printers, webhooks, payments)."""
        with httpx2.Client(base_url=self.address, trust_env=False) as client:
            client.post("/api/login", json={"email": "demo@example.com", "password": "demo-password"})
            client.post(f"/api/restaurants/{restaurant_id}/{kind}", json=entry).raise_for_status()

    def tags(self, restaurant: str, email: str = "demo@example.com") -> list[dict[str, Any]]:
        places = self.state()["accounts"][email]["restaurants"]
        return next(place["tags"] for place in places if place["name"] == restaurant)


class Site(Server):
    """The app. `as_user` gives API clients of people, made when they are missing."""

    dsn: str
    settings: Settings
    clients: "list[Api]"

    def as_user(self, email: str = "ana@example.com", organisation: str = "One", role: str = "staff") -> "Api":
        async def add() -> tuple[UUID, UUID, str]:
            database = Database(self.dsn, pool_size=1)
            try:
                people = People(database)
                user_id, organisation_id = await people.add(email, organisation, role)
                async with database.as_service() as connection:
                    has_password = await find_password(connection, email)
                if not has_password:  # a new one would sign them out
                    await people.set_password(email, "a-long-password")
                return user_id, organisation_id, await people.make_link(email)
            finally:
                await database.close()

        user_id, organisation_id, link = wait_for(add())
        self.clients.append(Api(self, user_id, organisation_id, link))
        return self.clients[-1]

    def stop(self, timeout_s: float = 20.0) -> int:
        for client in self.clients:
            client.close()
        return super().stop(timeout_s)

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8")


class Api(httpx2.Client):
    """A person's client. `link` is a one-time sign-in token."""

    def __init__(self, site: Site, user_id: UUID, organisation_id: UUID, link: str) -> None:
        token = make_token(site.settings, user_id)
        super().__init__(
            base_url=site.address, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        )
        self.user_id, self.organisation_id, self.link = user_id, organisation_id, link
        self.portal_url = site.settings.portal_url

    def launch(self, job_type: str = "add-item-tags", **payload: Any) -> str:
        # Most tests share an installation, and start more than one job for the same restaurant.
        body = {"jobType": job_type, "payload": payload or tags_payload(), "allowDuplicate": True}
        answer = self.post("/api/jobs", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()["job"]["jobId"]

    def job(self, job_id: str) -> dict[str, Any]:
        return self.get(f"/api/jobs/{job_id}").raise_for_status().json()["job"]

    def events(self, job_id: str) -> list[dict[str, Any]]:
        """All that was told of a job that has ended."""
        with self.sse(f"/api/jobs/{job_id}/events", timeout=30) as source:
            return [{"kind": event.event, **json.loads(event.data)} for event in source if event.data]

    def wait_for(self, job_id: str, *statuses: str, timeout_s: float = 40.0) -> dict[str, Any]:
        wanted = set(statuses) or ENDED

        def look() -> dict[str, Any] | None:
            job = self.job(job_id)
            return job if job["status"] in wanted else None

        return until(look, timeout_s, f"{job_id} {sorted(wanted)}")


def tags_payload(**changes: Any) -> dict[str, Any]:
    return {
        "email": "demo@example.com",
        "password": "demo-password",
        "restaurantName": "Curry Garden",
        "itemTags": [{"name": "Spicy", "color": "#FF3333"}],
        **changes,
    }


def as_app(dsn: str) -> str:
    """The address of one of the tests' databases as the app's login."""
    return re.sub(r"//postgres:[^@]*@", f"//{APP[0]}:{APP[1]}@", dsn)


def start_portal(scratch: Path, delay: str = "0") -> Portal:
    portal = Portal(["--factory", "sandbox_portal:create_app"], {"SANDBOX_DELAY": delay}, scratch / "portal.log")
    portal.wait_ready("/_sandbox")
    return portal


def start_site(scratch: Path, dsn: str, portal: Portal, changes: dict[str, str] | None = None) -> Site:
    var = scratch / f"var-{free_port()}"
    environment = {
        "DATABASE_URL": as_app(dsn), "VAR_DIR": str(var), "PORTAL_URL": portal.address, "JWT_SECRET": JWT_SECRET,
        "SECRETS_KEY": SECRETS_KEY,
        "RATE_LIMITS": "off", "JOB_TYPES_PACKAGE": "tests.fake_scripts", "POLL_SECONDS": "0.5",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1])]),
        # Which worker made a folder shows in its name; the folders of one test run lie together.
        "TMPDIR": str(scratch), **(changes or {}),
    }  # fmt: skip
    site = Site(["webapp:app"], environment, scratch / f"site-{var.name}.log")
    site.dsn, site.clients = dsn, []
    settings = {"jwt_secret": JWT_SECRET, "portal_url": portal.address, "var_dir": var}
    site.settings = Settings.model_validate(settings)
    site.wait_ready("/readyz")
    return site
