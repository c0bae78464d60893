"""Commands about people: who may come in, with which tokens, and where they are signed in."""

import json
import re

import httpx2
import pytest

from tests.cli.conftest import Command, refused
from tests.processes import Site

PASSWORD = "a-long-password"


def status(site: Site, token: str) -> int:
    return httpx2.get(f"{site.address}/api/jobs", headers={"Authorization": f"Bearer {token}"}).status_code


def signed_in(site: Site, email: str) -> int:
    form = {"email": email, "password": PASSWORD}
    return httpx2.post(f"{site.address}/sign-in", data=form, timeout=30).status_code


def test_a_person_from_the_first_day_to_the_last(command: Command, site: Site) -> None:
    added = command("user", "add", " joe@cli.example.com ", "--organisation", "Joe's [/] Diner", "--role", "admin")
    link = re.findall(r"/sign-in/(\S+)", added.stdout)[0]
    entered = httpx2.post(f"{site.address}/sign-in/{link}").status_code
    assert command("user", "password", "joe@cli.example.com", stdin=f"{PASSWORD}\n").exit_code == 0
    with_password = signed_in(site, "Joe@CLI.example.com")
    token = command("token", "create", "joe@cli.example.com", "--hours", "2", "--name", "nightly").stdout.strip()
    (listed,) = json.loads(command("token", "list", "joe@cli.example.com", "--json").stdout)
    (session,) = json.loads(command("session", "list", "joe@cli.example.com", "--json").stdout)
    before = status(site, token)
    members = command("user", "list").stdout.splitlines()
    removed = command("user", "remove", "joe@cli.example.com")

    assert (entered, with_password, before) == (303, 303, 200)
    assert (listed["name"], listed["email"]) == ("nightly", "joe@cli.example.com")
    assert session["userAgent"].startswith("python-httpx")
    assert members[0].split("\t") == ["email", "organisation", "role", "user"]
    (row,) = [line.split("\t") for line in members if line.startswith("joe@")]
    assert row[1:3] == ["Joe's [/] Diner", "admin"]
    assert removed.stdout == "Removed: joe@cli.example.com can no longer sign in.\n"
    assert status(site, token) == 401
    assert signed_in(site, "joe@cli.example.com") == 401
    assert command("session", "list", "joe@cli.example.com", "--json").stdout == "[]\n"
    assert "joe@" not in command("user", "list").stdout


def test_out_of_one_organisation_of_two(command: Command, site: Site) -> None:
    for name in ("North", "South"):
        site.as_user("two@cli.example.com", name)
    done = command("user", "remove", "two@cli.example.com", "--organisation", "North")

    assert done.stdout == "Removed. two@cli.example.com is still in 1 more.\n"
    assert signed_in(site, "two@cli.example.com") == 303
    again = refused(command("user", "remove", "two@cli.example.com", "--organisation", "North"))
    assert again == "two@cli.example.com is not in “North”. See: script-jobs user list."


def test_a_token_is_revoked_and_another_one_goes_on(command: Command, site: Site) -> None:
    site.as_user("ann@cli.example.com")
    # The short form, as it was typed before there was more to say about tokens.
    first = command("token", "ann@cli.example.com").stdout.strip()
    second = command("token", "create", "ann@cli.example.com").stdout.strip()
    newest = json.loads(command("token", "list", "ann@cli.example.com", "--json").stdout)[0]["id"]
    before = status(site, first), status(site, second)
    revoked = command("token", "revoke", newest)

    assert before == (200, 200)
    assert revoked.stdout == f"Revoked: {newest}.\n"
    assert (status(site, first), status(site, second)) == (200, 401)
    assert refused(command("token", "revoke", newest)).startswith(f"There is no token {newest}.")


@pytest.mark.parametrize("by", ["id", "email"])
def test_sessions_are_ended_from_elsewhere(command: Command, site: Site, by: str) -> None:
    api = site.as_user(f"{by}@cli.example.com")
    with httpx2.Client(base_url=site.address) as browser:
        browser.post(f"/sign-in/{api.link}")
        before = browser.get("/jobs").status_code
        (session,) = json.loads(command("session", "list", f"{by}@cli.example.com", "--json").stdout)
        done = command("session", "end", session["id"] if by == "id" else f"{by}@cli.example.com")

        assert before == 200
        assert done.stdout == "Ended: 1.\n"
        assert browser.get("/jobs").status_code == 303


