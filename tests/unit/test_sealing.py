"""Sealing, rotation, erasure, and redaction in all the forms in which a secret may come back."""

import base64
import html
import json
import stat
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from cryptography.fernet import Fernet
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel

from scriptjobs.errors import SetupError
from scriptjobs.redaction import MASK, Redactor
from scriptjobs.script import Secret
from scriptjobs.sealing import Vault, erase


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


FORMS = {
    "plain": lambda secret: secret,
    "quoted": lambda secret: quote(secret, safe=""),
    "plus": quote_plus,
    "html": html.escape,
    "json": lambda secret: json.dumps(secret)[1:-1],
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "basic": lambda secret: base64.b64encode(f"user@example.com:{secret}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
@given(secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=8, max_size=30))
def test_a_secret_is_masked_in_every_form(form: str, secret: str) -> None:
    assume(secret not in MASK)  # which the mask itself would tell
    coded = FORMS[form](secret)

    masked = Redactor([secret]).text(f"before {coded} after")

    assert MASK in masked
    assert coded not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def test_a_very_short_secret_does_not_mask_every_word() -> None:
    redactor = Redactor(["a1"])

    assert redactor.text("a1 banana1 a1") == f"{MASK} banana1 {MASK}"


def test_json_is_masked_deeply_keys_included() -> None:
    assert Redactor(["s3cret"]).json({"s3cret": ["x s3cret", {"n": 1, "b": None}]}) == {
        MASK: [f"x {MASK}", {"n": 1, "b": None}]
    }


def test_nothing_to_hide_changes_nothing() -> None:
    assert Redactor([]).text("text") == Redactor([""]).text("text") == "text"
