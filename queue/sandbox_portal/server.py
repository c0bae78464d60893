"""The sandbox portal's server: one page that draws itself by script, and the data behind it."""

import asyncio
import csv
import io
import os
import re
import secrets
import signal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psutil
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox_portal import panel
from sandbox_portal.faults import STRIPE_FAULTS
from sandbox_portal.state import LISTS, Portal, restaurant

_HERE = Path(__file__).parent
_SESSION = "portal_session"
# Seconds at delay 1; on the live portal a save takes 1 to 10.
_SAVE_S = 2.0
_SLOW_SAVE_S = 6.0
_HANG_S = 300.0
_SLOW_START_S = 0.3
# A name that leads to this machine, so that Stripe is another site here as it is out there.
_STRIPE = "connect.stripe.com.localhost"
_CLIENT = "client_id=ca_sandbox"
_TIME = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")


def create_app(delay: float | None = None) -> Starlette:
    """The portal's app. `delay` scales its waits (1 realistic, 0 none); by default the variable SANDBOX_DELAY says."""
    scale = float(os.environ.get("SANDBOX_DELAY", "1")) if delay is None else delay
    app = Starlette(
        routes=[
            *panel.ROUTES,
            Route("/api/config", _config),
            Route("/api/login", _login, methods=["POST"]),
            Route("/api/restaurants", _restaurants, methods=["GET"]),
            Route("/api/restaurants", _register, methods=["POST"]),
            Route("/api/restaurants/{id}", _restaurant),
            Route("/api/restaurants/{id}/settings", _save_settings, methods=["POST"]),
            Route("/api/restaurants/{id}/integrations", _save_integration, methods=["POST"]),
            Route("/api/restaurants/{id}/menu", _import_menu, methods=["POST"]),
            Route("/api/restaurants/{id}/{list}", _append, methods=["POST"]),
            Route("/api/keys", _keys, methods=["GET"]),
            Route("/api/keys", _add_key, methods=["POST"]),
            Route("/api/uploads", _upload, methods=["POST"]),
            Route("/uploads/{key}/{name}", _uploaded),
            Route("/store/{id}", _store),
            Mount("/assets", StaticFiles(directory=_HERE / "assets")),
            Route("/{path:path}", _page),
        ],
        exception_handlers={HTTPException: _refuse},
    )
    app.state.portal = Portal(delay=scale)
    return app


def _portal(request: Request) -> Portal:
    return request.app.state.portal


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


def _account(request: Request) -> dict[str, Any]:
    found = _portal(request).account_of(request.cookies.get(_SESSION))
    if found is None:
        raise HTTPException(401, "signed out")
    return found


def _place(request: Request) -> dict[str, Any]:
    found = _portal(request).find(request.cookies.get(_SESSION), request.path_params["id"])
    if found is None:
        raise HTTPException(401, "signed out")
    return found


async def _before_save(request: Request) -> None:
    """The waits and the faults of every save."""
    portal = _portal(request)
    await asyncio.sleep(_SAVE_S * portal.delay)
    if "slow_saves" in portal.faults:
        await asyncio.sleep(_SLOW_SAVE_S)
    if "save_hangs" in portal.faults:
        await asyncio.sleep(_HANG_S)
    if portal.take_fault("session_expires_once"):
        portal.sessions.clear()
        raise HTTPException(401, "signed out")
    if portal.take_fault("save_fails_once") or "save_fails" in portal.faults:
        raise HTTPException(500, "Something went wrong, please try again")
    portal.writes += 1


async def _saved(request: Request, answer: dict[str, Any]) -> Response:
    """The word that a save is done."""
    if _portal(request).take_fault("save_unheard_once"):
        await asyncio.sleep(_HANG_S)
    return JSONResponse(answer)


async def _page(request: Request) -> Response:
    """Every address of the portal is the same empty page; its script draws what the address says."""
    if request.url.hostname == _STRIPE:
        return HTMLResponse("<!doctype html><title>Stripe</title><h1>Connect your account</h1>")
    if "http_500" in _portal(request).faults:
        return HTMLResponse("<h1>500 Internal Server Error</h1>", status_code=500)
    return HTMLResponse((_HERE / "assets/index.html").read_text(encoding="utf-8"))


