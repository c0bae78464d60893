"""Rules that hold at every address: methods, hosts, limits, keys, pages of a list, files of a job, names."""

import html
import json
import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from scriptjobs.database import Database
from scriptjobs.files import Files
from tests.api.in_process import MENU, Header, InProcess, new_job, opened, upload
from tests.api.odd_values import Sent
from tests.factories import all_rows, change
from tests.processes import run_on_database


@pytest.fixture(scope="module")
def dsn_of_app(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture(scope="module")
def app(scratch: Path, dsn_of_app: str) -> Generator[InProcess]:
    with opened(dsn_of_app, scratch / "var-borders") as found:
        yield found


@pytest.fixture(scope="module")
def ana(app: InProcess) -> Header:
    return app.bearer("ana@borders.example.com")


def on_database(app: InProcess, statement: str, **values: Any) -> list[dict[str, Any]]:
    """Rows of a query; without `returning` none."""

    async def run() -> list[dict[str, Any]]:
        database = Database(str(app.settings.database_url), pool_size=1)
        try:
            if statement.startswith("select"):
                return await all_rows(database, statement, **values)
            await change(database, statement, **values)
            return []
        finally:
            await database.close()

    return app.run(run())


def stored(app: InProcess) -> int:
    return sum(path.is_file() for path in (app.settings.var_dir / "files").rglob("*"))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/jobs", "GET, HEAD, OPTIONS, POST"),
        ("PATCH", "/api/jobs/JOB_1", "DELETE, GET, HEAD, OPTIONS"),
        ("GET", "/api/jobs/JOB_1/stop", "OPTIONS, POST"),
        ("DELETE", "/sign-in", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/static/{digest}/css/base.css", "GET, HEAD, OPTIONS"),
        ("POST", "/jobs", "GET, HEAD, OPTIONS"),
    ],
)
def test_allow_lists_every_method_of_the_address(app: InProcess, method: str, path: str, allowed: str) -> None:
    from webapp.render import static_digest

    path = path.replace("{digest}", static_digest())
    refused, asked = app.ask(Sent(method, path)), app.ask(Sent("OPTIONS", path))

    assert (refused.status, refused.headers["allow"]) == (405, allowed)
    assert (asked.status, asked.headers["allow"], asked.body) == (204, allowed, b"")


@pytest.mark.parametrize("path", ["/jobs/", "/api/jobs/", "/launch/", "/api/jobs/JOB_1/status/?a=b"])
def test_a_slash_too_many_leads_on_without_the_host_that_the_client_names(app: InProcess, path: str) -> None:
    answer = app.ask(Sent("GET", path, (("host", b"evil.example"),)))

    assert answer.status == 307
    assert answer.headers["location"] == path.replace("/?", "?").removesuffix("/")
    assert app.ask(Sent("GET", "//evil.example/")).status == 404
    assert app.ask(Sent("GET", "/nothing/")).status == 404


@pytest.mark.parametrize("path", ["/api/jobs/{job}/events", "/live/stream?view=page&jobs={job}"])
def test_head_on_a_stream_is_headers_alone(app: InProcess, ana: Header, path: str) -> None:
    who = app.session("ana@borders.example.com") if path.startswith("/live") else ana
    job_id = new_job(app, ana)
    answers = [app.ask(Sent("HEAD", path.format(job=job_id)), who, stays=True) for _ in range(8)]

    assert {(answer.status, answer.body) for answer in answers} == {(200, b"")}
    assert answers[0].headers["content-type"].startswith("text/event-stream")


def test_a_file_does_not_stay_when_its_row_is_refused(app: InProcess, ana: Header, dsn_of_app: str) -> None:
    before = stored(app)
    run_on_database(
        dsn_of_app, "alter table public.script_job_uploads add constraint for_a_test check (name <> 'refused.csv')"
    )
    answer = upload(app, ana, b"refused.csv")

    assert answer.status >= 500
    assert stored(app) == before
    assert upload(app, ana, b"other.csv").status == 201


