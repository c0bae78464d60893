"""Bearer tokens: HS256 with a shared secret, or RS256 and ES256 by published keys."""

import time
from typing import Any
from uuid import UUID

import httpx
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.jws import extract_compact

from scriptjobs.errors import Unauthorized

KEYS_VALID_S = 600
KEYS_TIMEOUT_S = 5
CLOCK_SKEW_S = 30


class Tokens:
    """Checks bearer tokens. `jwks_url` gives the public keys of the other two algorithms."""

    def __init__(self, secret: str, audience: str, jwks_url: str | None) -> None:
        self._secret = OctKey.import_key(secret)
        self._audience = audience
        self._jwks_url = jwks_url
        self._keys: tuple[float, KeySet] | None = None

    async def check(self, token: str) -> UUID:
        """The user that a token names.

        Raises:
            Unauthorized: malformed, expired, for somebody else, or signed by nobody we know.
        """
        try:
            claims = await self._decode(token)
            jwt.JWTClaimsRegistry(
                leeway=CLOCK_SKEW_S,
                sub={"essential": True},
                exp={"essential": True},
                aud={"essential": True, "value": self._audience},
            ).validate(claims)
            return UUID(str(claims["sub"]))
        except ExpiredTokenError as error:
            raise Unauthorized("The token has expired.", reason="invalid_token") from error
        except (JoseError, ValueError, KeyError) as error:
            raise Unauthorized("The token is not valid.", reason="invalid_token") from error

    async def _decode(self, token: str) -> dict[str, Any]:
        # The algorithm decides about the kind of key, never the other way round: a public key is no shared secret.
        if self._jwks_url and not _is_shared(token):
            return jwt.decode(token, await self._published_keys(), algorithms=["RS256", "ES256"]).claims
        return jwt.decode(token, self._secret, algorithms=["HS256"]).claims

    async def _published_keys(self) -> KeySet:
        assert self._jwks_url is not None
        if self._keys is None or time.monotonic() - self._keys[0] > KEYS_VALID_S:
            try:
                async with httpx.AsyncClient(timeout=KEYS_TIMEOUT_S) as client:
                    answer = (await client.get(self._jwks_url)).raise_for_status().json()
            except (httpx.HTTPError, ValueError) as error:
                raise Unauthorized("The keys for checking tokens cannot be fetched at the moment.") from error
            self._keys = (time.monotonic(), KeySet.import_key_set(answer))
        return self._keys[1]


def _is_shared(token: str) -> bool:
    return extract_compact(token.encode()).headers().get("alg") == "HS256"
