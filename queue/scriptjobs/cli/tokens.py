"""Bearer tokens for trying the API, signed with this installation's shared secret."""

import secrets
import time
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OctKey

from scriptjobs.sealing import read_or_make
from scriptjobs.settings import Settings


def make_token(settings: Settings, user_id: UUID, *, valid_s: int = 3_600) -> str:
    """A token for a user, valid for `valid_s` seconds."""
    secret = settings.jwt_secret or read_or_make(settings.var_dir / "jwt.key", lambda: secrets.token_urlsafe(48))
    now = int(time.time())
    claims = {
        "sub": str(user_id), "aud": settings.jwt_audience, "role": "authenticated", "iat": now, "exp": now + valid_s,
    }  # fmt: skip
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))
