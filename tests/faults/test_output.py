"""Whatever a script prints or reports ends its own job in a way that is told, and nothing else."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Api, Portal, Site, run_on_database, start_site

SECRET = "c4nQ/zu+vk&<j>7w9"


@pytest.fixture(scope="module")
def site(scratch: Path, portal: Portal, new_database: Callable[[], str]) -> Generator[Site]:
    settings = {"JOB_TYPES_PACKAGE": "tests.command_scripts"}
    with start_site(scratch, new_database(), portal, settings) as started:
        yield started
        assert started.process.poll() is None


@pytest.fixture(scope="module")
def ana(site: Site) -> Api:
    return site.as_user()


def prints(api: Api, code: str) -> dict[str, Any]:
    """The job of a command that runs this."""
    return api.wait_for(api.launch("setup-stripe-payments", code=code, password=SECRET), timeout_s=60)


def reports(api: Api, code: str) -> dict[str, Any]:
    """The job of a script of ours that runs this."""
    return api.wait_for(api.launch("setup-stripe-payments-no-link", code=code, password=SECRET), timeout_s=60)


def log_of(api: Api, job: dict[str, Any]) -> list[str]:
    return [event["text"] for event in api.events(job["jobId"]) if event["kind"] == "log"]


def test_a_printed_result_is_repaired_and_what_was_replaced_is_told(ana: Api) -> None:
    job = prints(
        ana,
        r"""print('{"success": true, "data": {"a": "x\\u0000y", "b": NaN, "c": "\\ud83c", "d": 1e999, "\\u0000": "\\\\u0000"}}')""",
    )

    assert job["status"] == "completed", job["error"]
    assert job["result"]["data"] == {"a": "x�y", "b": None, "c": "�", "d": None, "�": "\\u0000"}
    assert any("can be stored: data.� is a name" in line for line in log_of(ana, job))


def test_a_result_of_a_megabyte_is_read_behind_megabytes_of_output(ana: Api) -> None:
    code = """
import json, sys
for number in range(30_000): print('{"noise":', 'x' * 100)
sys.stdout.flush()
text = json.dumps({"success": False, "data": "y" * 900_000, "message": "The menu was refused"})
sys.stdout.write(text[:500_000]); sys.stdout.flush(); sys.stdout.write(text[500_000:] + "\\n")
for number in range(30_000): print('noise', 'x' * 100)
"""
    job = prints(ana, code)

    assert (job["status"], job["error"]["message"]) == ("failed", "The menu was refused")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import json; print(json.dumps({'success': True, 'data': 'x' * 1_100_000}))", "1,048,576 bytes"),
        ("print('{\"success\": true, \"data\": ' + '[' * 3000 + ']' * 3000 + '}')", "64 levels"),
        ("print('{\"success\": \"false\"}')", 'says "success": "false"'),
    ],
)  # fmt: skip
def test_a_result_that_cannot_be_kept_is_refused_with_words(ana: Api, code: str, words: str) -> None:
    job = prints(ana, code)

    assert (job["status"], job["error"]["code"]) == ("failed", "VALIDATION_ERROR")
    assert words in job["error"]["message"]


def test_a_progress_bar_is_seen_while_it_grows(ana: Api) -> None:
    code = """
import sys, time
for number in (1, 2, 3):
    sys.stdout.write(f"\\r\\x1b[32m[{number}/4] item {number}\\x1b[0m"); sys.stdout.flush(); time.sleep(1.2)
print(); print('{"success": true}')
"""
    job = prints(ana, code)

    percents = [event.get("percent") for event in ana.events(job["jobId"]) if event["kind"] == "progress"]
    assert [percents.count(share) > 0 for share in (25, 50, 75)] == [True, True, True]
    assert [line for line in log_of(ana, job) if "item" in line] == ["[1/4] item 1", "[2/4] item 2", "[3/4] item 3"]


def test_what_a_command_left_running_does_not_hide_how_it_ended(ana: Api) -> None:
    code = """
import subprocess, sys
print('{"success": true, "message": "done"}', flush=True)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
"""
    job = prints(ana, code)

    assert (job["status"], job["result"]["message"]) == ("completed", "done")


@pytest.mark.parametrize(
    "code",
    [
        "print('x' * 1_990 + ' ' + password)",
        "import sys; sys.stdout.write('x' * 65_530 + ' ' + password[:9]); sys.stdout.flush(); print(password[9:])",
        "print('x' * 9_000 + password)",
        "print(password[:10]); print(password[10:])",
        "raise SystemExit('x' * 3_990 + password)",
        "import json; print(json.dumps({'success': False, 'message': 'x' * 3_990 + password}))",
        "print('STEP 1: ' + 'x' * 490 + password); print('[1/2] ' + 'x' * 490 + password)",
        "print('x' * 1_980 + ' API Key: ' + password)",
    ],
)
def test_no_piece_of_a_secret_is_left_by_a_cut(ana: Api, site: Site, code: str) -> None:
    job = prints(ana, code)

    said = json.dumps(ana.events(job["jobId"])) + json.dumps(job) + site.log_text()
    assert not [SECRET[at : at + 4] for at in range(len(SECRET) - 4) if json.dumps(SECRET[at : at + 4])[1:-1] in said]


def test_only_values_of_a_result_are_masked(ana: Api) -> None:
    code = """print('{"success": true, "message": "the data", "data": {"data": "my data", "n": 1}}')"""
    job = ana.wait_for(ana.launch("setup-stripe-payments", code=code, password="data"))

    assert job["result"]["data"] == {"data": "my [redacted]", "n": 1}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("async with script.step('Nowhere'): pass", "the job type declares no such step. It declares “Begin”, “End”."),
        ("await script.progress(float('nan'), 2, 'x')", "script.progress(nan, 2, …): both must be numbers"),
        ("await script.progress('1', 2, 'x')", "both must be numbers"),
        ("await script.log('x', 'loud')", "the level is one of debug, info, warning, error"),
        ("await script.checkpoint('x' * 300)", "its name has 300 characters"),
        ("await script.checkpoint('x', {'a': object()})", "checkpoint.a is a object"),
        ("return {'success': True}", "returned dict; it must return a Result"),
        ("import os\nfor fd in range(3, 60):\n    try: os.write(fd, b'{\"kind\": \"progress\", \"percent\": \"high\"}\\n')\n    except OSError: pass\nimport asyncio; await asyncio.sleep(20)", "progress.percent"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_script_is_told_to_its_author(ana: Api, code: str, words: str) -> None:
    job = reports(ana, code)

    assert (job["status"], job["error"]["code"]) == ("failed", "VALIDATION_ERROR")
    assert words in job["error"]["message"]


def test_odd_words_of_a_script_change_nothing_but_themselves(ana: Api) -> None:
    code = r"""
