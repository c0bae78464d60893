"""What the routing table knows beside its routes: all methods of an address, and what a slash too many means."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope


def answer_beside(request: Request, error: HTTPException) -> Response | None:
    """An answer in the place of the router's refusal: to OPTIONS, and to an address that ends in a slash too many.

    A refused method gets its `Allow`, which has to list all methods of the address.
    """
    routes: list[BaseRoute] = request.app.routes
    # A folder of static files that has matched left its own place in the scope.
    scope = {**request.scope, "root_path": request.scope.get("app_root_path", request.scope.get("root_path", ""))}
    if error.status_code == 405:
        allowed = ", ".join(sorted(methods_of(routes, scope)))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed})
        error.headers = {**(error.headers or {}), "Allow": allowed}
    path: str = request.scope["path"]
    if error.status_code == 404 and path.endswith("/"):
        shorter = path.rstrip("/")
        if methods_of(routes, {**scope, "path": shorter}):
            query = request.scope["query_string"].decode("latin-1")
            # Relative on purpose: the Host header is whatever the client says.
            return RedirectResponse(f"{shorter}?{query}" if query else shorter, 307)
    return None


def methods_of(routes: list[BaseRoute], scope: Scope) -> set[str]:
    """All methods of the address in `scope`; none when there is no such address."""
    found = next((route for route in routes if route.matches(scope)[0] is not Match.NONE), None)
    if found is None:
        return set()
    if not isinstance(found, Route):
        return {"GET", "HEAD", "OPTIONS"}  # a folder of static files
    same = [route for route in routes if isinstance(route, Route) and route.path == found.path]
    return {"OPTIONS"}.union(*(route.methods or () for route in same))
