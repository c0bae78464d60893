"""The six endpoints: shapes, statuses and rules of the contract, over HTTP."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from tests.processes import Api, Portal, Site, tags_payload

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def ana(site: Site) -> Api:
    return site.as_user()


@pytest.fixture(scope="module")
def zoe(site: Site) -> Api:
    return site.as_user("zoe@example.com", "Two")


@pytest.fixture(scope="module")
def idle(own_idle_site: Site) -> Api:
    return own_idle_site.as_user()


@pytest.fixture(scope="module")
def own_idle_site(scratch: Any, portal: Portal, new_database: Any):
    """A site without workers, where jobs stay pending."""
    from tests.processes import start_site

    with start_site(scratch, new_database(), portal, {"WORKERS": "0"}) as started:
        yield started


def test_create_answers_at_once_with_links(idle: Api) -> None:
    began = time.perf_counter()
    answer = idle.post("/api/jobs", json={"jobType": "add-item-tags", "payload": tags_payload()})
    took = time.perf_counter() - began

    body = answer.json()
    job_id = body["job"]["jobId"]
    assert answer.status_code == 202
    assert took < 0.5
    assert set(body["job"]) == {"id", "jobId", "jobType", "status", "createdAt", "estimatedDuration"}
    assert re.fullmatch(r"JOB_\d{8}_\d{6}_[0-9a-f]{8}", job_id)
    assert ISO.fullmatch(body["job"]["createdAt"])
    assert body["job"]["status"] == "pending"
    assert body["links"] == {
        "status": f"/api/jobs/{job_id}/status", "details": f"/api/jobs/{job_id}", "cancel": f"/api/jobs/{job_id}",
        "stop": f"/api/jobs/{job_id}/stop", "retry": f"/api/jobs/{job_id}/retry",
        "events": f"/api/jobs/{job_id}/events",
    }  # fmt: skip
    assert answer.headers["location"] == f"/api/jobs/{job_id}"
    assert answer.headers["retry-after"] == "2"


def test_details_have_every_field_of_the_contract_and_no_payload(idle: Api) -> None:
    job = idle.job(idle.launch())

    assert set(job) == {
        "id", "jobId", "jobType", "status", "progress", "result", "error", "retryCount", "maxRetries", "retryDelayMs",
        "nextRetryAt", "createdAt", "startedAt", "completedAt", "cancelledAt", "updatedAt", "organisationId",
        "restaurantId", "createdBy", "priority", "metadata",
        # beyond the contract
        "attempt", "runAt", "waiting", "eta", "stopRequestedAt", "stopStage", "resumedStep", "resumable", "keep",
        "expiresAt",
    }  # fmt: skip
    assert set(job["progress"]) == {"percent", "message", "currentStep", "totalSteps"}
    assert (job["error"], job["result"], job["retryDelayMs"], job["maxRetries"]) == (None, None, 5000, 3)
    assert job["createdBy"] == str(idle.user_id)


def test_a_job_is_found_by_uuid_as_well(idle: Api) -> None:
    job = idle.job(idle.launch())

    assert idle.job(job["id"])["jobId"] == job["jobId"]


def test_status_is_small_and_has_no_envelope(idle: Api) -> None:
    job_id = idle.launch()

    with_progress = idle.get(f"/api/jobs/{job_id}/status").json()
    without = idle.get(f"/api/jobs/{job_id}/status?includeProgress=false").json()

    assert set(with_progress) == {"jobId", "status", "progress", "updatedAt", "waiting"}
    assert set(with_progress["progress"]) == {"percent", "message"}
    assert set(without) == {"jobId", "status", "updatedAt", "waiting"}


def test_a_finished_job_tells_its_result_and_a_failed_one_its_error(ana: Api, clean_portal: Portal) -> None:
    good = ana.launch()
    bad = ana.launch(**tags_payload(password="a-wrong-password"))

    done, failed = ana.wait_for(good), ana.wait_for(bad)

    assert done["status"] == "completed"
    assert set(done["result"]) == {"success", "partial", "message", "data", "duration_ms", "restaurant"}
    assert set(ana.get(f"/api/jobs/{good}/status").json()) == {
        "jobId", "status", "progress", "updatedAt", "completedAt", "hasResult",
    }  # fmt: skip
    assert failed["error"]["code"] == "INVALID_CREDENTIALS"
    assert failed["error"]["retryable"] is False
    status = ana.get(f"/api/jobs/{bad}/status").json()
    assert {"error", "retryable", "retryCount", "completedAt"} <= set(status)
    assert set(status["error"]) == {"code", "message"}


def test_cancel_answers_twice_the_same_to_the_same_person(idle: Api) -> None:
    job_id = idle.launch()

    first, second = idle.delete(f"/api/jobs/{job_id}"), idle.delete(f"/api/jobs/{job_id}")

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert set(first.json()["job"]) == {"jobId", "status", "cancelledAt"}


def test_somebody_else_is_told_that_it_was_cancelled_already(idle: Api, own_idle_site: Site) -> None:
    job_id = idle.launch()
    idle.delete(f"/api/jobs/{job_id}")

    answer = own_idle_site.as_user("bob@example.com").delete(f"/api/jobs/{job_id}")

    assert answer.status_code == 400
    assert answer.json()["error"] | {"message": ""} == {
        "code": "ALREADY_COMPLETED", "message": "", "currentStatus": "cancelled",
    }  # fmt: skip


def test_a_running_job_cannot_be_cancelled(ana: Api) -> None:
    job_id = ana.launch("create-api-key", count=60, pause_s=0.1)
    ana.wait_for(job_id, "in_progress")

    answer = ana.delete(f"/api/jobs/{job_id}")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "CANNOT_CANCEL"
    assert answer.json()["error"]["currentStatus"] == "in_progress"
    ana.wait_for(job_id, "completed")
    assert ana.delete(f"/api/jobs/{job_id}").json()["error"]["code"] == "ALREADY_COMPLETED"


def test_a_failed_job_is_retried_by_hand_and_a_completed_one_is_not(ana: Api, clean_portal: Portal) -> None:
    bad = ana.launch(**tags_payload(password="a-wrong-password"))
    ana.wait_for(bad, "failed")

    again = ana.post(f"/api/jobs/{bad}/retry")
    after = ana.wait_for(bad, "failed")

    assert again.status_code == 202
    assert after["attempt"] == 2
    good = ana.launch("create-api-key", count=1)
    ana.wait_for(good, "completed")
    assert ana.post(f"/api/jobs/{good}/retry").status_code == 409


def test_the_list_filters_orders_and_pages(own_idle_site: Site) -> None:
    pat = own_idle_site.as_user("pat@example.com", "Listed")
    ids = [pat.launch("create-api-key", count=number + 1) for number in range(5)]
    pat.delete(f"/api/jobs/{ids[0]}")

    everything = pat.get("/api/jobs").json()
    waiting = pat.get("/api/jobs", params={"status": "pending,queued", "orderDir": "asc"}).json()
    page = pat.get("/api/jobs", params={"limit": 2, "offset": 3}).json()

    assert [job["jobId"] for job in everything["jobs"]] == ids[::-1]
    assert everything["pagination"] == {"total": 5, "limit": 20, "offset": 0, "hasMore": False}
    assert {"jobId", "jobType", "status", "progress", "createdAt", "restaurantId"} <= set(everything["jobs"][0])
    assert [job["jobId"] for job in waiting["jobs"]] == ids[1:]
    assert page["pagination"] == {"total": 5, "limit": 2, "offset": 3, "hasMore": False}
    assert pat.get("/api/jobs", params={"jobType": "add-item-tags"}).json()["jobs"] == []
    assert pat.get("/api/jobs", params={"since": "2020-01-01T00:00:00Z"}).json()["pagination"]["total"] == 5
    assert pat.get("/api/jobs", params={"since": "2100-01-01T00:00:00Z"}).json()["pagination"]["total"] == 0


@pytest.mark.parametrize(
    "order", ["createdAt", "updatedAt", "startedAt", "completedAt", "priority", "status", "jobType"]
)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_every_order_of_the_contract_works(idle: Api, order: str, direction: str) -> None:
    answer = idle.get("/api/jobs", params={"orderBy": order, "orderDir": direction})

    assert answer.status_code == 200


def test_types_tell_what_can_be_launched(idle: Api) -> None:
    [tags] = [kind for kind in idle.get("/api/jobs/types").json()["types"] if kind["type"] == "add-item-tags"]

    assert {"type", "displayName", "description", "estimatedDuration", "maxRetries", "requiredFields"} <= set(tags)
    assert tags["requiredFields"] == ["email", "password", "restaurantName", "itemTags"]
    assert tags["repeatable"] is True
    assert [example["email"] for example in tags["examples"]] == ["owner@example.com"] * len(tags["examples"])
    assert not any("password" in example for example in tags["examples"])


def test_both_spellings_of_the_organisation_header_choose_it(site: Site) -> None:
    ana = site.as_user("two-hats@example.com", "One")
    second = site.as_user("two-hats@example.com", "A second one")
    for header in ("X-Organisation-ID", "X-Organization-ID"):
        answer = second.post(
            "/api/jobs", json={"jobType": "create-api-key", "payload": {"count": 1}},
            headers={header: str(second.organisation_id)},
        )  # fmt: skip
        job = second.get(answer.json()["links"]["details"], headers={header: str(second.organisation_id)}).json()["job"]
        assert job["organisationId"] == str(second.organisation_id)
        hidden = ana.get(answer.json()["links"]["details"], headers={header: str(ana.organisation_id)})
        assert hidden.status_code == 404


def test_a_viewer_looks_but_does_not_act(site: Site, ana: Api) -> None:
    vic = site.as_user("vic@example.com", "One", "viewer")
    job_id = ana.launch("create-api-key", count=1)

    assert vic.get(f"/api/jobs/{job_id}").status_code == 200
    for answer in (
        vic.post("/api/jobs", json={"jobType": "create-api-key", "payload": {}}), vic.delete(f"/api/jobs/{job_id}"),
    ):  # fmt: skip
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "FORBIDDEN"


def test_another_organisations_job_is_not_there(ana: Api, zoe: Api) -> None:
    job_id = ana.launch("create-api-key", count=1)
    uuid = ana.job(job_id)["id"]

    answers = [
        zoe.get(f"/api/jobs/{job_id}"), zoe.get(f"/api/jobs/{uuid}"), zoe.get(f"/api/jobs/{job_id}/status"),
        zoe.delete(f"/api/jobs/{job_id}"), zoe.get(f"/api/jobs/{job_id}/events"), zoe.post(f"/api/jobs/{job_id}/retry"),
    ]  # fmt: skip

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["error"]["code"] for answer in answers} == {"JOB_NOT_FOUND"}
    assert job_id not in zoe.get("/api/jobs").text


def test_cors_answers_only_listed_origins(scratch: Any, own_site: Any) -> None:
    site = own_site(WORKERS="0", CORS_ORIGINS="https://app.example.com")
    headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}

    good = httpx2.options(f"{site.address}/api/jobs", headers=headers | {"Origin": "https://app.example.com"})
    bad = httpx2.options(f"{site.address}/api/jobs", headers=headers | {"Origin": "https://evil.example.com"})

    assert good.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "access-control-allow-origin" not in bad.headers
    refused = httpx2.get(f"{site.address}/api/jobs", headers={"Origin": "https://app.example.com"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://app.example.com"


def test_limits_say_when_to_come_back(own_site: Any) -> None:
    api = own_site(WORKERS="0", RATE_LIMITS="create=2,list=1,upload=1").as_user()
    body = {"jobType": "create-api-key", "payload": {}}

    answers = [api.post("/api/jobs", json=body) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].json()["error"]["code"] == "RATE_LIMITED"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60
    menu = {"file": ("menu.csv", b"menuName,categoryName,dishName,dishPrice\nA,B,C,1\n")}
    assert [api.post("/api/files", files=menu).status_code for _ in range(2)] == [201, 429]


def test_times_are_utc_with_milliseconds(idle: Api) -> None:
    created = idle.job(idle.launch())["createdAt"]

    assert ISO.fullmatch(created)
    assert abs((datetime.fromisoformat(created) - datetime.now(UTC)).total_seconds()) < 10
