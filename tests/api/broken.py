"""The app with addresses that break in every way, and little patience, for `uvicorn tests.api.broken:app`."""

import errno
from collections.abc import AsyncGenerator

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from scriptjobs.settings import Settings
from webapp import body_time
from webapp.app import create_app

body_time.HEAD_S = body_time.PIECE_S = 0.5
body_time.BODY_S = 1.5
CANARY = "canary-of-a-broken-address"


async def broken(_request: Request) -> Response:
    raise RuntimeError(f"password={CANARY}")


async def full(_request: Request) -> Response:
    raise OSError(errno.ENOSPC, "No space left on device")


async def cut_off(_request: Request) -> Response:
    async def tell() -> AsyncGenerator[bytes]:
        yield b"half of it"
        raise RuntimeError("in the middle")

    return StreamingResponse(tell())


async def echo(request: Request) -> Response:
    return JSONResponse({"success": True, "bytes": len(await request.body())})


async def refuse_unread(_request: Request) -> Response:
    return JSONResponse({"success": False, "error": {"code": "BAD_REQUEST", "message": "No."}}, 400)


class BreaksInMiddleware:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api/middleware"):
            raise RuntimeError("in middleware")
        await self.app(scope, receive, send)


app = create_app(Settings.from_env())
app.user_middleware.append(Middleware(BreaksInMiddleware))
for prefix in ("/api/broken", "/broken"):
    app.router.routes += [
        Route(f"{prefix}/error", broken, methods=["GET", "POST"]),
        Route(f"{prefix}/full", full),
        Route(f"{prefix}/cut", cut_off),
        Route(f"{prefix}/echo", echo, methods=["POST"]),
        Route(f"{prefix}/unread", refuse_unread, methods=["POST"]),
    ]
