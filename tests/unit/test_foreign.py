"""The output of scripts in any language, and the time that jobs take."""

import json
import time

import pytest

from scriptjobs.errors import ScriptError, classify_error
from scriptjobs.estimates import Sample, estimate, starts_in_ms
from scriptjobs.events import Failure, Progress, Result, StepChanged
from scriptjobs.job_types import JobTypes
from scriptjobs.runner.foreign import PrintedSteps, parse_script_output, progress_of, secrets_in
from scriptjobs.runner.last_words import last_words
from scriptjobs.runner.printed import LineSplitter
from scriptjobs.runner.results import ResultFinder

KIND = JobTypes.load("portal_scripts").get("add-item-tags")


def printed(stdout: str, last: str = "") -> Result | Failure:
    """What is read from an output that comes in one chunk."""
    finder, splitter = ResultFinder(), LineSplitter()
    for line in [*splitter.feed(stdout.encode("utf-8", "replace")), *splitter.end()]:
        if line.is_whole:
            finder.feed(line)
    return parse_script_output(finder, last, KIND)


def result_of(stdout: str) -> dict[str, object]:
    found = printed(stdout)
    assert isinstance(found, Result), found
    return found.result


@pytest.mark.parametrize(
    ("stdout", "expected"),
    [
        ('noise {"a": 1}\n{"success": true, "message": "m", "data": {"n": 1}} tail', {"success": True, "message": "m", "data": {"n": 1}}),
        ('{"success": true, "apiKey": "k"}', {"success": True, "message": KIND.title, "data": {"apiKey": "k"}}),
        ('{"success": true, "partial": true, "message": "m", "data": 1}', {"success": True, "message": "m", "partial": True, "data": 1}),
        ('x ===RESULT_DATA_START==={"n": 2}===RESULT_DATA_END=== {"success": false}', {"success": True, "message": KIND.title, "data": {"n": 2}}),
        ("Successfully created: 3/5", {"success": True, "message": "3 of 5 created.", "partial": True, "data": {"created": 3, "total": 5}}),
        ('{\r\n  "success": true,\r\n  "data": [\r\n 1\r\n]\r\n}', {"success": True, "message": KIND.title, "data": [1]}),
    ],
)  # fmt: skip
def test_what_a_script_prints_is_its_result(stdout: str, expected: dict[str, object]) -> None:
    assert result_of(stdout) == expected


@pytest.mark.parametrize(
    ("stdout", "code", "words"),
    [
        ('{"success": true}\n{"success": false, "message": "late"}', "UNKNOWN_ERROR", "late"),
        ('### SCRIPT_RESULT_START ###\n{"success": false, "message": "no"}\n### SCRIPT_RESULT_END ###', "UNKNOWN_ERROR", "no"),
        ('{"success": false, "error": {"message": "Login failed"}}', "AUTH_FAILED", "Login failed"),
        ("Successfully created: 0/5", "UNKNOWN_ERROR", "0 of 5 created."),
        ('{"success": "false"}', "VALIDATION_ERROR", 'says "success": "false". It must be true or false'),
        ('{"success": 1}', "VALIDATION_ERROR", 'says "success": 1.'),
        ('{"success": null}', "VALIDATION_ERROR", 'says "success": null.'),
        ('{"success": true, "partial": "false"}', "VALIDATION_ERROR", 'says "partial": "false"'),
    ],
)  # fmt: skip
def test_what_is_no_success_is_a_failure_that_says_why(stdout: str, code: str, words: str) -> None:
    found = printed(stdout)

    assert isinstance(found, Failure)
    assert found.code == code
    assert words in found.message


