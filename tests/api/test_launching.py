"""Launching beyond the plain POST: one active job for a restaurant, one job for a key, times, prerequisites, limits."""

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from scriptjobs.database import Database
from tests.factories import change
from tests.processes import Api, Portal, Site, start_site, tags_payload, wait_for


@pytest.fixture(scope="module")
def idle_site(scratch: Path, portal: Portal, new_database: Callable[[], str]) -> Generator[Site]:
    with start_site(scratch, new_database(), portal, {"WORKERS": "0", "QUEUE_LIMIT_PER_ORGANISATION": "25"}) as started:
        yield started


@pytest.fixture
def ana(idle_site: Site) -> Generator[Api]:
    api = idle_site.as_user()
    yield api
    sql(idle_site, "update public.script_jobs set status = 'cancelled' where status = 'pending'")


def sql(site: Site, statement: str, **values: Any) -> None:
    async def run() -> None:
        database = Database(site.dsn, pool_size=1)
        try:
            await change(database, statement, **values)
        finally:
            await database.close()

    wait_for(run())


def post(api: Api, headers: dict[str, str] | None = None, **body: Any) -> httpx2.Response:
    wanted = {"jobType": "add-item-tags", "payload": tags_payload(), **body}
    return api.post("/api/jobs", json=wanted, headers=headers)


def test_a_second_active_job_for_a_restaurant_is_refused_with_the_way_to_the_first(ana: Api) -> None:
    first = post(ana).json()["job"]["jobId"]
    second = post(ana, payload=tags_payload(restaurantName="  curry GARDEN ", email="DEMO@example.com"))
    error = second.json()["error"]

    assert (second.status_code, error["code"], error["jobId"]) == (409, "DUPLICATE_JOB", first)
    assert error["links"]["details"] == f"/api/jobs/{first}"
    assert error["currentStatus"] == "pending"
    assert post(ana, allowDuplicate=True).status_code == 202
    assert post(ana, payload=tags_payload(restaurantName="Another")).status_code == 202


def test_after_it_has_ended_the_next_one_is_accepted_and_the_ended_one_cannot_come_back(ana: Api) -> None:
    first = post(ana).json()["job"]["jobId"]
    ana.delete(f"/api/jobs/{first}")
    second = post(ana)
    back = ana.post(f"/api/jobs/{first}/retry")

    assert second.status_code == 202
    assert (back.status_code, back.json()["error"]["code"]) == (409, "DUPLICATE_JOB")
    assert back.json()["error"]["jobId"] == second.json()["job"]["jobId"]


def test_another_organisation_has_its_own_restaurants(idle_site: Site, ana: Api) -> None:
    post(ana)

    assert post(idle_site.as_user("zoe@example.com", "Two")).status_code == 202


def test_twenty_at_the_same_moment_make_one_job(idle_site: Site, ana: Api) -> None:
    payload = tags_payload(restaurantName="At once")
    gate = threading.Barrier(20)

    def send(_number: int) -> int:
        gate.wait()
        return post(ana, payload=payload).status_code

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(send, range(20)))

    assert answers == [202] + [409] * 19


def test_a_key_gets_the_first_answer_again(ana: Api) -> None:
    key = {"Idempotency-Key": '"one-intention"'}
    payload = tags_payload(restaurantName="Key")
    first, again = post(ana, key, payload=payload), post(ana, {"Idempotency-Key": "one-intention"}, payload=payload)
    other = post(ana, key, payload=tags_payload(restaurantName="Other"))

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert other.json()["error"]["code"] == "IDEMPOTENCY_MISMATCH"


def test_another_password_is_another_body_and_is_stored_nowhere(idle_site: Site, ana: Api) -> None:
    key = {"Idempotency-Key": "secret"}
    post(ana, key, payload=tags_payload(password="a-canary-password", restaurantName="S"))
    other = post(ana, key, payload=tags_payload(password="guess", restaurantName="S"))

    async def look() -> str:
        database = Database(idle_site.dsn, pool_size=1)
        try:
            async with database.as_service() as connection:
                rows = await connection.exec_driver_sql(
                    "select script_job_requests::text from public.script_job_requests"
                )
                return " ".join(str(row) for row in rows)
        finally:
            await database.close()

    assert other.status_code == 422
    assert "canary" not in wait_for(look())