def test_a_key_makes_one_file_of_an_upload_that_is_sent_twice(app: InProcess, ana: Header) -> None:
    key = ("idempotency-key", b"one-upload")
    before = stored(app)
    first, again = upload(app, ana, b"menu.csv", MENU, key), upload(app, ana, b"menu.csv", MENU, key)
    other = upload(app, ana, b"menu.csv", MENU + b"Lunch,Mains,Naan,3\n", key)

    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert json.loads(again.body) == json.loads(first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert json.loads(other.body)["error"]["code"] == "IDEMPOTENCY_MISMATCH"
    assert stored(app) == before + 1


def test_a_full_or_missing_storage_is_told_and_not_kept_under_a_key(
    scratch: Path, new_database: Callable[[], str]
) -> None:
    folder = scratch / "var-storage" / "files"
    with opened(new_database(), folder.parent) as app:
        who, key = app.bearer("ana@storage.example.com"), ("idempotency-key", b"full")
        folder.rmdir()
        folder.touch()  # nothing can be put below a file, not even by root
        refused = upload(app, who, b"menu.csv", MENU, key)
        folder.unlink()
        folder.mkdir()

        assert (refused.status, json.loads(refused.body)["error"]["code"]) == (503, "STORAGE_UNAVAILABLE")
        assert int(refused.headers["retry-after"]) > 0
        assert upload(app, who, b"menu.csv", MENU, key).status == 201


def test_everything_has_a_limit(scratch: Path, new_database: Callable[[], str]) -> None:
    with opened(new_database(), scratch / "var-limits", rate_limits="other=3,live=2") as app:
        who = app.bearer("ana@limits.example.com")
        acts = [app.ask(Sent("DELETE", "/api/jobs/JOB_1"), who), app.ask(Sent("POST", "/api/jobs/JOB_1/keep"), who)]
        acts += [app.ask(Sent("POST", f"/api/jobs/JOB_1/{act}"), who) for act in ("run-now", "stop", "cancel-rest")]
        details = app.ask(Sent("GET", "/api/jobs/JOB_1"), who)
        cookie = app.session("bob@limits.example.com")
        pages = [app.ask(Sent("GET", "/jobs"), cookie) for _ in range(4)]
        live = [app.ask(Sent("GET", "/live/fragments?jobs=JOB_1"), cookie) for _ in range(3)]
        nobody = [app.ask(Sent("GET", "/api/jobs")) for _ in range(4)]

    assert [answer.status for answer in acts] == [404, 404, 404, 429, 429]
    assert [answer.status for answer in pages] == [200, 200, 200, 429]
    assert [answer.status for answer in live] == [404, 404, 429]
    assert [answer.status for answer in nobody] == [401, 401, 401, 429]
    assert details.status == 404  # counted for itself
    for refused in (acts[-1], pages[-1], nobody[-1]):
        assert 0 < int(refused.headers["retry-after"]) <= 60


@pytest.mark.parametrize("setting", ["other=0", "other=-1", "other=1_0", "others=5", "other", "create=5,other=x"])
def test_a_limit_that_does_not_fit_is_named_at_the_start(setting: str) -> None:
    from scriptjobs.errors import SetupError
    from webapp.limits import Limits

    with pytest.raises(SetupError, match="RATE_LIMITS does not fit"):
        Limits(setting)


def test_a_list_beyond_ten_thousand_goes_on_and_its_pager_keeps_the_filter(app: InProcess) -> None:
    eve = app.bearer("eve@borders.example.com", "Many")
    cookie = app.session("eve@borders.example.com")
    [organisation] = on_database(app, "select id from public.organisations where name = 'Many'")
    on_database(
        app,
        "insert into public.script_jobs (job_type, organisation_id, input_payload, status) "
        "select 'add-item-tags', :id, '{}', 'cancelled' from generate_series(1, 10050)",
        id=organisation["id"],
    )
    near = json.loads(app.ask(Sent("GET", "/api/jobs?offset=10010&limit=20"), eve).body)["pagination"]
    last = json.loads(app.ask(Sent("GET", "/api/jobs?offset=10040&limit=20"), eve).body)["pagination"]
    beyond = json.loads(app.ask(Sent("GET", "/api/jobs?offset=20000&limit=20"), eve).body)["pagination"]
    headers = (("x-organisation-id", str(organisation["id"]).encode()),)
    query = "status=cancelled&status=failed&jobType=add-item-tags&orderDir=asc"
    page = app.ask(Sent("GET", f"/jobs?{query}&offset=10010", headers), cookie).body.decode()

    assert near["hasMore"] is True
    assert near["total"] >= 10_031
    assert near["totalIsEstimate"] is True
    assert last["hasMore"] is False
    assert beyond["hasMore"] is False
    [older] = re.findall(r'rel="next" href="/jobs\?([^"]+)"', page)
    kept = {"status": ["cancelled,failed"], "jobType": ["add-item-tags"], "orderDir": ["asc"], "offset": ["10030"]}
    assert parse_qs(html.unescape(older)).items() >= kept.items()
    assert "&amp;offset=9990" in re.findall(r'rel="prev" href="([^"]+)"', page)[0]


def test_files_of_a_job_are_listed_and_served_to_a_program(app: InProcess, ana: Header) -> None:
    job_id = new_job(app, ana)
    files = Files.load(None, app.settings.var_dir)
    id_ = json.loads(app.ask(Sent("GET", f"/api/jobs/{job_id}"), ana).body)["job"]["id"]
    for name, kind in (("001.jpg", "image/jpeg"), ('pa"ge – 1.html', "text/html"), ("logo.svg", "image/svg+xml")):
        app.run(files.put(f"{id_}/1/{name}", b"content of " + name.encode()))
        on_database(
            app,
            "insert into public.script_job_files (job_id, attempt, step, name, media_type, size, storage_key) "
            "values (:id, 1, 1, :name, :kind, 20, :key)",
            id=id_, name=name, kind=kind, key=f"{id_}/1/{name}",
        )  # fmt: skip
    listed = json.loads(app.ask(Sent("GET", f"/api/jobs/{job_id}/files"), ana).body)["files"]
    served = {file["name"]: app.ask(Sent("GET", file["links"]["content"]), ana) for file in listed}
    theirs = app.bearer("zoe@borders.example.com", "Two")

    assert [set(file) for file in listed] == [{"id", "attempt", "step", "name", "mediaType", "size", "links"}] * 3
    assert served["001.jpg"].body == b"content of 001.jpg"
    assert served["001.jpg"].headers["content-type"] == "image/jpeg"
    assert "content-disposition" not in served["001.jpg"].headers
    for name in ('pa"ge – 1.html', "logo.svg"):
        assert served[name].headers["content-disposition"].startswith("attachment")
    for answer in served.values():
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert app.ask(Sent("GET", f"/api/jobs/{job_id}/files"), theirs).status == 404
    assert app.ask(Sent("GET", listed[0]["links"]["content"]), theirs).status == 404
    unknown = app.ask(Sent("GET", f"/api/jobs/{job_id}/files/nonsense"), ana)
    assert (unknown.status, json.loads(unknown.body)["error"]["code"]) == (404, "FILE_NOT_FOUND")