MIB = 1024 * 1024
NOISE = 'noise { "a": {x} [ \n' * (4 * MIB // 20)


@pytest.mark.parametrize("before", ["", NOISE])
@pytest.mark.parametrize("after", ["", NOISE])
@pytest.mark.parametrize("shape", ["{}", "===RESULT_DATA_START===\n{}\n===RESULT_DATA_END==="])
def test_a_result_is_read_whole_wherever_it_stands(before: str, after: str, shape: str) -> None:
    said = {"success": True, "message": "m", "data": {"text": "y" * 900_000, "last": "z"}}
    text = json.dumps(said) if shape == "{}" else json.dumps(said, indent=1)

    assert result_of(f"{before}\n{shape.replace('{}', text)}\n{after}") == said


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("shape", ["{}", "===RESULT_DATA_START===\n{}\n===RESULT_DATA_END==="])
@pytest.mark.parametrize("size", [1.1, 5])
def test_a_result_over_the_limit_is_told(indent: int | None, shape: str, size: float) -> None:
    said = {"data": {"rows": ["w" * 1000] * int(size * MIB / 1000)}, "success": True}

    found = printed(shape.replace("{}", json.dumps(said, indent=indent)))

    assert isinstance(found, Failure)
    assert found.code == "VALIDATION_ERROR"
    assert "1,048,576 bytes" in found.message


@pytest.mark.parametrize("depth", [100, 5_000, 100_000])
def test_a_result_that_is_too_deep_is_told(depth: int) -> None:
    found = printed('{"success": true, "data": ' + "[" * depth + "]" * depth + "}")

    assert isinstance(found, Failure)
    assert (found.code, "64 levels" in found.message) == ("VALIDATION_ERROR", True)


@pytest.mark.parametrize(
    "stdout", ["", "Success! All done.", '{"success": ', "{" * 50_000 + '"success"', '["success"]']
)
def test_words_prove_nothing(stdout: str) -> None:
    result = printed(stdout, "last words")

    assert isinstance(result, Result)
    assert (result.result["success"], result.result["unverified"]) == (True, True)
    assert "last words" in str(result.result["message"])


def test_a_search_among_endless_braces_ends() -> None:
    began = time.monotonic()
    printed('{"a":\n' * 600_000 + '"success"')
    assert time.monotonic() - began < 20


def test_progress_is_read_from_lines() -> None:
    step, part = progress_of("STEP 2: Open the menus", KIND), progress_of("  [3/10] Vegan", KIND)

    assert isinstance(step, StepChanged)
    assert (step.position, step.total, step.title) == (2, 5, "Open the menus")
    assert isinstance(part, Progress)
    assert (part.percent, part.message) == (30, "[3/10] Vegan")
    assert progress_of("[0/0] nothing", KIND) is None


def test_each_printed_step_ends_where_the_next_one_begins() -> None:
    printed = PrintedSteps()
    one, two = (StepChanged(state="running", position=n, total=2, title=f"step {n}") for n in (1, 2))

    told = [*printed.begin(one), *printed.begin(two), *printed.end("failed"), *printed.end("failed")]

    assert [(step.position, step.state) for step in told] == [
        (1, "running"),
        (1, "done"),
        (2, "running"),
        (2, "failed"),
    ]
    assert [step.duration_ms is None for step in told] == [True, False, True, False]


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        # Node, with the error object's own properties.
        ("TimeoutError: page.goto: Timeout 30000ms exceeded.\nCall log:\n  - navigating to \"https://x/error\"\n\n    at f (/x.js:3:1) {\n  name: 'TimeoutError'\n}\n\nNode.js v24.1.0", "TimeoutError: page.goto: Timeout 30000ms exceeded."),
        ("Script failed: no menu\n{ [stack]: 'x',\n  name: 'TimeoutError'", "Script failed: no menu"),
        ("Error: outer\n    at x (y.js:1:1) {\n  [cause]: Error: inner\n      at z (y.js:2:2)\n}", "Error: outer"),
        # Python, with a message of several lines, and a chain.
        ('Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n    raise E\nx.MyTrouble: out of menus\nnot found either\n', "x.MyTrouble: out of menus"),
        ('Traceback (most recent call last):\n  File "x", line 1\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "x", line 2\nValueError: second\n', "ValueError: second"),
        # Java, Go, Ruby, PHP, Rust, .NET, shells, Perl.
        ('Exception in thread "main" java.lang.IllegalStateException: no menu\n\tat Main.main(Main.java:3)\nCaused by: java.io.IOException: read failed\n\t... 1 more', 'Exception in thread "main" java.lang.IllegalStateException: no menu'),
        ("panic: no menu\n\ngoroutine 1 [running]:\nmain.main()\n\t/tmp/error.go:4 +0x2c\nexit status 2", "panic: no menu"),
        ("x.rb:1:in 'open': no menu (MyTrouble)\n\tfrom x.rb:3:in '<main>'", "x.rb:1:in 'open': no menu (MyTrouble)"),
        ("PHP Fatal error:  Uncaught Exception: no menu in /x.php:3\nStack trace:\n#0 {main}\n  thrown in /error/x.php on line 3", "PHP Fatal error:  Uncaught Exception: no menu in /x.php:3"),
        ("thread 'main' panicked at src/main.rs:2:5:\nno menu\nnote: run with `RUST_BACKTRACE=1` to see an error", "thread 'main' panicked at src/main.rs:2:5: no menu"),
        ("Unhandled exception. System.Exception: no menu\n   at Program.Main()", "Unhandled exception. System.Exception: no menu"),
        ("x.sh: line 3: menu: command not found", "x.sh: line 3: menu: command not found"),
        ("warming up\nno menu at x.pl line 3.", "no menu at x.pl line 3."),
        ("x.js:58\n  throw new Error(1)\n  ^\n\nError: read ECONNRESET\n    at x (x.js:1:2) {\n  code: 'E'\n}\n\nNode.js v24.1.0", "Error: read ECONNRESET"),
        ("Script failed: page.fill: Timeout 30000ms exceeded.\nCall log:\n  - waiting for locator('input')\n", "Script failed: page.fill: Timeout 30000ms exceeded."),
        ("first\nout of luck\n\n", "out of luck"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_line_that_tells_most_is_quoted(stderr: str, words: str) -> None:
    assert last_words(stderr.splitlines()) == words


def test_secrets_beside_their_names_are_found() -> None:
    kind = JobTypes.load("portal_scripts").get("setup-system-settings")

    assert secrets_in('Receipt: API Key: RES_1, "webhookSecret": "w1"', kind) == ["w1", "RES_1"]
    assert secrets_in("api key: null", kind) == []


@pytest.mark.parametrize(
    "line",
    [
        "API Key: k-1/2", "apiKey=k-1/2", '{"apiKey": "k-1/2"}', "{ apiKey: 'k-1/2' }", '{"apiKey":"k-1\\/2"}', "API key is k-1/2",
        "│ API key │ k-1/2 │", "api_key -> k-1/2", "x" * 1_990 + " apiKey: k-1/2 and more", '"{\\"apiKey\\":\\"k-1/2\\"}"',
    ],
)  # fmt: skip
def test_a_secret_is_found_in_each_way_of_telling_it(line: str) -> None:
    kind = JobTypes.load("portal_scripts").get("create-api-key")

    assert "k-1/2" in secrets_in(line, kind)


def test_too_little_history_tells_the_usual_time() -> None:
    assert estimate([Sample(1_000, 1)] * 4, 1, 60_000).samples == 0
    assert estimate([], None, 60_000).p50_ms == 60_000


def test_the_time_grows_with_the_size_and_a_stuck_job_does_not_bend_it() -> None:
    samples = [Sample(5_000 + 2_000 * size, size) for size in range(1, 21)] + [Sample(900_000, 3)]

    found = estimate(samples, 50, 60_000)

    assert found.p50_ms == pytest.approx(105_000, rel=0.05)
    assert found.p50_ms <= found.p90_ms < 130_000


def test_without_sizes_it_is_the_middle_and_the_ninth_tenth() -> None:
    found = estimate([Sample(n * 1_000, None) for n in range(1, 12)], None, 1)

    assert (found.p50_ms, found.p90_ms, found.samples) == (6_000, 10_000, 11)


@pytest.mark.parametrize(
    ("slots", "running", "ahead", "starts"),
    [(2, [], [], 0), (2, [5_000], [], 0), (2, [5_000, 3_000], [], 3_000), (2, [5_000, 3_000], [10_000, 1_000], 6_000),
     (1, [4_000], [2_000, 2_000], 8_000)],
)  # fmt: skip
def test_when_a_slot_falls_free(slots: int, running: list[float], ahead: list[float], starts: float) -> None:
    assert starts_in_ms(slots, running, ahead) == starts


def test_errors_are_classified_in_the_order_of_the_contract() -> None:
    words = [
        "Timeout at login",
        "read ETIMEDOUT",
        "ECONNRESET not found",
        "login not found",
        "page not found, forbidden",
    ]

    assert [classify_error(word) for word in words] == [
        "TIMEOUT",
        "ETIMEDOUT",
        "ECONNRESET",
        "AUTH_FAILED",
        "NOT_FOUND",
    ]


@pytest.mark.parametrize("prefix", ["", "result: ", "2026-01-01 INFO "])
def test_a_result_over_the_limit_is_refused_wherever_it_begins(prefix: str) -> None:
    found = found_in(f'{prefix}{{"data": "{"x" * 1_200_000}", "success": false}}\n'.encode())

    assert isinstance(found, ScriptError)
    assert "KiB" in found.message


def test_a_marked_result_that_is_not_json_is_refused_unless_another_one_comes() -> None:
    broken = b"===RESULT_DATA_START===\n{success: true}\n===RESULT_DATA_END===\n"
    found = found_in(broken)

    assert isinstance(found, ScriptError)
    assert (found.code, "is not JSON" in found.message) == ("VALIDATION_ERROR", True)
    assert found_in(broken + b'{"success": true}\n') == {"success": True}


def found_in(output: bytes) -> object:
    finder, splitter = ResultFinder(), LineSplitter()
    for line in [*(line for line in splitter.feed(output) if line.is_whole), *splitter.end()]:
        finder.feed(line)
    return finder.result()
