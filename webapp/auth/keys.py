"""The public keys that an identity provider publishes for checking its tokens (JWKS)."""

import asyncio
import json
import time
from typing import Any, cast

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key

from scriptjobs.errors import KeysUnavailable

# Providers rotate keys within days; a withdrawn one counts for ten minutes at most.
VALID_S = 600
# However many tokens name a key that is not there, or while the provider is down.
ASK_AGAIN_S = 30
TIMEOUT_S = 5
LONGEST = 256 * 1024
_log = structlog.get_logger()


class PublishedKeys:
    """Fetches keys from `url` and keeps them. One request at a time; old keys serve while no new ones come."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys = KeySet([])
        self._fetched_at = self._asked_at = -VALID_S - 1.0
        self._asking = asyncio.Lock()

    async def for_key(self, kid: str | None) -> KeySet:
        """The keys for a token that names the key `kid`, or names none. A key that is not there is asked for.

        Raises:
            KeysUnavailable: there are no keys, and the provider gives none.
        """
        if self._is_wanting(kid):
            async with self._asking:
                if self._is_wanting(kid):
                    await self._fetch()
        if not self._keys:
            raise KeysUnavailable
        return self._keys

    def _is_wanting(self, kid: str | None) -> bool:
        now = time.monotonic()
        is_old = now - self._fetched_at > VALID_S
        is_unknown = kid is not None and all(key.kid != kid for key in self._keys)
        return (is_old or is_unknown) and now - self._asked_at > ASK_AGAIN_S

    async def _fetch(self) -> None:
        self._asked_at = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                keys = _readable_keys(await _get(self._url))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError, RecursionError) as error:
            _log.warning("keys_not_fetched", error=str(error) or type(error).__name__)
            return
        self._keys, self._fetched_at = keys, time.monotonic()


async def _get(url: str) -> bytes:
    async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client, client.stream("GET", url) as answer:
        answer.raise_for_status()
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > LONGEST:
                raise ValueError(f"the answer is longer than {LONGEST} bytes")
        return bytes(body)


def _readable_keys(body: bytes) -> KeySet:
    """The keys that we can read; one that we cannot does not spoil the others.

    Raises:
        ValueError: not a key set, or not one key in it can be read.
    """
    answer: Any = json.loads(body)
    entries: Any = cast("dict[str, Any]", answer).get("keys") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        raise ValueError('the answer is not a key set: {"keys": […]}')
    keys = [key for entry in cast("list[Any]", entries) if (key := _read_key(entry)) is not None]
    if not keys:
        raise ValueError("no key of the answer can be read")
    return KeySet(keys)


def _read_key(entry: Any) -> Key | None:
    # A shared secret among published keys would let anybody sign.
    if not isinstance(entry, dict):
        return None
    parts = cast("dict[str, Any]", entry)
    if parts.get("kty") not in ("RSA", "EC"):
        return None
    try:
        return import_key(parts)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        _log.warning("key_not_read", kid=str(parts.get("kid"))[:100], error=str(error))
        return None
