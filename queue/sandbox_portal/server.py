"""The sandbox portal's server: one page that draws itself by script, the data behind it, and its controls."""

import asyncio
import html
import json
import os
import signal
from pathlib import Path
from typing import Any

import psutil
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox_portal.state import FAULTS, Portal

_HERE = Path(__file__).parent
_SESSION = "portal_session"
# Seconds at delay 1: portal/PORTAL.md says 1 to 10 s for a save.
_SAVE_S = 2.0
_HANG_S = 300.0


def create_app(delay: float | None = None) -> Starlette:
    """The portal's app. `delay` scales its waits (1 realistic, 0 none); by default the variable SANDBOX_DELAY says."""
    scale = float(os.environ.get("SANDBOX_DELAY", "1")) if delay is None else delay
    app = Starlette(
        routes=[
            Route("/_sandbox", _show),
            Route("/_sandbox/state", _state),
            Route("/_sandbox/faults", _set_faults, methods=["POST"]),
            Route("/_sandbox/reset", _reset, methods=["POST"]),
            Route("/api/config", _config),
            Route("/api/login", _login, methods=["POST"]),
            Route("/api/restaurants", _restaurants),
            Route("/api/restaurants/{id}", _restaurant),
            Route("/api/restaurants/{id}/tags", _add_tag, methods=["POST"]),
            Mount("/assets", StaticFiles(directory=_HERE / "assets")),
            Route("/{path:path}", _page),
        ]
    )
    app.state.portal = Portal(delay=scale)
    return app


def _portal(request: Request) -> Portal:
    return request.app.state.portal


async def _page(request: Request) -> Response:
    """Every address of the portal is the same empty page; its script draws what the address says."""
    if "http_500" in _portal(request).faults:
        return HTMLResponse("<h1>500 Internal Server Error</h1>", status_code=500)
    return HTMLResponse((_HERE / "assets/index.html").read_text(encoding="utf-8"))


async def _config(request: Request) -> Response:
    portal = _portal(request)
    # A client that looks automated gets a page on which the form never renders.
    looks_automated = "Headless" in request.headers.get("user-agent", "")
    return JSONResponse(
        {
            "delay": portal.delay * (10 if "slow" in portal.faults else 1),
            "loginForm": not looks_automated and "no_login_form" not in portal.faults,
            "listIds": "no_list_ids" not in portal.faults,
        }
    )


async def _login(request: Request) -> Response:
    body = await request.json()
    session = _portal(request).sign_in(body.get("email", ""), body.get("password", ""))
    if session is None:
        return JSONResponse({"error": "The email or password you entered is incorrect"}, 401)
    response = JSONResponse({"ok": True})
    response.set_cookie(_SESSION, session, httponly=True, samesite="lax")
    return response


async def _restaurants(request: Request) -> Response:
    found = _portal(request).restaurants(request.cookies.get(_SESSION))
    if found is None:
        return JSONResponse({"error": "signed out"}, 401)
    return JSONResponse([{"id": item["id"], "name": item["name"]} for item in found])


async def _restaurant(request: Request) -> Response:
    portal = _portal(request)
    found = portal.find(request.cookies.get(_SESSION), request.path_params["id"])
    if found is None:
        return JSONResponse({"error": "signed out"}, 401)
    if request.query_params.get("for") == "tags" and portal.take_fault("page_crash"):
        await asyncio.to_thread(_crash_renderers, request)
    return JSONResponse(found)


async def _add_tag(request: Request) -> Response:
    portal = _portal(request)
    found = portal.find(request.cookies.get(_SESSION), request.path_params["id"])
    if found is None:
        return JSONResponse({"error": "signed out"}, 401)
    tag: dict[str, Any] = await request.json()
    await asyncio.sleep(_SAVE_S * portal.delay)
    if "save_hangs" in portal.faults:
        await asyncio.sleep(_HANG_S)
    if portal.take_fault("save_fails_once") or "save_fails" in portal.faults:
        return JSONResponse({"error": "Something went wrong, please try again"}, 500)
    found["tags"].append({"name": tag["name"], "text": tag["text"], "color": tag["color"], "items": tag["items"]})
    portal.writes += 1
    return JSONResponse({"ok": True})


async def _show(request: Request) -> Response:
    """What has been configured, and the faults, for a person."""
    portal = _portal(request)
    rows = "".join(
        f"<tr><td>{html.escape(place['name'])}<td>{html.escape(tag['name'])}<td>{html.escape(tag['color'])}"
        f"<td>{html.escape(', '.join(tag['items']))}"
        for account in portal.accounts.values()
        for place in account["restaurants"]
        for tag in place["tags"]
    )
    faults = "".join(f"<li>{'<b>on</b> ' * (name in portal.faults)}{name}: {words}" for name, words in FAULTS.items())
    return HTMLResponse(
        "<!doctype html><title>Sandbox portal</title><h1>What has been configured</h1>"
        f"<table border=1><tr><th>Restaurant<th>Tag<th>Colour<th>Items{rows}</table>"
        f"<h2>Faults</h2><p>POST /_sandbox/faults with a JSON list of names.</p><ul>{faults}</ul>"
    )


async def _state(request: Request) -> Response:
    portal = _portal(request)
    return JSONResponse({"accounts": portal.accounts, "faults": sorted(portal.faults), "writes": portal.writes})


async def _set_faults(request: Request) -> Response:
    wanted = set(await request.json())
    if unknown := wanted - set(FAULTS):
        return JSONResponse({"error": f"unknown: {sorted(unknown)}", "known": FAULTS}, 400)
    _portal(request).faults = wanted
    return JSONResponse(sorted(wanted))


async def _reset(request: Request) -> Response:
    body = await request.body()
    _portal(request).reset(json.loads(body) if body else None)
    return JSONResponse({"ok": True})


def _crash_renderers(request: Request) -> None:
    """Kill the page's own process in the browser that asks, as running out of memory does (on one machine only)."""
    port = request.client.port if request.client else 0
    for connection in psutil.net_connections("tcp"):
        if connection.laddr and connection.laddr.port == port and connection.pid not in {None, os.getpid()}:
            browser = psutil.Process(connection.pid)
            while (parent := browser.parent()) and parent.name() == browser.name():
                browser = parent
            for child in browser.children(recursive=True):
                if "--type=renderer" in child.cmdline():
                    child.send_signal(signal.SIGKILL)
