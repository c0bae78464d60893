"""The fence: a script's browser opens pages of the portal alone, and nothing in it reaches our own network.

Pages are judged in the browser itself, before a request leaves: the only place that also sees redirects, windows that a
page opens, and addresses of files. What a page loads into itself goes on to any public host: that is judged by the
address that its name leads to, in the proxy (child/proxy.py).
"""

import asyncio
import contextlib
import ipaddress
import socket
from base64 import b64encode
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError

from scriptjobs.child import identity
from scriptjobs.errors import ScriptError

# Pages of the browser itself, and what a page makes up without asking anybody.
_HARMLESS = frozenset({"about", "blob", "data", "chrome-error"})
_STAGES = ("Request", "Response")
_OF_THE_BODY = frozenset({"content-length", "content-encoding", "transfer-encoding"})
_NO_SCRIPTS = {"name": "Content-Security-Policy", "value": "sandbox; script-src 'none'; worker-src 'none'"}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
RESOLVE_TIMEOUT_S = 10.0
_INTERNAL = (".local", ".internal", ".localhost", ".lan", ".home", ".corp")


class Forbidden(ScriptError):
    """The browser was sent to a place that scripts may not open."""

    code = "PERMISSION_DENIED"


class Fence:
    """What a browser may open: `hosts` by name, with a port where one is meant; `*.name` are all below a name."""

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self.allow(hosts)
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: Any = None
        self.forbids_scripts = False
        self.refused: list[str] = []  # pages
        self.blocked: list[str] = []  # what pages asked for in our own network

    def allow(self, hosts: Iterable[str]) -> None:
        """Let pages of these hosts be opened, and of no others."""
        self._hosts = frozenset(host.casefold() for host in hosts)

    def allows(self, address: str) -> bool:
        """Whether an address may be opened as a page."""
        parts = urlsplit(address)
        if parts.scheme in _HARMLESS:
            return True
        if parts.scheme not in {"http", "https"}:
            return False
        host = (parts.hostname or "").casefold()
        return any(
            host.endswith(allowed[1:]) if allowed.startswith("*.") else allowed in {host, parts.netloc.casefold()}
            for allowed in self._hosts
        )

    def check(self, address: str) -> None:
        """Raises Forbidden for an address that may not be opened."""
        if not self.allows(address):
            raise Forbidden(f"Scripts may not open {_place(address)}. The operator's list of portals does not name it.")

    async def addresses_of(self, host: str, port: int) -> list[tuple[str, int]]:
        """Where the browser may connect to for a host. Hosts that the operator named may lead anywhere; of all others,
        those below `*.name` included, only public addresses count.
        """
        try:
            async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError):
            return []
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        is_named = not self._hosts.isdisjoint({host, f"{host}:{port}"})
        public = [(address, port) for address in addresses if is_named or is_public_address(address)]
        if addresses and not public:
            self.blocked.append(f"{host}:{port}")
        return public

    async def stand(self, browser: Browser) -> None:
        """Stand in `browser` from now on, in all its pages and those to come."""
        # The library leaves the types of its messages open.
        self._session = await browser.new_browser_cdp_session()
        self._session.on("Fetch.requestPaused", self._take)
        pages = [{"urlPattern": "*", "resourceType": "Document", "requestStage": stage} for stage in _STAGES]
        await self._session.send("Fetch.enable", {"patterns": pages})

    async def leave(self) -> None:
        """Stand there no more."""
        await self._session.detach()

    def _take(self, event: dict[str, Any]) -> None:
        task = asyncio.ensure_future(self._judge(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _judge(self, event: dict[str, Any]) -> None:
        address = str(event["request"]["url"])
        # A page that has gone, or a browser that is closing, needs no answer.
        with contextlib.suppress(PlaywrightError):
            if "responseStatusCode" in event:
                await self._pass_on(event)
                return
            if self.allows(address) or (_is_public(address) and not await self._is_page(event["frameId"])):
                headers = identity.corrected(event["request"]["headers"])
                await self._session.send("Fetch.continueRequest", {"requestId": event["requestId"], **headers})
                return
            self.refused.append(_place(address))
            refusal = {"requestId": event["requestId"], "errorReason": "BlockedByClient"}
            await self._session.send("Fetch.failRequest", refusal)

    async def _pass_on(self, event: dict[str, Any]) -> None:
        """Let an answer through as it came, or with a policy against scripts. A header that is
        merely added comes too late for the browser to heed, so the whole answer is made anew.
        """
        request = {"requestId": event["requestId"]}
        status = int(event["responseStatusCode"])
        if not self.forbids_scripts or 300 <= status < 400:
            await self._session.send("Fetch.continueResponse", request)
            return
        body = await self._session.send("Fetch.getResponseBody", request)
        content = str(body["body"]) if body["base64Encoded"] else b64encode(str(body["body"]).encode()).decode()
        kept = [header for header in event.get("responseHeaders", []) if header["name"].lower() not in _OF_THE_BODY]
        answer = {"responseCode": status, "responseHeaders": [*kept, _NO_SCRIPTS], "body": content}
        await self._session.send("Fetch.fulfillRequest", request | answer)

    async def _is_page(self, frame_id: str) -> bool:
        """Whether a frame is a page of its own; only such have a target of that type."""
        try:
            found = await self._session.send("Target.getTargetInfo", {"targetId": frame_id})
        except PlaywrightError:
            return False
        return bool(found["targetInfo"]["type"] == "page")


def _place(address: str) -> str:
    """What may be told of an address: without its path, which may hold a token."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _is_public(address: str) -> bool:
    """Whether an address leads out of our network, as far as its name tells."""
    parts = urlsplit(address)
    host = (parts.hostname or "").casefold().rstrip(".")
    if parts.scheme not in {"http", "https"} or not host or "." not in host or host.endswith(_INTERNAL):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return is_public_address(host)


def is_public_address(text: str) -> bool:
    """Whether an IP address is one of the public network, also where it stands inside an IPv6 address."""
    address = ipaddress.ip_address(text.split("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        return address.is_global if inner is None else inner.is_global
    return address.is_global and not address.is_multicast
