"""Bad input: the contract's answer, every field named, and nothing left behind."""

import time
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.processes import JWT_SECRET, Api, Site, tags_payload


@pytest.fixture(scope="module")
def ana(site: Site) -> Api:
    return site.as_user("ana@bad.example.com", "Bad input")


def total(api: Api) -> int:
    return api.get("/api/jobs").json()["pagination"]["total"]


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    body = answer.json()
    assert answer.status_code == status, answer.text
    assert body["success"] is False
    assert body["error"]["code"] == code
    assert body["error"]["message"]
    return body["error"]


def paths(error: dict[str, Any]) -> list[str]:
    return [fault["path"] for fault in error["fields"]]


@pytest.mark.parametrize("job_type", ["no-such-type", "", None, 7, ["add-item-tags"]])
def test_an_unknown_job_type_names_the_known_ones(ana: Api, job_type: object) -> None:
    error = refused(ana.post("/api/jobs", json={"jobType": job_type, "payload": {}}), 400, "INVALID_JOB_TYPE")

    assert "add-item-tags" in error["validTypes"]


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({}, ["email", "password", "restaurantName", "itemTags"]),
        (tags_payload(email="nonsense", restaurantName=" "), ["email", "restaurantName"]),
        (tags_payload(itemTags=[]), ["itemTags"]),
        (tags_payload(itemTags=[{"name": "", "color": "red"}]), ["itemTags.0.name", "itemTags.0.color"]),
        (tags_payload(itemTags=[{"name": "A", "color": "#123456"}] * 2), ["itemTags"]),
        (tags_payload(itemTags="Spicy"), ["itemTags"]),
        (tags_payload(adminUrl="http://169.254.169.254/latest"), ["adminUrl"]),
        (tags_payload(adminUrl="file:///etc/passwd"), ["adminUrl"]),
        (tags_payload(country="FR"), ["country"]),
        (tags_payload(surprise=1), ["surprise"]),
        (tags_payload(restaurantName="x" * 121), ["restaurantName"]),
    ],
)
def test_a_payload_of_the_wrong_shape_names_each_field(ana: Api, payload: dict[str, Any], named: list[str]) -> None:
    before = total(ana)

    error = refused(
        ana.post("/api/jobs", json={"jobType": "add-item-tags", "payload": payload}), 400, "INVALID_PAYLOAD"
    )

    assert paths(error) == named
    assert all(fault["message"] for fault in error["fields"])
    assert total(ana) == before


def test_the_answer_never_repeats_a_secret(ana: Api) -> None:
    payload = tags_payload(password={"deep": "canary-in-a-bad-place"})

    answer = ana.post("/api/jobs", json={"jobType": "add-item-tags", "payload": payload})

    assert refused(answer, 400, "INVALID_PAYLOAD")
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"jobType": "create-api-key"}, "payload"),
        ({"jobType": "create-api-key", "payload": []}, "payload"),
        ({"jobType": "create-api-key", "payload": {}, "priority": "high"}, "priority"),
        ({"jobType": "create-api-key", "payload": {}, "priority": -1001}, "priority"),
        ({"jobType": "create-api-key", "payload": {}, "priority": 1001}, "priority"),
        ({"jobType": "create-api-key", "payload": {}, "priority": 1.5}, "priority"),
        ({"jobType": "create-api-key", "payload": {}, "metadata": 1}, "metadata"),
        ({"jobType": "create-api-key", "payload": {}, "restaurantId": "seven"}, "restaurantId"),
    ],
)
def test_a_body_of_the_wrong_shape_names_the_field(ana: Api, body: dict[str, Any], named: str) -> None:
    error = refused(ana.post("/api/jobs", json=body), 400, "INVALID_PAYLOAD")

    assert paths(error) == [named]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b'{"jobType": "create-api-key", "payload": {}, "metadata": {"a": "\\u0000"}}', "metadata.a"),
        (b'{"jobType": "create-api-key", "payload": {}, "metadata": {"a": "\\ud800"}}', "metadata.a"),
        (b'{"jobType": "create-api-key", "payload": {}, "metadata": {"a": NaN}}', "metadata.a"),
        (b'{"jobType": "create-api-key", "payload": {"x": ["\\u0000"]}}', "x.0"),
        (
            b'{"jobType": "create-api-key", "payload": {}, "restaurantId": "11111111-1111-1111-1111-111111111111"}',
            "restaurantId",
        ),
    ],
)
def test_what_the_database_cannot_hold_is_refused_and_named(ana: Api, content: bytes, named: str) -> None:
    before = total(ana)

    answer = ana.post("/api/jobs", content=content, headers={"Content-Type": "application/json"})

    assert paths(refused(answer, 400, "INVALID_PAYLOAD")) == [named]
    assert total(ana) == before


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[1]", b'"text"', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(ana: Api, body: bytes) -> None:
    answer = ana.post("/api/jobs", content=body, headers={"Content-Type": "application/json"})

    refused(answer, 400, "INVALID_PAYLOAD")


