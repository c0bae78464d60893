"""Bearer tokens: HS256 with a shared secret, or RS256 and ES256 by published keys."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey
from joserfc.jws import extract_compact

from scriptjobs.access import ISSUER, read_token_id
from scriptjobs.errors import Unauthorized
from webapp.auth.keys import PublishedKeys

CLOCK_SKEW_S = 30


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whom a token names. `token_id` is empty for one that we did not make."""

    user_id: UUID
    token_id: str


class Tokens:
    """Checks bearer tokens. `jwks_url` gives the public keys of the other two algorithms."""

    def __init__(self, secret: str, audience: str, jwks_url: str | None) -> None:
        self._secret = OctKey.import_key(secret)
        self._audience = audience
        self._published = PublishedKeys(jwks_url) if jwks_url else None

    async def check(self, token: str) -> Claimed:
        """The user that a token names. Whether it was revoked is for the database to say.

        Raises:
            Unauthorized: malformed, expired, for somebody else, or signed by nobody we know.
            KeysUnavailable: it is signed by published keys, and there are none at the moment.
        """
        try:
            claims = await self._decode(token)
            jwt.JWTClaimsRegistry(
                leeway=CLOCK_SKEW_S,
                sub={"essential": True},
                exp={"essential": True},
                aud={"essential": True, "value": self._audience},
            ).validate(claims)
            token_id = read_token_id(claims.get("jti")) if claims.get("iss") == ISSUER else ""
            return Claimed(UUID(str(claims["sub"])), token_id)
        except ExpiredTokenError as error:
            raise Unauthorized("The token has expired.", reason="invalid_token") from error
        except (JoseError, ValueError, KeyError) as error:
            raise Unauthorized("The token is not valid.", reason="invalid_token") from error

    async def _decode(self, token: str) -> dict[str, Any]:
        # The algorithm decides about the kind of key, never the other way round: a public key is no shared secret.
        if self._published is not None:
            header = extract_compact(token.encode()).headers()
            if header.get("alg") != "HS256":
                kid = header.get("kid")
                keys = await self._published.for_key(kid if isinstance(kid, str) else None)
                return jwt.decode(token, keys, algorithms=["RS256", "ES256"]).claims
        return jwt.decode(token, self._secret, algorithms=["HS256"]).claims
