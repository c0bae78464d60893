"""Commands about people: who may come in, with which tokens, and in which browsers they are signed in."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import typer
from typer.core import TyperGroup

from scriptjobs.access import Access
from scriptjobs.cli.border import run
from scriptjobs.cli.output import AsJson, show, show_json, show_rows
from scriptjobs.cli.tokens import issue_token
from scriptjobs.errors import RequestRefused
from scriptjobs.installation import opened_database
from scriptjobs.people import People
from scriptjobs.roles import ROLES
from scriptjobs.settings import Settings


class Tokens(TyperGroup):
    """`script-jobs token EMAIL` is short for `script-jobs token create EMAIL`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments name."""
        return super().resolve_command(ctx, ["create", *args] if "@" in args[0] else args)


user = typer.Typer(no_args_is_help=True, help="People who may sign in.")
token = typer.Typer(no_args_is_help=True, help="Bearer tokens for the API.", cls=Tokens)
session = typer.Typer(no_args_is_help=True, help="Browsers that are signed in.")

ROLE_NAMES = ", ".join(ROLES)
OnlyOf = Annotated[str | None, typer.Argument(metavar="[EMAIL]", help="Of this person alone.")]


class Opened(NamedTuple):
    """What these commands work with."""

    settings: Settings
    people: People
    access: Access


@asynccontextmanager
async def _opened() -> AsyncGenerator[Opened]:
    settings = Settings.from_env()
    async with opened_database(settings) as database:
        yield Opened(settings, People(database), Access(database))


@user.command("add")
def add_user(
    email: str,
    organisation: Annotated[str, typer.Option(help="Name of the organisation; made when missing.")],
    role: Annotated[str | None, typer.Option(help=f"{ROLE_NAMES}; a new member is staff.")] = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a password as well.")] = False,
) -> None:
    """Make a person a member of an organisation, and print a one-time sign-in link."""
    secret = _ask_password() if password else None

    async def add() -> None:
        async with _opened() as opened:
            user_id, organisation_id = await opened.people.add(email, organisation, role)
            if secret is not None:
                await opened.people.set_password(email.strip(), secret)
            link = await opened.people.make_link(email.strip())
        show(f"user         {user_id}\norganisation {organisation_id}")
        show(f"sign in      {opened.settings.address}/sign-in/{link}")

    run(add())


@user.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List everybody with each of their organisations."""

    async def look() -> list[dict[str, Any]]:
        async with _opened() as opened:
            return [asdict(member) for member in await opened.people.list_members()]

    found = run(look())
    names = ("email", "organisation_name", "role", "user_id")
    if as_json:
        show_json([_camel(one) for one in found])
    else:
        show_rows(("email", "organisation", "role", "user"), [[one[name] for name in names] for one in found])


@user.command("remove")
def remove_user(
    email: str,
    organisation: Annotated[str | None, typer.Option(help="Out of this one alone; without it, out of all.")] = None,
) -> None:
    """Take a person out. Whoever is left without an organisation is signed out everywhere; their jobs stay."""

    async def remove() -> int:
        async with _opened() as opened:
            return await opened.people.remove(email.strip(), organisation)

    left = run(remove())
    show(f"Removed. {email} is still in {left} more." if left else f"Removed: {email} can no longer sign in.")


@user.command("password")
def set_password(email: str) -> None:
    """Set a person's password, asked for or read from standard input. It signs them out everywhere."""
    secret = _ask_password()

    async def change() -> None:
        async with _opened() as opened:
            await opened.people.set_password(email.strip(), secret)

    run(change())
    show(f"The password of {email} is changed; sessions and tokens have ended.")


@token.command("create")
def create_token(
    email: str,
    hours: Annotated[int, typer.Option(min=1, max=720, help="How long it is valid.")] = 1,
    name: Annotated[str, typer.Option(help="What it is for, to find it in the list.")] = "",
) -> None:
    """Print a new bearer token for the API."""

    async def make() -> str:
        async with _opened() as opened:
            user_id = await opened.people.find_member(email.strip())
            return await issue_token(opened.access, opened.settings, user_id, name=name, valid_s=hours * 3_600)

    sys.stdout.write(run(make()) + "\n")


@token.command("list")
def list_tokens(email: OnlyOf = None, as_json: AsJson = False) -> None:
    """List the tokens that are valid. Tokens that others made with the shared secret are not known."""

    async def look() -> list[dict[str, Any]]:
        async with _opened() as opened:
            found = await opened.access.list_tokens(await _user_of(opened, email))
            return await _with_emails(opened, [asdict(one) for one in found])

    _show_known(run(look()), ("id", "email", "name", "created_at", "expires_at"), as_json=as_json)


@token.command("revoke")
def revoke_token(token_id: str) -> None:
    """Make a token invalid at once."""

    async def revoke() -> None:
        async with _opened() as opened:
            await opened.access.revoke_token(token_id)

    run(revoke())
    show(f"Revoked: {token_id}.")


@session.command("list")
def list_sessions(email: OnlyOf = None, as_json: AsJson = False) -> None:
    """List the browsers that are signed in, last used first."""

    async def look() -> list[dict[str, Any]]:
        async with _opened() as opened:
            found = await opened.access.list_sessions(await _user_of(opened, email))
            return await _with_emails(opened, [asdict(one) for one in found])

    names = ("id", "email", "created_at", "last_seen_at", "expires_at", "address", "user_agent")
    _show_known(run(look()), names, as_json=as_json)


@session.command("end")
def end_session(
    which: Annotated[str, typer.Argument(metavar="ID|EMAIL", help="One session, or all of a person.")],
) -> None:
    """Sign a browser out at once, or all browsers of a person."""

    async def end() -> int:
        async with _opened() as opened:
            if "@" in which:
                return await opened.access.end_sessions(await opened.people.find_user(which.strip()))
            await opened.access.end_session(which)
            return 1

    show(f"Ended: {run(end())}.")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        try:
            return sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise RequestRefused("A password must be one line of UTF-8 text.") from error
    return typer.prompt("Password", hide_input=True, confirmation_prompt=True)


async def _user_of(opened: Opened, email: str | None) -> UUID | None:
    return await opened.people.find_user(email.strip()) if email else None


async def _with_emails(opened: Opened, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    emails = {member.user_id: member.email for member in await opened.people.list_members()}
    return [{**one, "email": emails.get(one["user_id"])} for one in found]


def _show_known(found: list[dict[str, Any]], names: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        show_json([_camel(one) for one in found])
        return
    titles = [name.removesuffix("_at").replace("_", " ") for name in names]
    show_rows(titles, [[one[name] for name in names] for one in found])


def _camel(values: dict[str, Any]) -> dict[str, Any]:
    """Names as the API writes them."""
    words = {name: name.split("_") for name in values}
    return {first + "".join(map(str.title, more)): values[name] for name, (first, *more) in words.items()}