async def _config(request: Request) -> Response:
    portal = _portal(request)
    if "slow" in portal.faults:
        await asyncio.sleep(_SLOW_START_S)
    # A client that looks automated gets a page on which the form never renders.
    looks_automated = "Headless" in request.headers.get("user-agent", "")
    stripe = next((way for name, way in STRIPE_FAULTS.items() if name in portal.faults), "same_tab")
    return JSONResponse(
        {
            "delay": portal.delay * (10 if "slow" in portal.faults else 1),
            "loginForm": not looks_automated and "no_login_form" not in portal.faults,
            "listIds": "no_list_ids" not in portal.faults,
            "listsLate": "late_lists" in portal.faults,
            "overlaySticks": "overlay_sticks" in portal.faults,
            "missingTab": "no_services_tab" in portal.faults,
            "uberAbsent": "uber_absent" in portal.faults,
            "keyHidden": "key_hidden" in portal.faults,
            "noAddress": "no_address" in portal.faults,
            "stripe": stripe,
            "stripeUrl": str(request.url.replace(hostname=_STRIPE, path="/express/oauth/authorize", query=_CLIENT)),
            "store": "/store",
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
    return JSONResponse([{"id": item["id"], "name": item["name"]} for item in _account(request)["restaurants"]])


async def _restaurant(request: Request) -> Response:
    found = _place(request)
    if request.query_params.get("for") == "tags" and _portal(request).take_fault("page_crash"):
        await asyncio.to_thread(_crash_renderers, request)
    return JSONResponse(found)


async def _register(request: Request) -> Response:
    account, form = _account(request), await request.json()
    await _before_save(request)
    others = [item for found in _portal(request).accounts.values() for item in found["restaurants"]]
    is_taken = any(item["registered"].get("subdomain") == form["subdomain"] for item in others)
    if is_taken or "subdomain_taken" in _portal(request).faults:
        raise HTTPException(409, "This subdomain is already taken")
    if missing := [name for name in ("name", "subdomain", "address", "phone", "currency") if not form.get(name)]:
        raise HTTPException(422, f"Please fill in: {', '.join(missing)}")
    times = [str(slot.get(end, "")) for slot in form.get("hours", []) for end in ("open", "close")]
    if wrong := [time for time in times if not _TIME.fullmatch(time)]:
        raise HTTPException(422, f"Invalid time: {', '.join(wrong)}")
    made = restaurant(form.pop("name"), **form)
    account["restaurants"].append(made)
    return await _saved(request, {"id": made["id"]})


async def _save_settings(request: Request) -> Response:
    place, body = _place(request), await request.json()
    await _before_save(request)
    place["settings"].setdefault(body["tab"], {}).setdefault(body["section"], {}).update(body["values"])
    return await _saved(request, {"ok": True})


async def _save_integration(request: Request) -> Response:
    place, body = _place(request), await request.json()
    await _before_save(request)
    if not body["values"].get("agreed"):
        raise HTTPException(422, "You have to agree to the terms")
    place["integrations"][body["name"]] = body["values"]
    return await _saved(request, {"ok": True})


async def _append(request: Request) -> Response:
    place, entry = _place(request), await request.json()
    if request.path_params["list"] not in LISTS:
        raise HTTPException(404, "there is no such list")
    await _before_save(request)
    place[request.path_params["list"]].append(entry)
    return await _saved(request, entry)


async def _import_menu(request: Request) -> Response:
    """The import replaces the whole menu."""
    place, portal = _place(request), _portal(request)
    rows = list(csv.DictReader(io.StringIO((await request.body()).decode("utf-8"))))
    if "import_hangs" in portal.faults:
        await asyncio.sleep(_HANG_S)
    if "import_rejected" in portal.faults:
        raise HTTPException(422, "Import rejected: the limit of your plan was reached")
    await _before_save(request)
    menus: dict[str, dict[str, list[str]]] = {}
    for entry in rows:
        menus.setdefault(entry["menuName"], {}).setdefault(entry["categoryName"], []).append(entry["dishName"])
    place["menus"] = [
        {"name": name, "categories": [{"name": title, "items": items} for title, items in categories.items()]}
        for name, categories in menus.items()
    ]
    return await _saved(request, {"ok": True})


async def _keys(request: Request) -> Response:
    return JSONResponse(_account(request)["keys"])


async def _add_key(request: Request) -> Response:
    account, body = _account(request), await request.json()
    await _before_save(request)
    key = {"name": body["name"], "access": body["access"], "key": f"CW_{secrets.token_hex(16)}"}
    account["keys"].insert(0, key)
    return await _saved(request, {"ok": True})


async def _upload(request: Request) -> Response:
    _account(request)
    content = await request.body()
    portal = _portal(request)
    if portal.take_fault("upload_fails_once") or "upload_fails" in portal.faults:
        raise HTTPException(500, "upload failed")
    return JSONResponse({"url": portal.keep_upload(unquote(request.headers.get("x-file-name", "file")), content)})


async def _uploaded(request: Request) -> Response:
    found = _portal(request).uploads.get(request.path_params["key"])
    return Response(found[1]) if found else Response(status_code=404)


async def _store(request: Request) -> Response:
    """The restaurant's own shop, as the public sees it."""
    return HTMLResponse("<!doctype html><title>Shop</title><h1>Order online</h1>")


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
