"""The output of scripts in any language, and the time that jobs take."""

import pytest

from scriptjobs.errors import classify_error
from scriptjobs.estimates import Sample, estimate, starts_in_ms
from scriptjobs.events import Progress, StepChanged
from scriptjobs.job_types import JobTypes
from scriptjobs.runner.foreign import PrintedSteps, last_words, parse_script_output, progress_of, secrets_in

KIND = JobTypes.load("portal_scripts").get("add-item-tags")


@pytest.mark.parametrize(
    ("stdout", "expected"),
    [
        ('noise {"a": 1}\n{"success": true, "message": "m", "data": {"n": 1}} tail', {"success": True, "message": "m", "data": {"n": 1}}),
        ('{"success": true}\n{"success": false, "message": "late"}', {"success": False, "message": "late", "data": {}}),
        ('{"success": true, "apiKey": "k"}', {"success": True, "message": KIND.title, "data": {"apiKey": "k"}}),
        ('{"success": true, "partial": true, "message": "m", "data": 1}', {"success": True, "message": "m", "partial": True, "data": 1}),
        ('x ===RESULT_DATA_START==={"n": 2}===RESULT_DATA_END=== {"success": false}', {"success": True, "message": KIND.title, "data": {"n": 2}}),
        ('### SCRIPT_RESULT_START ###\n{"success": false, "message": "no"}\n### SCRIPT_RESULT_END ###', {"success": False, "message": "no", "data": {}}),
        ("Successfully created: 3/5", {"success": True, "message": "3 of 5 created.", "partial": True, "data": {"created": 3, "total": 5}}),
        ("Successfully created: 0/5", {"success": False, "message": "0 of 5 created.", "data": {"created": 0, "total": 5}}),
    ],
)  # fmt: skip
def test_what_a_script_prints_is_its_result(stdout: str, expected: dict[str, object]) -> None:
    assert parse_script_output(stdout, "", KIND) == expected


@pytest.mark.parametrize(
    "stdout", ["", "Success! All done.", '{"success": ', "{" * 50_000 + '"success"', '["success"]']
)
def test_words_prove_nothing(stdout: str) -> None:
    result = parse_script_output(stdout, "one\nlast words\n", KIND)

    assert (result["success"], result["unverified"]) == (True, True)
    assert "last words" in result["message"]


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
