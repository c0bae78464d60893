"""Neighbours that installations have: PgBouncer, an older PostgreSQL, a database shaped like hosted Supabase."""

import os
import shutil
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from scriptjobs.embedded import EmbeddedPostgres
from tests.conftest import named
from tests.neighbours.supabase import make_supabase
from tests.processes import APP, free_port, until, wait_for

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")


def needed(is_there: bool, what: str) -> None:
    """Fail where the tests can have the neighbour (root, continuous integration), skip for a user who cannot."""
    if is_there:
        return
    said = f"{what} is not installed: run bin/setup dev as root, or apt-get install {what}"
    if os.geteuid() == 0 or os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


class Bouncers:
    """Starts PgBouncers in front of the tests' server, each of its own kind."""

    def __init__(self, scratch: Path, server: str) -> None:
        self._scratch = scratch
        self._server = server
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, mode: str = "transaction", **settings: str) -> Callable[[str], str]:
        """Start one. Returns what turns a direct address into one through it."""
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        needed(Path(program).exists(), "pgbouncer")
        port = free_port()
        folder = self._scratch / f"pgbouncer-{port}"
        folder.mkdir(mode=0o755)
        address = urlsplit(self._server)
        logins = [(address.username or "", address.password or ""), APP]
        (folder / "users.txt").write_text("".join(f'"{name}" "{password}"\n' for name, password in logins))
        options = {
            "listen_addr": "127.0.0.1", "listen_port": str(port), "unix_socket_dir": "", "auth_type": "md5",
            "auth_file": str(folder / "users.txt"), "pool_mode": mode, "max_client_conn": "500",
            "default_pool_size": "5", "server_reset_query": "discard all", **settings,
        }  # fmt: skip
        lines = ["[databases]", f"* = host={parse_qs(address.query)['host'][0]}", "[pgbouncer]"]
        lines += [f"{name} = {value}" for name, value in options.items()]
        (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
        log = folder / "log"
        with log.open("ab") as output:
            self._processes.append(
                subprocess.Popen(
                    [program, str(folder / "pgbouncer.ini")],
                    stdout=output,
                    stderr=output,
                    user="nobody" if os.geteuid() == 0 else None,
                    extra_groups=[] if os.geteuid() == 0 else None,
                )
            )
        until(lambda: "process up" in log.read_text() or None, 10, f"PgBouncer ({log.read_text()[-300:]})")

        def through(dsn: str) -> str:
            parts = urlsplit(dsn)
            return f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{port}{parts.path}"

        return through

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def bouncers(scratch: Path, server: str) -> Generator[Bouncers]:
    started = Bouncers(scratch, server)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def postgres_15(scratch: Path) -> Generator[str]:
    """The address of a PostgreSQL 15, the oldest that works."""
    needed((POSTGRES_15 / "initdb").exists(), "postgresql-15")
    postgres = EmbeddedPostgres(var_dir=scratch / "postgres15", binaries=POSTGRES_15, options=("fsync=off",))
    yield postgres.start()
    postgres.stop()


@pytest.fixture(scope="session")
def supabase(server: str, template: str) -> str:
    """The address of a database shaped like hosted Supabase, as the role that migrates there."""
    assert template
    return wait_for(make_supabase(server, named(server, "supabase_hosted")))
