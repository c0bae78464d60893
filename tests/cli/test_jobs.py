"""Commands that use the API: what goes wrong is one sentence and exit status 2, a job that fails is exit status 1."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scriptjobs.cli.tokens import make_token
from tests.cli.conftest import Command, environment, refused
from tests.processes import Api, Site, free_port, tags_payload, until

JOBS = ("list", "watch JOB_1", "cancel JOB_1", "stop JOB_1", "retry JOB_1")


@pytest.fixture
def token(site: Site) -> str:
    return make_token(site.settings, site.as_user("ana@cli.example.com", "Cli").user_id)


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    path = tmp_path / "payload.json"
    path.write_text(json.dumps(tags_payload()), "utf-8")
    return path


@pytest.mark.parametrize(
    "words", [*JOBS, "submit add-item-tags {payload}", "submit x {payload} --watch", "upload {payload}"]
)
def test_no_server_no_token_and_no_address(command: Command, payload: Path, token: str, words: str) -> None:
    arguments = words.format(payload=payload).split()
    nowhere = f"http://127.0.0.1:{free_port()}"

    assert refused(command(*arguments, token=token, SCRIPT_JOBS_URL=nowhere)).startswith(
        f"Nothing answers at {nowhere}."
    )
    assert refused(command(*arguments)).startswith("There is no token: ")
    assert "The token holds characters" in refused(command(*arguments, token="é"))
    for odd in ("127.0.0.1:8000", "ftp://127.0.0.1", "http://[", "http://a:b", "no address"):
        assert "is not the address" in refused(command(*arguments, token=token, SCRIPT_JOBS_URL=odd))


@pytest.mark.parametrize("words", JOBS)
def test_a_wrong_token_and_a_job_that_is_not_there(command: Command, token: str, words: str) -> None:
    assert refused(command(*words.split(), token="a.b.c")) == "The token is not valid."
    if words != "list":
        assert refused(command(*words.split(), token=token)).startswith("There is no such job")


@pytest.mark.parametrize("job_id", ["../files", "JOB_1?x=1", "a b", "", "%00", "😀", "JOB_1/events"])
def test_an_id_is_one_part_of_an_address_whatever_it_holds(command: Command, token: str, job_id: str) -> None:
    for name in ("cancel", "stop", "watch"):
        refused(command(name, "--", job_id, token=token))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is not JSON: "), (b"", "is not JSON: "), (b"\xff\xfe{", "is not JSON: "), (b"[1]", "is not a JSON object"),
        (b"null", "is not a JSON object"), (b'"text"', "is not a JSON object"), (b"[" * 100_000, "is nested too deeply"),
        (b" " * (11 * 1024 * 1024), "is larger than 10 MiB"),
    ],
)  # fmt: skip
def test_a_payload_that_cannot_be_read(command: Command, token: str, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "payload.json"
    path.write_bytes(content)

    assert refused(command("submit", "add-item-tags", str(path), token=token)).startswith(f"{path} {said}")
    if len(content) < 1024**2:
        by_pipe = refused(command("submit", "add-item-tags", "-", token=token, stdin=content))
        assert by_pipe.startswith(f"The standard input {said}")


@pytest.mark.parametrize("words", ["submit add-item-tags", "upload"])
def test_a_file_that_is_none(command: Command, token: str, tmp_path: Path, words: str) -> None:
    absent = tmp_path / "absent.json"

    assert refused(command(*words.split(), str(absent), token=token)) == f"{absent}: No such file or directory."
    assert refused(command(*words.split(), str(tmp_path), token=token)) == f"{tmp_path}: Is a directory."
    assert refused(command(*words.split(), "/dev/zero", token=token)) == "/dev/zero is larger than 10 MiB."


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none(command: Command, token: str, number: str) -> None:
    content = f'{{"email": {number}}}'
    done = command("submit", "add-item-tags", "-", token=token, stdin=content)

    assert done.exit_code == 2
    assert "bug in script-jobs" not in done.stderr


def test_a_payload_of_an_editor_on_windows_is_read(command: Command, token: str, payload: Path) -> None:
    payload.write_bytes(b"\xef\xbb\xbf" + payload.read_bytes().replace(b"}", b"}\r\n"))

    done = command("submit", "create-api-key", str(payload), token=token)

    assert json.loads(done.stdout)["status"] == "pending"


def test_a_job_that_fails_is_exit_status_1_however_it_is_watched(command: Command, token: str, tmp_path: Path) -> None:
    path = tmp_path / "payload.json"
    path.write_text(json.dumps({**tags_payload(), "way": "dies"}), "utf-8")

    watched = command("submit", "setup-services", str(path), "--watch", token=token)
    job = json.loads(watched.stdout[watched.stdout.index("{") :])
    again = command("watch", job["jobId"], token=token)

    assert (watched.exit_code, again.exit_code) == (1, 1)
    assert job["status"] == "failed"


def test_a_job_that_completes_is_exit_status_0(command: Command, token: str, payload: Path) -> None:
    done = command("submit", "create-api-key", str(payload), "--watch", token=token)

    assert done.exit_code == 0
    assert '"status": "completed"' in done.stdout


def test_a_piped_list_holds_whole_ids_and_json(command: Command, token: str, payload: Path) -> None:
    job_id = json.loads(command("submit", "create-api-key", str(payload), token=token).stdout)["jobId"]
    lines = command("list", token=token, COLUMNS="20").stdout.splitlines()
    as_json = json.loads(command("list", "--json", "--limit", "1", token=token).stdout)

    assert lines[0].split("\t") == ["job", "type", "status", "created", "error"]
    assert job_id in [line.split("\t")[0] for line in lines]
    assert as_json[0]["jobId"] == job_id
    for words in (("workers",), ("user", "list"), ("token", "list"), ("session", "list")):
        assert isinstance(json.loads(command(*words, "--json").stdout), list)


def test_no_database_and_odd_settings_are_one_sentence(command: Command) -> None:
    away = "postgresql://nobody@127.0.0.1:1/none"
    for words in ("workers", "user list", "token list", "session list", "migrate", "doctor", "resume"):
        done = command(*words.split(), DATABASE_URL=away)
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1
        assert "database cannot be reached" in done.stderr
    assert "The setting PORT does not fit" in refused(command("serve", PORT="none"))
    assert "The setting TRUSTED_PROXIES does not fit" in refused(command("serve", TRUSTED_PROXIES="nginx"))
    assert "is not an address of this machine" in refused(command("serve", "--host", "192.0.2.1"))
    assert "is not an address of this machine" in refused(command("sandbox", "--host", "no host"))


def test_the_version(command: Command) -> None:
    assert command("--version").stdout.startswith("script-jobs 0.")


def processes(site: Site, token: str, *words: str, **changes: str) -> subprocess.Popen[str]:
    settings = {**os.environ, **environment(site, SCRIPT_JOBS_TOKEN=token, **changes)}
    command = [sys.executable, "-m", "scriptjobs.cli.main", *words]
    return subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_ctrl_c_while_watching_says_that_the_job_goes_on(site: Site) -> None:
    ana = site.as_user("ctrl-c@cli.example.com", "Cli")
    job_id = ana.launch("create-api-key", count=300, pause_s=0.1)
    ana.wait_for(job_id, "in_progress")
    watching = processes(site, make_token(site.settings, ana.user_id), "watch", job_id, PYTHONUNBUFFERED="1")
    assert watching.stdout is not None
    until(lambda: watching.stdout and watching.stdout.readline(), 30, "the first line")
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=20)
    ana.post(f"/api/jobs/{job_id}/stop")

    assert watching.returncode == 130
    assert said == f"The job goes on. To watch it again: script-jobs watch {job_id}\n"


def test_an_ended_pipe_and_a_poor_terminal_are_no_trouble(site: Site, token: str) -> None:
    listing = processes(site, token, "user", "list")
    assert listing.stdout is not None
    listing.stdout.close()
    assert listing.stderr is not None
    assert "Traceback" not in listing.stderr.read()
    listing.stderr.close()
    listing.wait(20)
    poor = processes(site, token, "user", "add", "no", "--organisation", "Ö", PYTHONIOENCODING="ascii", LC_ALL="C")
    _, said = poor.communicate(timeout=20)

    assert poor.returncode == 2
    assert "is not an e-mail address" in said
    assert "Traceback" not in said


def test_an_operator_gives_a_waiting_job_any_priority(command: Command, site: Site) -> None:
    ana = site.as_user("ana@first.example.com", "First")
    first, second = (later(ana, number) for number in range(2))

    said = command("priority", second, "1000").stdout
    waiting = [job["jobId"] for job in ana.get("/api/jobs?sort=priority&order=desc").json()["jobs"]]
    ana.delete(f"/api/jobs/{second}").raise_for_status()

    assert said == f"The priority of {second} is 1000.\n"
    assert waiting == [second, first]
    assert refused(command("priority", second, "1")) == f"No job {second} is waiting."
    assert refused(command("priority", "JOB_20260101_000000_00000000", "1")).endswith("is waiting.")
    assert "is not the id of a job" in refused(command("priority", "--", "../x", "1"))


def later(ana: Api, number: int) -> str:
    """A job that waits until tomorrow."""
    body = {"jobType": "create-api-key", "payload": {"count": 1}, "allowDuplicate": True, "priority": number - 1,
            "runAt": (datetime.now(UTC) + timedelta(days=1)).isoformat()}  # fmt: skip
    return ana.post("/api/jobs", json=body).json()["job"]["jobId"]