from tests.command_scripts.output import Result
from scriptjobs.events import Log
await script.log("half \ud83c and \0 and " + "x" * 3_000)
await script.progress(1, 2, "\ud83c" * 600)
await script.checkpoint("\ud83c", {"\0": float("inf"), "long": "y" * 3_000})
await script.screenshot("Über/../../etc \0")
return Result(message="\ud83c" + "m" * 9_000, data={"n": float("nan"), "deep": ["\0"]})
"""
    job = reports(ana, code)

    assert job["status"] == "completed", job["error"]
    assert job["result"]["data"] == {"n": None, "deep": ["�"]}
    assert len(job["result"]["message"]) == 4_000
    assert any("can be stored: message holds half of a character" in line for line in log_of(ana, job))


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        (r'import os; os.write(FD, b\'{"kind": "result", "result": {"success": false, "message": "no menu"}}\n\'); os._exit(0)', "no menu", None),
        (r'import os; os.write(FD, b\'{"kind": "failure", "code": "NOT_FOUND", "message": "first"}\n{"kind": "result", "result": {"success": true}}\n\'); os._exit(0)', "first", "Its first word counts"),
        (r'import os; os.write(FD, b\'{"kind": "result", "result": {"success": true, "message": "done"}}\n{"kind": "failure", "code": "X", "message": "late"}\n\'); os._exit(0)', None, "a failure (X: late)"),
        (r"import os, time; os.close(FD); time.sleep(10)", "closed its pipe to the worker", None),
    ],
)  # fmt: skip
def test_the_first_word_counts_and_a_contradiction_is_told(
    ana: Api, code: str, status: str | None, told: str | None
) -> None:
    job = reports(ana, code.replace("\\'", "'").replace("FD", "script._pipe._descriptor"))

    assert job["status"] == ("failed" if status else "completed")
    assert status is None or status in job["error"]["message"]
    assert told is None or any(told in line for line in log_of(ana, job))


def test_an_odd_code_is_told_and_evidence_does_not_replace_the_error(ana: Api) -> None:
    code = r"""
from scriptjobs.errors import ScriptError
await script.page.goto("data:text/html,<script>document.title = document.documentElement.textContent = '\\ud83c'</script>")
raise ScriptError("the menu \ud83c is gone", code="X" * 80)
"""
    job = reports(ana, code)

    assert (job["status"], job["error"]["code"]) == ("failed", "UNKNOWN_ERROR")
    assert job["error"]["message"].startswith("the menu � is gone (The script named 'XXX")


def test_a_checkpoint_with_a_secret_is_stored_sealed(ana: Api, site: Site) -> None:
    job = reports(ana, "await script.checkpoint('kept', {'with': password, 'list': [1]})\nraise ValueError('x')")

    query = (
        "select c.value::text from script_job_checkpoints c join script_jobs j on j.id = c.job_id where j.job_id = $1"
    )
    assert set(run_on_database(site.dsn, query, job["jobId"])) == {"$sealed"}


def test_an_outcome_that_the_database_refuses_becomes_a_failure_that_it_takes(ana: Api, site: Site) -> None:
    rule = "check (error_message is null or error_message not like '%refuse me%')"
    run_on_database(site.dsn, f"alter table script_jobs add constraint no_such_message {rule} not valid")
    rule = "check (result is null or result ->> 'message' <> 'refuse me')"
    run_on_database(site.dsn, f"alter table script_jobs add constraint no_such_result {rule} not valid")

    fails = prints(ana, "raise SystemExit('refuse me')")
    succeeds = prints(ana, """print('{"success": true, "message": "refuse me"}')""")
    afterwards = prints(ana, """print('{"success": true, "message": "fine"}')""")

    assert (fails["status"], fails["error"]["code"]) == ("failed", "UNKNOWN_ERROR")
    assert "could not be stored" in fails["error"]["message"]
    assert (succeeds["status"], succeeds["error"]["code"]) == ("failed", "UNKNOWN_ERROR")
    assert afterwards["status"] == "completed"
