"""Bearer tokens for the API, signed with this installation's shared secret."""

import secrets
import time
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OctKey

from scriptjobs.access import ISSUER, Access
from scriptjobs.sealing import read_or_make
from scriptjobs.settings import Settings


async def issue_token(access: Access, settings: Settings, user_id: UUID, *, name: str, valid_s: int) -> str:
    """A token for a user, valid for `valid_s` seconds or until it is revoked."""
    id_, expires_at = await access.add_token(user_id, name=name, valid_s=valid_s)
    return _sign(settings, {"sub": str(user_id), "exp": expires_at, "iss": ISSUER, "jti": id_})


def make_token(settings: Settings, user_id: UUID, *, valid_s: int = 3_600) -> str:
    """A token as anybody with the shared secret would make it: nothing of it is stored, so it cannot be revoked."""
    return _sign(settings, {"sub": str(user_id), "exp": int(time.time()) + valid_s})


def _sign(settings: Settings, claims: dict[str, Any]) -> str:
    secret = settings.jwt_secret or read_or_make(settings.var_dir / "jwt.key", lambda: secrets.token_urlsafe(48))
    common = {"aud": settings.jwt_audience, "role": "authenticated", "iat": int(time.time())}
    return jwt.encode({"alg": "HS256"}, {**claims, **common}, OctKey.import_key(secret))
