"""Sealing of secrets at rest."""

import contextlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import BaseModel

from scriptjobs.errors import SetupError
from scriptjobs.jobs import OpenPayload, SealedPayload

SEALED = "$sealed"
ERASED = "$erased"
SHOWN = "********"


class Vault:
    """Seals and opens secrets with an authenticated cipher (Fernet: AES-128-CBC and HMAC-SHA256).

    The first key seals, all keys open: put a new one in front, and drop the old one when no job needs it any more.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = [key.strip() for key in keys]
        try:
            self._cipher = MultiFernet([Fernet(key) for key in self._keys])
        except ValueError as error:
            raise SetupError("SECRETS_KEY holds no valid keys: each is 32 bytes in URL-safe base64.") from error

    @classmethod
    def load(cls, secrets_key: str | None, var_dir: Path, *, makes_key: bool = True) -> "Vault":
        """The vault with the keys of the setting, or with a key file in `var_dir` (mode 600), made when missing.

        Raises:
            SetupError: there is no key, and with `makes_key` false none may be made; or it is no key.
        """
        if secrets_key:
            return cls(secrets_key.split(","))
        if not makes_key and not (var_dir / "secrets.key").exists():
            raise SetupError(
                "SECRETS_KEY is not set. Every process that uses this database needs the same key. Make one with: "
                "openssl rand -base64 32 | tr '+/' '-_'"
            )
        return cls([read_or_make(var_dir / "secrets.key", lambda: Fernet.generate_key().decode())])

    def can_open(self, payload: SealedPayload) -> bool:
        """Whether its keys open every sealed value of a payload."""
        try:
            self.open(payload)
        except SetupError:
            return False
        return True

    @property
    def fingerprints(self) -> list[str]:
        """What tells the keys apart and gives nothing of them away, in their order."""
        return [hmac.new(key.encode(), b"script-jobs key", "sha256").hexdigest()[:16] for key in self._keys]

    def digests(self, content: bytes) -> list[str]:
        """Keyed digests of `content`, one for each key, the newest first: they tell two contents apart and let nobody
        who reads them guess a password in it.
        """
        return [hmac.new(key.encode(), content, "sha256").hexdigest() for key in self._keys]

    def seal_value(self, value: str) -> dict[str, str]:
        """One secret as it is stored."""
        return {SEALED: self._cipher.encrypt(value.encode()).decode()}

    def seal_json(self, value: Any) -> dict[str, str]:
        """A checkpoint that holds a secret, as it is stored."""
        return self.seal_value(json.dumps(value))

    def open_json(self, value: Any) -> Any:
        """A stored checkpoint as it was saved.

        Raises:
            SetupError: no key of this installation opens it.
        """
        if not isinstance(value, dict) or set(cast("dict[str, Any]", value)) != {SEALED}:
            return cast("Any", value)
        return json.loads(self._open_value(cast("dict[str, Any]", value)))

    def _open_value(self, node: dict[str, Any]) -> str:
        try:
            return self._cipher.decrypt(str(node[SEALED]).encode()).decode()
        except InvalidToken as error:
            raise SetupError("A sealed value cannot be opened: its key is missing in SECRETS_KEY.") from error

    def seal(self, payload: BaseModel) -> SealedPayload:
        """The payload for the database: each field of type `Secret` sealed, all others as JSON."""
        return SealedPayload(payload.model_dump(mode="json", by_alias=True, context={"seal": self.seal_value}))

    def open(self, payload: SealedPayload) -> tuple[OpenPayload, list[str]]:
        """The payload with its secrets readable, and the secrets themselves (for the redactor).

        Raises:
            SetupError: no key of this installation opens it.
        """
        found: list[str] = []

        def unseal(node: dict[str, Any]) -> Any:
            if ERASED in node:
                raise SetupError("The secrets of this job were erased when it ended.")
            found.append(self._open_value(node))
            return found[-1]

        return OpenPayload(_replace_sealed(payload, unseal)), found


def erase(payload: SealedPayload) -> SealedPayload:
    """The payload with its sealed values gone, for a job that will not run again."""
    return SealedPayload(_replace_sealed(payload, _erased))


def cover(value: Any) -> Any:
    """The value as people may see it: each sealed or erased secret in it as stars."""
    return _replace_sealed(value, _starred)


def _starred(_node: dict[str, Any]) -> str:
    return SHOWN


def _erased(_node: dict[str, Any]) -> dict[str, bool]:
    return {ERASED: True}


def _replace_sealed(node: Any, replace: Any) -> Any:
    if isinstance(node, dict):
        items = cast("dict[str, Any]", node)
        if SEALED in items or ERASED in items:
            return replace(items)
        return {key: _replace_sealed(value, replace) for key, value in items.items()}
    if isinstance(node, list):
        return [_replace_sealed(value, replace) for value in cast("list[Any]", node)]
    return node


def read_or_make(path: Path, make: Any) -> str:
    """The text in `path`; made by `make()` and written with mode 600 when there is none, once among all processes.

    Raises:
        SetupError: the file is empty.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # It appears whole or not at all, and of two at the same moment the first one stays.
        making = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        try:
            descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(make())
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(making, path)
        finally:
            making.unlink(missing_ok=True)
    if found := path.read_text(encoding="utf-8").strip():
        return found
    raise SetupError(f"The key file {path} is empty. Restore it, or delete it to have a new key made.")