def test_another_media_type_is_refused(ana: Api) -> None:
    refused(ana.post("/api/jobs", data={"jobType": "x"}), 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("says_length", [True, False])
def test_two_mebibytes_are_refused(ana: Api, *, says_length: bool) -> None:
    content = b'{"jobType": "create-api-key", "payload": {"x": "' + b"x" * (2 * 1024 * 1024) + b'"}}'
    parts = [content[at : at + 65_536] for at in range(0, len(content), 65_536)]

    answer = ana.post(
        "/api/jobs", content=content if says_length else iter(parts), headers={"Content-Type": "application/json"}
    )

    refused(answer, 413, "PAYLOAD_TOO_LARGE")
    assert ana.get("/api/jobs/types").status_code == 200


def a_token(**changes: Any) -> str:
    claims = {
        "sub": "6a1f0c9e-2b7d-4c55-9c1e-0d5a7f3b8e21",
        "aud": "authenticated",
        "exp": int(time.time()) + 60,
        **changes,
    }
    return jwt.encode(
        {"alg": "HS256"}, {key: value for key, value in claims.items() if value}, OctKey.import_key(JWT_SECRET)
    )


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer",
        "Bearer nonsense",
        "Bearer a.b.c",
        "Basic YTpi",
        f"Bearer {a_token(exp=int(time.time()) - 3600)}",
        f"Bearer {a_token(aud='somebody-else')}",
        f"Bearer {a_token(sub='no-uuid')}",
        f"Bearer {a_token(exp=None)}",
        "Bearer " + jwt.encode({"alg": "HS256"}, {"sub": "6a1f0c9e-2b7d-4c55-9c1e-0d5a7f3b8e21", "exp": 9_999_999_999, "aud": "authenticated"},
                               OctKey.import_key("another-secret-of-sufficient-length-000000")),
    ],
)  # fmt: skip
def test_a_bad_token_is_refused(site: Site, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}

    answer = httpx2.get(f"{site.address}/api/jobs", headers=headers)

    refused(answer, 401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_unsigned_token_is_refused(site: Site) -> None:
    token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMTExMTExMS0xMTExLTExMTEtMTExMS0xMTExMTExMTExMTEifQ."

    refused(httpx2.get(f"{site.address}/api/jobs", headers={"Authorization": f"Bearer {token}"}), 401, "UNAUTHORIZED")


def test_a_member_of_nothing_is_told_so(site: Site) -> None:
    answer = httpx2.get(f"{site.address}/api/jobs", headers={"Authorization": f"Bearer {a_token()}"})

    refused(answer, 403, "FORBIDDEN")


def test_an_organisation_that_is_not_yours_is_refused(ana: Api) -> None:
    refused(
        ana.get("/api/jobs", headers={"X-Organisation-ID": "6a1f0c9e-2b7d-4c55-9c1e-0d5a7f3b8e21"}), 403, "FORBIDDEN"
    )


@pytest.mark.parametrize(
    "job_id", ["JOB_20260101_000000_00000000", "6a1f0c9e-2b7d-4c55-9c1e-0d5a7f3b8e21", "nonsense", "JOB_", "%00", "1"]
)
def test_an_unknown_id_is_not_found(ana: Api, job_id: str) -> None:
    refused(ana.get(f"/api/jobs/{job_id}"), 404, "JOB_NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("limit=ten", ["limit"]),
        ("offset=-1", ["offset"]),
        ("since=yesterday", ["since"]),
        ("status=sleeping", ["status"]),
        ("restaurantId=7", ["restaurantId"]),
        ("orderBy=password", ["orderBy"]),
        ("orderDir=sideways", ["orderDir"]),
        ("limit=0&since=yesterday", ["since", "limit"]),
    ],
)
def test_a_query_that_does_not_fit_names_each_parameter(ana: Api, query: str, named: list[str]) -> None:
    assert paths(refused(ana.get(f"/api/jobs?{query}"), 400, "INVALID_PAYLOAD")) == named


def test_a_list_of_an_unknown_type_names_the_known_ones(ana: Api) -> None:
    assert refused(ana.get("/api/jobs?jobType=nonsense"), 400, "INVALID_JOB_TYPE")["validTypes"]


def test_other_addresses_and_methods_have_the_same_face(ana: Api) -> None:
    refused(ana.get("/api/nothing"), 404, "NOT_FOUND")
    answer = ana.put("/api/jobs/JOB_1")
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"]


def test_every_answer_has_an_id_and_no_store_for_others(ana: Api) -> None:
    answer = ana.get("/api/jobs")

    assert len(answer.headers["x-request-id"]) == 16
    assert answer.headers["cache-control"].startswith("private")
    assert "Authorization" in answer.headers["vary"]


def test_six_characters_that_look_like_a_nul_are_six_characters(ana: Api) -> None:
    text = r"x.replace(/\u0000/g,'')"
    body = {"jobType": "add-item-tags", "payload": tags_payload(), "metadata": {"code": text}, "allowDuplicate": True}

    answer = ana.post("/api/jobs", json=body)

    assert answer.status_code == 202, answer.text
    ana.wait_for(answer.json()["job"]["jobId"])
