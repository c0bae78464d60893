"""Who is at the other end of a connection. A proxy is believed only where TRUSTED_PROXIES names it."""

from ipaddress import IPv6Address, ip_address

import uvicorn.config
from starlette.requests import Request
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

# Whoever has an IPv6 address has all that share its first half.
_NETWORK_BITS = 64


class ForwardedClients(ProxyHeadersMiddleware):
    """Takes the client's address, and whether it uses HTTPS, from the proxies that are named, and from nobody else."""


def leave_clients_alone() -> None:
    """Keep uvicorn from believing X-Forwarded-For of every process on this machine, which it does by default.

    `uvicorn webapp:app` decides about this before it loads us, and puts its middleware around what it has loaded.
    """

    def bare(app: ASGIApp, **_: object) -> ASGIApp:
        return app

    setattr(uvicorn.config, "ProxyHeadersMiddleware", bare)  # noqa: B010 (a class there, for type checkers)


def address_of(request: Request) -> str:
    """Where a request comes from, as limits count it: an IPv4 address or the network of an IPv6 address."""
    host = request.client.host[:64] if request.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> _NETWORK_BITS << _NETWORK_BITS)}/{_NETWORK_BITS}"
