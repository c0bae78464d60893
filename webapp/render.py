"""Templates: the Jinja environment, its filters and globals, pages and single partials."""

import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from webapp.auth.sessions import Session

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "static"
# General to special; within a folder by name. A new file is enough to be linked.
_SHEETS = ("layers.css", "tokens.css", "base.css", "layout.css")


@cache
def static_digest() -> str:
    """A digest over all static files: their address changes when any of them does, so they may be kept for ever."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(STATIC)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def static_url(path: str) -> str:
    """The address of a static file."""
    return f"/static/{static_digest()}/{path}"


@cache
def _sheets() -> list[str]:
    css = STATIC / "css"
    more = [
        path.relative_to(css).as_posix()
        for folder in ("partials", "pages")
        for path in sorted((css / folder).rglob("*.css"))
    ]
    return [static_url(f"css/{name}") for name in (*_SHEETS, *more)]


def _icon(name: str, label: str = "") -> Markup:
    what = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    address = static_url(f"vendor/icons.svg#{name}")
    return Markup('<svg class="icon" {}><use href="{}"></use></svg>').format(what, address)


def _time(value: datetime, style: str = "time") -> Markup:
    """A moment in UTC; a script shows it in the reader's own zone."""
    utc = value.astimezone(UTC)
    text = utc.strftime("%H:%M:%S" if style == "time" else "%d %b %Y, %H:%M")
    return Markup('<time datetime="{}" data-style="{}">{} UTC</time>').format(
        utc.isoformat(timespec="milliseconds"), style, text
    )


def _duration(milliseconds: int | None) -> str:
    """A length of time as people say it."""
    if milliseconds is None:
        return ""
    seconds = milliseconds / 1_000
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


@cache
def environment() -> Environment:
    """The one environment. A missing variable is an error, never an empty place on a page."""
    made: Any = Environment(
        loader=FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.globals |= {"icon": _icon, "static": static_url, "sheets": _sheets, "time": _time}
    made.filters |= {"duration": _duration, "pretty": _pretty}
    return made


def partial(name: str, *arguments: Any) -> str:
    """A partial on its own: the macro `name` of `partials/<name>.html`, as every page prints it."""
    module: Any = environment().get_template(f"partials/{name}.html").module
    return str(getattr(module, name)(*arguments))


def swap(target: str, html: str, style: str = "outerMorph") -> str:
    """A partial with the address where htmx puts it: a CSS selector and a way of swapping."""
    return f'<hx-partial hx-target="{escape(target)}" hx-swap="{style}">{html}</hx-partial>'


def page(
    request: Request, name: str, *, status: int = 200, session: Session | None = None, **context: Any
) -> HTMLResponse:
    """A whole page."""
    caller = getattr(request.state, "caller", None)
    html = (
        environment()
        .get_template(f"pages/{name}.html")
        .render(
            request_path=request.scope["path"],
            caller=caller,
            form_token=session.form_token if session else "",
            **context,
        )
    )
    return HTMLResponse(html, status)
