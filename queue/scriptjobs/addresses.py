"""Web addresses: when two of them lead to the same place."""

from urllib.parse import urlsplit

_USUAL_PORTS = {"http": {80}, "https": {443}, "": {80, 443}}


def site_of(address: str) -> str:
    """Host and port of a web address, in one spelling: small letters, no port where it is the usual one.

    Raises:
        ValueError: the address has no host, or a port that is none.
    """
    parts = urlsplit(address.strip())
    host = (parts.hostname or "").rstrip(".")
    if not host:
        raise ValueError("is no web address")
    host = f"[{host}]" if ":" in host else host
    is_usual = parts.port is None or parts.port in _USUAL_PORTS.get(parts.scheme, ())
    return host if is_usual else f"{host}:{parts.port}"


def is_same_address(one: str, other: str) -> bool:
    """Whether two web addresses are the same but for the spelling of the host, a usual port and a slash at the end."""
    try:
        return _canonical(one) == _canonical(other)
    except ValueError:
        return one.strip() == other.strip()


def _canonical(address: str) -> tuple[str, ...]:
    parts = urlsplit(address.strip())
    return parts.scheme, site_of(address), parts.path.rstrip("/"), parts.query