def test_a_key_belongs_to_a_person(idle_site: Site, ana: Api) -> None:
    key = {"Idempotency-Key": "shared"}
    first = post(ana, key, payload=tags_payload(restaurantName="P"), allowDuplicate=True)
    second = post(
        idle_site.as_user("bob@example.com"), key, payload=tags_payload(restaurantName="P"), allowDuplicate=True
    )

    assert first.json()["job"]["jobId"] != second.json()["job"]["jobId"]


def test_a_refusal_is_kept_too(ana: Api) -> None:
    key = {"Idempotency-Key": "bad"}
    first, again = post(ana, key, jobType="nonsense"), post(ana, key, jobType="nonsense")

    assert (first.status_code, again.status_code) == (400, 400)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"


def test_twenty_requests_with_one_key_make_one_job(ana: Api) -> None:
    gate = threading.Barrier(20)

    def send(_number: int) -> tuple[int, str]:
        gate.wait()
        answer = post(
            ana, {"Idempotency-Key": "rush"}, payload=tags_payload(restaurantName="Rush"), allowDuplicate=True
        )
        return answer.status_code, answer.json().get("job", answer.json().get("error"))[
            "jobId" if answer.status_code == 202 else "code"
        ]

    with ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(send, range(20)))

    assert len({said for status, said in answers if status == 202}) == 1
    assert {said for status, said in answers if status != 202} <= {"IDEMPOTENCY_IN_FLIGHT"}


@pytest.mark.parametrize("key", ["", '""', "two words", "x" * 256, "ключ"])
def test_a_bad_key_is_named(ana: Api, key: str) -> None:
    answer = post(ana, {"Idempotency-Key": key.encode()})  # type: ignore[dict-item]

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["error"]["message"]


def test_a_retry_sent_twice_under_a_key_is_one_retry(ana: Api) -> None:
    job_id = post(ana, payload=tags_payload(restaurantName="Twice")).json()["job"]["jobId"]
    ana.delete(f"/api/jobs/{job_id}")
    key = {"Idempotency-Key": "again"}
    first, again = (ana.post(f"/api/jobs/{job_id}/retry", headers=key) for _ in range(2))

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()


def test_a_scheduled_job_says_when_and_can_start_now(ana: Api) -> None:
    at = datetime.now(UTC) + timedelta(hours=2)
    job_id = post(ana, runAt=at.isoformat(), payload=tags_payload(restaurantName="Later")).json()["job"]["jobId"]
    waiting = ana.job(job_id)["waiting"]
    now = ana.post(f"/api/jobs/{job_id}/run-now")

    assert waiting["code"] == "SCHEDULED"
    assert waiting["until"][:19] == at.isoformat()[:19]
    assert waiting["text"].startswith("Starts at ")
    assert now.status_code == 202
    assert ana.job(job_id)["waiting"]["code"] == "NO_WORKER"


def test_a_blocked_job_names_what_failed_and_the_rest_can_be_cancelled(idle_site: Site, ana: Api) -> None:
    first = post(ana, payload=tags_payload(restaurantName="First")).json()["job"]["jobId"]
    second = post(ana, dependsOn=[first], payload=tags_payload(restaurantName="Second")).json()["job"]["jobId"]
    third = post(ana, dependsOn=[ana.job(second)["id"]], payload=tags_payload(restaurantName="Third")).json()["job"][
        "jobId"
    ]
    open_ = ana.job(second)["waiting"]
    ana.delete(f"/api/jobs/{first}")
    blocked = ana.job(second)["waiting"]
    cancelled = ana.post(f"/api/jobs/{second}/cancel-rest").json()["cancelled"]

    assert (open_["code"], open_["blockedBy"]["jobId"]) == ("PREREQUISITE_OPEN", first)
    assert (blocked["code"], blocked["blockedBy"]["jobId"]) == ("PREREQUISITE_FAILED", first)
    assert set(cancelled) == {second, third}
    assert ana.post(f"/api/jobs/{second}/cancel-rest").status_code == 409


