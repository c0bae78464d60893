"""Bearer tokens that an identity provider signs: its keys come, change, fail and return."""

import asyncio
import json
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from scriptjobs.errors import KeysUnavailable, Unauthorized
from webapp.auth import keys
from webapp.auth.tokens import Claimed, Tokens

ROTTEN: list[Any] = [None, 5, {}, {"kty": "RSA", "kid": "bad", "n": "!", "e": "AQAB"}, {"kty": "ML-DSA", "kid": "new"}]


class Provider(ThreadingHTTPServer):
    """Publishes what a test tells it to."""

    body: bytes = b""
    status = 200
    asked = 0

    def publish(self, *published: Any) -> None:
        entries = [item.as_dict(private=False) if isinstance(item, ECKey | RSAKey) else item for item in published]
        self.status, self.body = 200, json.dumps({"keys": entries}).encode()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        provider = cast("Provider", self.server)
        provider.asked += 1
        self.send_response(provider.status)
        self.send_header("content-length", str(len(provider.body)))
        self.end_headers()
        self.wfile.write(provider.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def provider() -> Generator[Provider]:
    server = Provider(("127.0.0.1", 0), _Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def tokens_of(provider: Provider) -> Tokens:
    return Tokens("a shared secret of thirty-two bytes", "authenticated", f"http://127.0.0.1:{provider.server_port}/")


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


def signed(key: ECKey, user_id: UUID) -> str:
    claims = {"sub": str(user_id), "aud": "authenticated", "exp": int(time.time()) + 60}
    return jwt.encode({"alg": "ES256", "kid": key.kid or ""}, claims, key)


def test_keys_that_cannot_be_read_do_not_spoil_the_others(provider: Provider) -> None:
    key, user_id = new_key("one"), uuid4()
    provider.publish(*ROTTEN, key)
    assert asyncio.run(tokens_of(provider).check(signed(key, user_id))) == Claimed(user_id, "")


def test_a_new_key_is_asked_for_and_a_strange_one_only_now_and_then(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, user_id = new_key("old"), new_key("new"), uuid4()
    tokens = tokens_of(provider)
    provider.publish(old)

    async def check() -> None:
        assert await tokens.check(signed(old, user_id)) == Claimed(user_id, "")
        provider.publish(old, new)
        for _ in range(50):
            with pytest.raises(Unauthorized):
                await tokens.check(signed(new_key("strange"), user_id))
        assert provider.asked == 1
        monkeypatch.setattr(keys, "ASK_AGAIN_S", 0)
        found = await asyncio.gather(*(tokens.check(signed(new, user_id)) for _ in range(20)))
        assert set(found) == {Claimed(user_id, "")}
        assert provider.asked == 2

    asyncio.run(check())


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b"not json", b'{"keys": []}', b"[" * 100_000, b"x" * 300_000])
def test_a_provider_without_keys_is_our_trouble_and_asked_only_now_and_then(provider: Provider, body: bytes) -> None:
    provider.body = body
    tokens, key = tokens_of(provider), new_key("one")

    async def check() -> None:
        for _ in range(20):
            with pytest.raises(KeysUnavailable):
                await tokens.check(signed(key, uuid4()))

    asyncio.run(check())
    assert provider.asked == 1


def test_old_keys_serve_while_the_provider_is_down(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    key, user_id = new_key("one"), uuid4()
    tokens = tokens_of(provider)
    provider.publish(key)

    async def check() -> None:
        await tokens.check(signed(key, user_id))
        provider.status = 503
        monkeypatch.setattr(keys, "VALID_S", 0)
        monkeypatch.setattr(keys, "ASK_AGAIN_S", 0)
        assert await tokens.check(signed(key, user_id)) == Claimed(user_id, "")
        assert provider.asked == 2

    asyncio.run(check())


def test_a_shared_secret_among_published_keys_signs_nothing(provider: Provider) -> None:
    provider.publish({"kty": "oct", "kid": "one", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}, new_key("two"))
    with pytest.raises(Unauthorized):
        asyncio.run(tokens_of(provider).check(signed(new_key("one"), uuid4())))
