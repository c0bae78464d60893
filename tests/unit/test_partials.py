"""Each status as a card, a row and a page; forms out of schemas."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from scriptjobs.errors import RETRYABLE_CODES
from scriptjobs.job_types import JobTypes
from scriptjobs.jobs import Job, JobStatus
from scriptjobs.service import JobDetails
from webapp.advice import advise
from webapp.card import LOOKS, JobCard
from webapp.forms import draw_form, read_form
from webapp.render import partial
from webapp.results import ResultView
from webapp.views import JobPage

NOW = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
TYPES = JobTypes.load("portal_scripts")
JOB = Job(
    id=uuid4(), job_id="JOB_20260131_090000_0123abcd", job_type="add-item-tags", status=JobStatus.PENDING, result=None,
    error_code=None, error_message=None, retry_count=0, max_retries=3, retry_delay_ms=5_000, next_retry_at=None,
    progress_percent=0, progress_message=None, current_step=0, total_steps=5, created_at=NOW, updated_at=NOW,
    started_at=None, completed_at=None, cancelled_at=None, timeout_at=None, timeout_ms=1, attempt_count=0,
    worker_id=None, organisation_id=uuid4(), restaurant_id=None, created_by=uuid4(), priority=0, metadata={},
    restaurant_name="<script>alert(1)</script>", run_at=None, stop_requested_at=None, stop_stage=None,
    checkpoint_step=None, resumed_step=None, keep=False, lacks_secrets=False, payload_size=None,
)  # fmt: skip


def in_status(status: JobStatus) -> Job:
    ended = NOW + timedelta(seconds=75) if status.is_terminal else None
    error = ("ELEMENT_NOT_FOUND", "gone & <b>") if status in {JobStatus.FAILED, JobStatus.TIMED_OUT} else (None, None)
    return replace(
        JOB, status=status, attempt_count=1, started_at=NOW, completed_at=ended, error_code=error[0],
        error_message=error[1], current_step=2 if status is JobStatus.IN_PROGRESS else 0, progress_percent=30,
        result={"message": "done", "data": {"details": [{"name": "<i>", "status": "created"}]}}
        if status is JobStatus.COMPLETED else None,
    )  # fmt: skip


@pytest.mark.parametrize("status", list(JobStatus))
def test_every_status_has_its_card_and_row(status: JobStatus) -> None:
    card = JobCard.from_job(in_status(status), TYPES, may_act=True)
    html = partial("job_status_card", card) + partial("job_row", card)

    assert LOOKS[status].label in html
    assert f'data-tone="{LOOKS[status].tone}"' in html
    assert "<script>alert" not in html
    assert ("cancel-button" in html) is status.is_waiting
    assert ("retry-button" in html) is (status in {JobStatus.FAILED, JobStatus.TIMED_OUT, JobStatus.CANCELLED})
    assert ("<progress" in html) is (status is JobStatus.IN_PROGRESS)
    assert ("data-live-job" in html) is not status.is_terminal


def test_a_result_reads_in_the_order_of_its_model_however_the_database_keeps_it() -> None:
    row = {"name": "Vegan", "error": "no", "status": "failed", "itemsAssigned": 0}
    data = {"details": [row], "itemsFailed": 1, "itemsCreated": 2, "itemsAssigned": 3, "itemsExisting": 4}
    job = replace(in_status(JobStatus.COMPLETED), result={"data": data, "message": "done"})
    details = JobDetails(
        prerequisites=[], job=job, steps=[], attempts=[], files=[], log=[], history=[], last_event_id=1
    )

    result = JobPage.from_details(details, TYPES, may_act=False).result

    assert result is not None
    assert [name for name, _ in result.facts] == ["Items created", "Items existing", "Items failed", "Items assigned"]
    assert [table.columns for table in result.tables] == [["Name", "Status", "Items assigned", "Error"]]


@pytest.mark.parametrize(
    ("job_type", "data", "shown", "hidden"),
    [
        (
            "setup-system-settings",
            {
                "applied": ["Create the tax"], "skipped": ["Set the sounds"], "webhookSecret": "********",
                "details": [{"name": "Set the sounds", "status": "skipped", "error": "no reason."}],
                "printers": [{"name": "Kitchen", "status": "created", "apiKey": "********"}],
            },
            ["Printers", "<th scope=\"col\">API key", "<td>Kitchen", "Webhook secret", "sealed, shown to nobody", "no reason."],
            ["<h3", "<td>Create the tax"],
        ),
        (
            "import-csv-menu", {"rows": 3, "warnings": ["line 4, column dishPrice: “$4” is read as 4.00"]},
            ["Warnings</h3>", "<li>line 4, column dishPrice"], ["<table"],
        ),
        (
            "configure-website-dark", {"storeUrl": "https://shop.example.com/", "uploadedLogoUrl": "javascript:alert(1)"},
            ["Store URL", '<a href="https://shop.example.com/" rel="noopener noreferrer">'], ['href="javascript'],
        ),
        ("a-type-of-before", {"isDone": True, "names": ["<b>"]}, ["Is done", "<dd>yes", "<li>&lt;b&gt;"], ["<li><b>"]),
    ],
)  # fmt: skip
def test_a_result_shows_everything_that_it_holds(
    job_type: str, data: dict[str, object], shown: list[str], hidden: list[str]
) -> None:
    result = {"message": "done", "data": data}
    html = partial(
        "job_result", ResultView.from_result(result, TYPES.get(job_type) if job_type in TYPES.names else None)
    )
    before_json = html.partition("<details>")[0]

    assert [words for words in shown if words not in before_json] == []
    assert [words for words in hidden if words in before_json] == []


def test_the_warnings_of_a_result_come_first_and_once() -> None:
    result = {
        "message": "done",
        "warnings": ["“Dal” is not on the menu"],
        "data": {"warnings": ["“Dal” is not on the menu"], "names": ["x"]},
    }
    html = partial("job_result", ResultView.from_result(result, None)).partition("<details>")[0]

    assert html.count("<li>“Dal” is not on the menu") == 1
    assert html.index("Warnings</h3>") < html.index("Names</h3>")


@pytest.mark.parametrize("data", [["a", 1], "text", 7, None, {"": 1, "_": ["x"]}, {"details": ["<b>", 2]}, {"details": [{"name": "x"}, "y"]},
                                  {"details": {"name": "x"}}, {"printers": [{"options": ["a", {"b": 1}]}]}])  # fmt: skip
def test_a_command_may_print_a_result_of_any_shape(data: object) -> None:
    result = {"message": "done", "partial": True, "data": data}
    job = replace(in_status(JobStatus.COMPLETED), result=result)
    card = JobCard.from_job(job, TYPES, may_act=True)
    html = partial("job_row", card) + partial("job_result", ResultView.from_result(result, TYPES.get(job.job_type)))

    assert "with problems" in card.note
    assert "<b>" not in html
    assert "&#39;" not in html  # a list as Python writes it


@pytest.mark.parametrize("status", list(JobStatus))
def test_every_status_has_its_page(status: JobStatus) -> None:
    details = JobDetails(
        prerequisites=[], job=in_status(status), steps=[], attempts=[], files=[], log=[], history=[], last_event_id=1
    )
    page = JobPage.from_details(details, TYPES, may_act=False)
    html = "".join(partial(name, page) for name in ("job_outcome", "job_steps", "job_log", "job_history"))

    assert len(page.steps) == 5
    assert ("What to do:" in html) is (status in {JobStatus.FAILED, JobStatus.TIMED_OUT})
    assert ("&lt;i&gt;" in html) is (status is JobStatus.COMPLETED)


def test_unknown_progress_sweeps_and_says_so_in_words() -> None:
    job = replace(in_status(JobStatus.IN_PROGRESS), current_step=0)
    html = partial("job_status_card", JobCard.from_job(job, TYPES, may_act=True))

    assert re.search(r"<progress[^>]*>", html)
    assert not re.search(r"<progress[^>]*value=", html)
    assert "working" in html


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"status": JobStatus.IN_PROGRESS, "stop_requested_at": NOW, "stop_stage": "asked"}, "stopping: asked"),
        ({"status": JobStatus.IN_PROGRESS, "retry_count": 1, "resumed_step": 4}, "try 2 of 4, resumed at step 4"),
        ({"status": JobStatus.CANCELLED, "stop_requested_at": NOW, "current_step": 5, "progress_message": "[2/10] Vegan"},
         "stopped in step 5 of 5: [2/10] Vegan"),
        ({"status": JobStatus.COMPLETED, "result": {"partial": True, "data": {"itemsFailed": 3}}}, "3 problems"),
        ({"status": JobStatus.COMPLETED, "result": {"partial": True, "data": {"details": [{"status": "failed"}, {"status": "skipped"}]}}},
         "1 problem"),
        ({"status": JobStatus.COMPLETED, "result": {"warnings": ["a", "b"]}}, "2 warnings"),
        ({"status": JobStatus.COMPLETED, "result": {"data": {"warnings": ["a"]}}}, "1 warning"),
        ({"status": JobStatus.COMPLETED, "result": {"partial": True, "warnings": ["a", "b"], "data": {"itemsFailed": 1}}}, "1 problem, 2 warnings"),
        ({"status": JobStatus.COMPLETED, "result": {"warnings": "text", "data": [1]}}, ""),
        ({"status": JobStatus.COMPLETED, "result": {"unverified": True}}, "not verified: the script gave no result"),
        ({"status": JobStatus.IN_PROGRESS, "retry_count": 1}, "try 2 of 4"),
    ],
)  # fmt: skip
def test_the_second_line_says_what_the_status_does_not(changes: dict[str, object], note: str) -> None:
    assert JobCard.from_job(replace(JOB, **changes), TYPES, may_act=True).note == note  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "code",
    [*sorted(RETRYABLE_CODES), "AUTH_FAILED", "INVALID_CREDENTIALS", "VALIDATION_ERROR", "RESTAURANT_NOT_FOUND",
     "RESTAURANT_AMBIGUOUS", "PERMISSION_DENIED", "IMPORT_REJECTED"],
)  # fmt: skip
def test_every_code_of_the_portal_has_its_own_advice(code: str) -> None:
    assert advise(code) != advise("UNKNOWN_ERROR")
    assert advise(code).do


SCHEMA = TYPES.get("add-item-tags").schema


def test_a_secret_is_never_drawn_again() -> None:
    fields = draw_form(SCHEMA, {"password": "canary", "email": "a@b.c"})

    assert "canary" not in str(fields)
    assert next(field for field in fields if field.name == "email").value == "a@b.c"


def test_empty_rows_and_optional_fields_are_left_out_and_gaps_close() -> None:
    posted = {
        "email": " a@b.c ", "password": " p ", "restaurantName": "R", "country": "NZ", "adminUrl": "",
        "itemTags.0.name": "", "itemTags.0.color": "#000000", "itemTags.7.name": "B", "itemTags.7.color": "#111111",
        "itemTags.3.name": "A", "itemTags.3.color": "#222222", "itemTags.3.menuItemNames": " x \r\n\r\n y",
        "itemTags.x.name": "no number",
    }  # fmt: skip

    assert read_form(SCHEMA, posted) == {
        "email": "a@b.c", "password": " p ", "restaurantName": "R", "country": "NZ",
        "itemTags": [
            {"name": "A", "color": "#222222", "menuItemNames": ["x", "y"]}, {"name": "B", "color": "#111111"},
        ],
    }  # fmt: skip
