"""Sessions and tokens: whatever ends them ends them at once, and a request asks for them once."""

from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from scriptjobs.access import Access
from scriptjobs.cli.tokens import issue_token
from scriptjobs.database import Database
from scriptjobs.people import People
from scriptjobs.worker.pruner import forget_the_past
from tests.api.in_process import opened
from tests.api.odd_values import Sent
from tests.processes import JWT_SECRET, Site, run_on_database, wait_for

T = TypeVar("T")
EVE = "eve@sessions.example.com"
PASSWORD = "a-long-password"
_clients: list[httpx2.Client] = []


@pytest.fixture(autouse=True)
def no_client_left() -> Generator[None]:
    yield
    while _clients:
        _clients.pop().close()


def on(site: Site, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        database = Database(site.dsn, pool_size=1)
        try:
            return await work(database)
        finally:
            await database.close()

    return wait_for(run())


def signed_in(site: Site, link: str = "", **headers: str) -> httpx2.Client:
    client = httpx2.Client(base_url=site.address, timeout=30, trust_env=False, headers=headers)
    _clients.append(client)
    if link:
        answer = client.post(f"/sign-in/{link}")
    else:
        answer = client.post("/sign-in", data={"email": EVE, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return client


def is_in(client: httpx2.Client) -> bool:
    page, api = client.get("/jobs").status_code, client.get("/api/jobs").status_code
    assert (page, api) in {(200, 200), (303, 401)}
    return page == 200


def form_token(client: httpx2.Client) -> str:
    return client.get("/jobs").text.split('name="form_token" value="')[1].split('"')[0]


def test_a_copied_cookie_is_worth_nothing_after_the_sign_out(site: Site) -> None:
    eve = signed_in(site, site.as_user(EVE).link)
    with httpx2.Client(base_url=site.address, cookies=dict(eve.cookies), trust_env=False) as copy:
        before = is_in(copy)
        out = eve.post("/sign-out", data={"form_token": form_token(eve)})

        assert before
        assert out.headers["location"] == "/sign-in"
        assert not is_in(copy)


def test_a_new_sign_in_ends_the_old_session_of_the_browser(site: Site) -> None:
    eve = signed_in(site, site.as_user(EVE).link)
    with httpx2.Client(base_url=site.address, cookies=dict(eve.cookies), trust_env=False) as copy:
        eve.post("/sign-in", data={"email": EVE, "password": PASSWORD})

        assert is_in(eve)
        assert not is_in(copy)


def test_a_form_of_another_session_of_the_same_person_is_refused(site: Site) -> None:
    site.as_user(EVE)
    one, other = signed_in(site), signed_in(site)

    assert one.post("/sign-out", data={"form_token": form_token(other)}).status_code == 403
    assert one.post("/sign-out", data={"form_token": "\ud83c".encode("utf-8", "surrogatepass")}).status_code == 403
    assert is_in(one)


@pytest.mark.parametrize("way", ["ended", "password", "removed", "all ended"])
def test_what_ends_a_session_ends_it_at_once(site: Site, way: str) -> None:
    email = f"{way.replace(' ', '-')}@sessions.example.com"
    api = site.as_user(email, "Sessions")
    eve = signed_in(site, api.link, **{"User-Agent": f"browser of {way}"})
    before = is_in(eve)

    async def end(database: Database) -> None:
        access, people = Access(database), People(database)
        if way == "ended":
            own = [one for one in await access.list_sessions(api.user_id) if one.user_agent.startswith("browser of")]
            assert [(one.user_agent[:16], one.address) for one in own] == [("browser of ended", "127.0.0.1")]
            await access.end_session(own[0].id)
        elif way == "password":
            await people.set_password(email, "another-long-password")
        elif way == "removed":
            await people.remove(email)
        else:
            assert await access.end_sessions(api.user_id) >= 1

    on(site, end)

    assert before
    assert not is_in(eve)


def test_whoever_is_removed_from_everywhere_gets_in_no_way(site: Site) -> None:
    email = "left@sessions.example.com"
    api = site.as_user(email, "Left")
    token = on(site, lambda database: issue_token(Access(database), site.settings, api.user_id, name="", valid_s=60))
    left = on(site, lambda database: People(database).remove(email))
    bearer = {"Authorization": f"Bearer {token}"}

    assert left == 0
    assert httpx2.post(f"{site.address}/sign-in", data={"email": email, "password": PASSWORD}).status_code == 401
    assert httpx2.post(f"{site.address}/sign-in/{api.link}").status_code == 401
    assert httpx2.get(f"{site.address}/api/jobs", headers=bearer).status_code == 401
    assert api.get("/api/jobs").status_code == 403  # somebody else's token, which only its maker can revoke


def test_whoever_leaves_one_of_two_organisations_stays_signed_in_for_the_other(site: Site) -> None:
    email = "half@sessions.example.com"
    site.as_user(email, "Staying")
    eve = signed_in(site, site.as_user(email, "Leaving").link)
    left = on(site, lambda database: People(database).remove(email, "Leaving"))

    assert left == 1
    assert is_in(eve)
    assert "Staying" in eve.get("/jobs").text


def test_a_token_of_ours_is_revoked_at_once_and_others_are_left_alone(site: Site) -> None:
    api = site.as_user(EVE, "Tokens")

    def status(token: str) -> int:
        return httpx2.get(f"{site.address}/api/jobs", headers={"Authorization": f"Bearer {token}"}).status_code

    async def issue(database: Database) -> list[str]:
        access = Access(database)
        return [await issue_token(access, site.settings, api.user_id, name=name, valid_s=60) for name in ("a", "b")]

    async def revoke(database: Database) -> None:
        access = Access(database)
        (gone,) = [token.id for token in await access.list_tokens(api.user_id) if token.name == "a"]
        await access.revoke_token(gone)

    first, second = on(site, issue)
    claims = jwt.decode(second, OctKey.import_key(JWT_SECRET)).claims

    def forged(**changes: Any) -> str:
        return jwt.encode({"alg": "HS256"}, {**claims, **changes}, OctKey.import_key(JWT_SECRET))

    before = status(first), status(second)
    on(site, revoke)

    assert before == (200, 200)
    assert (status(first), status(second)) == (401, 200)
    assert api.get("/api/jobs").status_code == 200
    # A token says that it is ours, and names no token that we made, or one of somebody else.
    assert {status(forged(jti=odd)) for odd in ("none", "", None, 5, ["a"], "\u0000")} == {401}
    other = site.as_user("bob@sessions.example.com", "Tokens")
    assert status(forged(sub=str(other.user_id))) == 401
    assert status(forged(iss="https://project.supabase.co/auth/v1", jti="theirs")) == 200


def test_the_database_holds_nothing_that_lets_anybody_in(site: Site) -> None:
    eve = signed_in(site, site.as_user(EVE).link)
    (secret,) = [value for name, value in eve.cookies.items() if name.endswith("_session")]

    stored = run_on_database(site.dsn, "select string_agg(s::text, ' ') from public.script_job_sessions s")

    assert secret not in stored
    assert "127.0.0.1" in stored


def test_what_is_over_lets_nobody_in_and_is_forgotten(site: Site) -> None:
    api = site.as_user(EVE, "Over")
    eve = signed_in(site, api.link)
    past = "update public.script_job_sessions set expires_at = now() - interval '1 s' where user_id = $1 returning 1"
    run_on_database(site.dsn, past, api.user_id)
    is_still_in = is_in(eve)
    on(site, lambda database: forget_the_past(database))
    count = "select count(*) from public.script_job_sessions where user_id = $1"

    assert not is_still_in
    assert run_on_database(site.dsn, count, api.user_id) == 0


def test_a_session_is_seen_once_a_minute_at_most(site: Site) -> None:
    api = site.as_user(EVE, "Seen")
    eve = signed_in(site, api.link)
    when = "select max(last_seen_at)::text from public.script_job_sessions where user_id = $1"

    def seen() -> str:
        assert is_in(eve)
        return run_on_database(site.dsn, when, api.user_id)

    first, second = seen(), seen()
    ago = "update public.script_job_sessions set last_seen_at = now() - interval '61 s' where user_id = $1 returning 1"
    run_on_database(site.dsn, ago, api.user_id)

    assert first == second
    assert seen() > second


def test_a_request_asks_who_it_is_once(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("enter_by_session", "enter_by_token"):
        real = getattr(Access, name)

        async def counted(self: Access, *values: Any, real: Any = real, name: str = name) -> Any:
            asked.append(name)
            return await real(self, *values)

        monkeypatch.setattr(Access, name, counted)
    with opened(dsn, tmp_path) as app:
        cookie, bearer = app.session(EVE), app.bearer(EVE)
        answers = [app.ask(Sent("GET", "/jobs", (cookie,))), app.ask(Sent("GET", "/api/jobs", (bearer,)))]

    assert [answer.status for answer in answers] == [200, 200]
    assert asked == ["enter_by_session", "enter_by_token"]


def test_over_https_the_cookies_are_bound_to_this_host(own_site: Callable[..., Site]) -> None:
    site = own_site(WORKERS="0", PUBLIC_URL="https://jobs.example.com")
    answer = httpx2.post(f"{site.address}/sign-in/{site.as_user(EVE).link}")
    cookies = answer.headers.get_list("set-cookie")

    assert [cookie.split("=")[0] for cookie in cookies] == ["__Host-script_jobs_session", "__Host-script_jobs_browser"]
    for cookie in cookies:
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= {part.strip() for part in cookie.split(";")}
        assert "domain" not in cookie.lower()


def test_secrets_of_any_form_are_no_session(site: Site) -> None:
    for odd in (b"\xff\xfe", b"a" * 4_000, b"''--", b"\\u0000", b"=;=", "😀".encode()):
        headers = {"Cookie": b"script_jobs_session=" + odd}
        assert httpx2.get(f"{site.address}/api/jobs", headers=headers).status_code == 401  # type: ignore[arg-type]


def test_a_role_that_nobody_knows_may_only_look(site: Site) -> None:
    api = site.as_user("owner@sessions.example.com", "Roles")
    rename = "update public.user_organisations set role = 'owner' where user_id = $1 returning 1"
    before = api.post("/api/jobs", json={"jobType": "create-api-key", "payload": {}}).status_code
    run_on_database(site.dsn, rename, api.user_id)

    assert before == 202
    assert api.post("/api/jobs", json={"jobType": "create-api-key", "payload": {}}).status_code == 403
    assert api.get("/api/jobs").status_code == 200
