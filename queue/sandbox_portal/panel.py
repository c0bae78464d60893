"""The sandbox's own pages under /_sandbox: all that has been configured, and the switches of the faults."""

import json
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox_portal.faults import FAULTS
from sandbox_portal.state import LISTS, Portal

_STYLE = '<link rel="stylesheet" href="/assets/panel.css">'


def _portal(request: Request) -> Portal:
    return request.app.state.portal


async def _show(request: Request) -> Response:
    """What has been configured, and the faults, for a person."""
    portal = _portal(request)
    switches = "".join(
        f'<li><label><input type="checkbox" name="fault" value="{name}"{" checked" * (name in portal.faults)}> '
        f"<b>{name}</b>: {escape(words)}</label>"
        for name, words in FAULTS.items()
    )
    accounts = "".join(_account(email, account) for email, account in portal.accounts.items())
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox portal</title>{_STYLE}'
        f"<main><h1>What has been configured</h1>{accounts}<h2>Faults</h2>"
        '<form method="post" action="/_sandbox/faults">'
        f'<ul class="faults">{switches}</ul><button>Switch</button></form></main>'
    )


def _account(email: str, account: dict[str, Any]) -> str:
    keys = "".join(
        f"<li>API key “{escape(key['name'])}” for {len(key['access'])} restaurants" for key in account["keys"]
    )
    places = "".join(_place(place) for place in account["restaurants"])
    return f"<section><h2>{escape(email)}</h2><ul>{keys}</ul>{places}</section>"


def _place(place: dict[str, Any]) -> str:
    lists = {name: place[name] for name in LISTS if place[name]}
    parts: dict[str, Any] = {**place["registered"], **lists, **place["integrations"], **place["settings"]}
    rows = "".join(
        f"<tr><th>{escape(name)}<td><pre>{escape(json.dumps(part, indent=1, ensure_ascii=False))}</pre>"
        for name, part in parts.items()
    )
    state = f"{len(parts)} parts" if parts else "nothing yet"
    title = f"{escape(place['name'])} <small>{place['id']}: {state}</small>"
    return f"<details><summary>{title}</summary><table>{rows}</table></details>"


async def _state(request: Request) -> Response:
    portal = _portal(request)
    uploads = {key: {"name": name, "size": len(content)} for key, (name, content) in portal.uploads.items()}
    return JSONResponse(
        {
            "accounts": portal.accounts,
            "faults": sorted(portal.faults),
            "writes": portal.writes,
            "uploads": uploads,
            "sessions": len(portal.sessions),
        }
    )


async def _set_faults(request: Request) -> Response:
    """Switch exactly these faults on: a JSON list, or the posted form of the page."""
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    wanted = {str(name) for name in (await request.form()).getlist("fault")} if is_form else set(await request.json())
    if unknown := wanted - set(FAULTS):
        return JSONResponse({"error": f"unknown: {sorted(unknown)}", "known": FAULTS}, 400)
    _portal(request).misbehave(wanted)
    return RedirectResponse("/_sandbox", 303) if is_form else JSONResponse(sorted(wanted))


async def _reset(request: Request) -> Response:
    body = await request.body()
    _portal(request).reset(json.loads(body) if body else None)
    return JSONResponse({"ok": True})


ROUTES = [
    Route("/_sandbox", _show),
    Route("/_sandbox/state", _state),
    Route("/_sandbox/faults", _set_faults, methods=["POST"]),
    Route("/_sandbox/reset", _reset, methods=["POST"]),
]
