"""Sealing, rotation, and erasure."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import BaseModel

from scriptjobs.errors import SetupError
from scriptjobs.redaction import Redactor
from scriptjobs.script import Secret
from scriptjobs.sealing import Vault, erase, read_or_make


class Inner(BaseModel):
    token: Secret
    name: str


class Payload(BaseModel):
    password: Secret
    inner: list[Inner]
    optional: Secret | None = None


PAYLOAD = Payload.model_validate({"password": "p4ss", "inner": [{"token": "t0ken", "name": "n"}]})


def key() -> str:
    return Fernet.generate_key().decode()


def test_secrets_are_sealed_wherever_they_stand_and_open_again() -> None:
    vault = Vault([key()])

    sealed = vault.seal(PAYLOAD)
    opened, secrets = vault.open(sealed)

    assert "p4ss" not in json.dumps(sealed)
    assert "t0ken" not in json.dumps(sealed)
    assert opened == {"password": "p4ss", "inner": [{"token": "t0ken", "name": "n"}], "optional": None}
    assert sorted(secrets) == ["p4ss", "t0ken"]


def test_a_new_key_in_front_still_opens_the_old() -> None:
    old, new = key(), key()
    sealed = Vault([old]).seal(PAYLOAD)

    assert Vault([new, old]).open(sealed)[0]["password"] == "p4ss"
    with pytest.raises(SetupError, match="key is missing"):
        Vault([new]).open(sealed)


def test_an_erased_payload_keeps_everything_but_secrets() -> None:
    vault = Vault([key()])

    left = erase(vault.seal(PAYLOAD))

    assert left["inner"][0]["name"] == "n"
    assert "sealed" not in json.dumps(left)
    with pytest.raises(SetupError, match="erased"):
        vault.open(left)


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    sealed = Vault.load(None, tmp_path).seal(PAYLOAD)

    assert Vault.load(None, tmp_path).open(sealed)[0]["password"] == "p4ss"
    assert stat.S_IMODE((tmp_path / "secrets.key").stat().st_mode) == 0o600


def test_keys_that_are_none_are_told() -> None:
    with pytest.raises(SetupError, match="SECRETS_KEY"):
        Vault(["nonsense"])


def test_a_model_that_is_printed_shows_nothing() -> None:
    assert "p4ss" not in repr(PAYLOAD) + PAYLOAD.model_dump_json() + str(PAYLOAD)


def test_a_checkpoint_with_a_secret_is_sealed_and_opens_again() -> None:
    vault = Vault([key()])
    redactor = Redactor(["s3cret-word"], vault.seal_json)

    for value in ["s3cret-word", {"a": ["x s3cret-word"]}, {"s3cret-word": 1}]:
        kept = redactor.seal(value)
        assert "s3cret-word" not in json.dumps(kept)
        assert vault.open_json(kept) == value
    assert redactor.seal({"made": [1, None]}) == {"made": [1, None]} == vault.open_json({"made": [1, None]})


def test_of_two_that_make_a_key_at_the_same_moment_both_get_one(tmp_path: Path) -> None:
    for number in range(50):
        path = tmp_path / f"key-{number}"
        with ThreadPoolExecutor(4) as pool:
            found = set(pool.map(lambda name, path=path: read_or_make(path, lambda: f"key of {name}"), range(4)))

        assert len(found) == 1
        assert found.pop().startswith("key of ")
        assert path.stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 50


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").touch()

    with pytest.raises(SetupError, match="is empty"):
        read_or_make(tmp_path / "key", str)