def test_prerequisites_that_do_not_exist_and_times_without_a_zone_are_named(idle_site: Site, ana: Api) -> None:
    theirs = idle_site.as_user("zoe@example.com", "Two").launch()
    unknown = post(ana, dependsOn=[theirs])
    vague = post(ana, runAt="2026-12-01T10:00:00")

    assert unknown.status_code == 400
    assert unknown.json()["error"]["fields"] == [{"path": "dependsOn.0", "message": f"there is no job {theirs}"}]
    assert vague.status_code == 400
    assert vague.json()["error"]["fields"][0]["path"] == "runAt"


def test_a_full_queue_is_refused_and_says_whose_it_is(idle_site: Site) -> None:
    crowd = idle_site.as_user("cam@example.com", "Crowd")
    key = {"Idempotency-Key": "full"}
    for number in range(25):
        assert post(crowd, payload=tags_payload(restaurantName=f"R{number}")).status_code == 202
    full = post(crowd, key, payload=tags_payload(restaurantName="R25"))
    sql(
        idle_site,
        "update public.script_jobs set status = 'cancelled' where organisation_id = :id",
        id=crowd.organisation_id,
    )
    later = post(crowd, key, payload=tags_payload(restaurantName="R25"))

    assert (full.status_code, full.json()["error"]["code"]) == (503, "QUEUE_FULL")
    assert full.json()["error"]["scope"] == "organisation"
    assert full.headers["retry-after"] == "30"
    assert later.status_code == 202  # a full queue passes by itself, so it is not kept under the key


def test_what_cannot_be_stopped_says_what_can_be_done(ana: Api) -> None:
    job_id = post(ana, payload=tags_payload(restaurantName="Idle")).json()["job"]["jobId"]
    refused = ana.post(f"/api/jobs/{job_id}/stop")

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "NOT_RUNNING")
    assert refused.json()["error"]["links"]["cancel"] == f"/api/jobs/{job_id}"


def test_a_viewer_may_do_none_of_it(idle_site: Site, ana: Api) -> None:
    job_id = post(ana, payload=tags_payload(restaurantName="Look")).json()["job"]["jobId"]
    vic = idle_site.as_user("vic@example.com", role="viewer")

    for action in ("stop", "retry", "run-now", "cancel-rest", "keep"):
        assert vic.post(f"/api/jobs/{job_id}/{action}").status_code == 403


def test_keep_and_let_go(ana: Api) -> None:
    job_id = post(ana, payload=tags_payload(restaurantName="Keep")).json()["job"]["jobId"]
    ana.delete(f"/api/jobs/{job_id}")
    before = ana.job(job_id)["expiresAt"]
    ana.post(f"/api/jobs/{job_id}/keep")
    kept = ana.job(job_id)
    ana.post(f"/api/jobs/{job_id}/keep", json={"keep": False})

    assert (kept["keep"], kept["expiresAt"]) == (True, None)
    assert ana.job(job_id)["expiresAt"] == before


@pytest.mark.parametrize(
    ("role", "allowed", "refused"), [("staff", 10, 11), ("admin", 100, 101), ("staff", -10, -1_000)]
)
def test_the_range_of_priorities_depends_on_the_role(idle_site: Site, role: str, allowed: int, refused: int) -> None:
    api = idle_site.as_user(f"{role}@priorities.example", "Priorities", role)
    answer = post(api, priority=refused)
    [fault] = answer.json()["error"]["fields"]

    assert (answer.status_code, fault["path"]) == (400, "priority")
    assert "for your role" in fault["message"]
    assert post(api, priority=allowed, allowDuplicate=True).status_code == 202


def test_a_job_whose_password_was_erased_is_not_retried_and_says_so(ana: Api, idle_site: Site) -> None:
    job_id = post(ana).json()["job"]["jobId"]
    too_early = ana.post(f"/api/jobs/{job_id}/erase-secrets")
    ana.delete(f"/api/jobs/{job_id}")
    erased = ana.post(f"/api/jobs/{job_id}/erase-secrets")
    retried = ana.post(f"/api/jobs/{job_id}/retry")

    assert (too_early.status_code, too_early.json()["error"]["code"]) == (409, "NOT_RETRYABLE_STATE")
    assert erased.status_code == 200
    assert (retried.status_code, retried.json()["error"]["code"]) == (409, "SECRETS_ERASED")
    assert "with the password" in retried.json()["error"]["message"]