@pytest.mark.parametrize(
    "email",
    [
        "not-an-email", "@example.com", "joe@", "joe@@example.com", "joe @example.com", "joe@exa mple.com", "joe@-a.com",
        "joe@a..com", "joe@example.com.", ".joe@example.com", "a..b@example.com", "joe\u200b@example.com",
        "Joe <joe@example.com>", "joe@example.com,ann@example.com", "joe@example.com\nbcc: x", "", "x" * 65 + "@a.com",
        "joe@" + "a" * 64 + ".com", "joe@" + "a." * 130 + "com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_a_sentence(command: Command, email: str) -> None:
    assert "is not an e-mail address: " in refused(command("user", "add", "--organisation", "One", "--", email))


@pytest.mark.parametrize("email", ["admin@localhost", "o'hara+tag@sub.example.co.nz", "jörg@münchen.example", "a@one"])
def test_addresses_that_people_have_are_taken(command: Command, email: str) -> None:
    assert command("user", "add", email, "--organisation", "One").exit_code == 0
    assert command("user", "add", email, "--organisation", "One").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "add", "a@b.example", "--organisation", "One", "--role", "boss"), "“boss” is not a role."),
        (("user", "add", "a@b.example", "--organisation", " "), "An organisation needs a name."),
        (("user", "remove", "nobody@cli.example.com"), "Nobody has the address nobody@cli.example.com."),
        (("user", "password", "nobody@cli.example.com"), "Nobody has the address nobody@cli.example.com."),
        (("token", "create", "nobody@cli.example.com"), "Nobody has the address nobody@cli.example.com."),
        (("token", "list", "nobody@cli.example.com"), "Nobody has the address nobody@cli.example.com."),
        (("token", "revoke", "x"), "There is no token x."),
        (("token", "revoke", "\ud83c"), "There is no token"),
        (("session", "end", "x"), "There is no session x."),
        (("session", "end", "nobody@cli.example.com"), "Nobody has the address nobody@cli.example.com."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(command: Command, arguments: tuple[str, ...], said: str) -> None:
    assert refused(command(*arguments, stdin=f"{PASSWORD}\n")).startswith(said)


def test_a_short_password_is_refused_and_the_old_one_stays(command: Command, site: Site) -> None:
    site.as_user("short@cli.example.com")

    assert "must have 10 to 1,024 characters" in refused(
        command("user", "password", "short@cli.example.com", stdin="short\n")
    )
    assert "must have 10 to 1,024 characters" in refused(command("user", "password", "short@cli.example.com", stdin=""))
    assert signed_in(site, "short@cli.example.com") == 303


def test_the_link_names_the_port_of_the_settings(command: Command) -> None:
    def link(**changes: str) -> str:
        done = command("user", "add", "port@cli.example.com", "--organisation", "One", **changes)
        return re.findall(r"sign in +(\S+)/sign-in/", done.stdout)[0]

    assert link(PORT="8385") == "http://127.0.0.1:8385"
    assert link(HOST="0.0.0.0", PORT="8385") == "http://127.0.0.1:8385"
    assert link(HOST="::1", PORT="8385") == "http://[::1]:8385"
    assert link(PUBLIC_URL="https://jobs.example.com/") == "https://jobs.example.com"


def test_a_link_for_somebody_who_is_there_keeps_their_role(command: Command) -> None:
    for role in ("viewer", "admin"):
        command("user", "add", f"{role}@keep.example.com", "--organisation", "Keep", "--role", role)
        command("user", "add", f"{role}@keep.example.com", "--organisation", "Keep")
    command("user", "add", "new@keep.example.com", "--organisation", "Keep")
    found = json.loads(command("user", "list", "--json").stdout)

    assert {one["email"]: one["role"] for one in found if one["organisationName"] == "Keep"} == {
        "viewer@keep.example.com": "viewer", "admin@keep.example.com": "admin", "new@keep.example.com": "staff",
    }  # fmt: skip


def test_nobody_without_an_organisation_gets_a_password_or_a_token(command: Command) -> None:
    command("user", "add", "gone@keep.example.com", "--organisation", "Gone")
    command("user", "remove", "gone@keep.example.com")

    for words in (("user", "password", "gone@keep.example.com"), ("token", "create", "gone@keep.example.com")):
        assert "is not in any organisation" in refused(command(*words, stdin="a-long-password\n"))


@pytest.mark.parametrize("password", ["short", "x" * 1_025, "a-long-pass\0word", b"caf\xe9-caf\xe9-caf\xe9"])
def test_a_password_that_could_never_be_typed_is_refused(command: Command, password: str | bytes) -> None:
    command("user", "add", "odd@keep.example.com", "--organisation", "Odd")
    stdin = password + "\n" if isinstance(password, str) else password + b"\n"

    assert "A password must" in refused(command("user", "password", "odd@keep.example.com", stdin=stdin))
