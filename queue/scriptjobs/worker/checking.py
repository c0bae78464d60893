"""Checks a claimed row like a request: others than this app may have written it (PostgREST, somebody's SQL)."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from scriptjobs.errors import InvalidPayload, ScriptError
from scriptjobs.job_types import JobType
from scriptjobs.jobs import ClaimedJob, OpenPayload, RawPayload, SealedPayload
from scriptjobs.sealing import SEALED, Vault
from scriptjobs.store.uploads import Upload


@dataclass(slots=True, kw_only=True)
class Checked:
    """A payload that may be run: its secrets readable, and listed for the redactor; its files by id and field."""

    payload: OpenPayload
    secrets: list[str]
    files: dict[UUID, str]
    uploads: list[Upload] = field(default_factory=list[Upload])

    def take(self, found: list[Upload]) -> None:
        """Take the files that the job may read.

        Raises:
            ScriptError: VALIDATION_ERROR, the payload names another one.
        """
        if foreign := set(self.files) - {upload.id for upload in found}:
            raise _refuse(f"{self.files[foreign.pop()]}: is not a file that this job was started with")
        self.uploads = found


def check_payload(
    claim: ClaimedJob, kind: JobType, vault: Vault, hosts: tuple[str, ...], csv_folder: Path | None
) -> Checked:
    """The payload of a claimed job, opened and checked.

    Raises:
        ScriptError: VALIDATION_ERROR, it does not fit its job type.
        SetupError: a sealed value cannot be opened.
    """
    # Only a secret may be sealed: elsewhere, somebody would have a page show what was sealed for another field.
    if _has_seal(kind.without_secrets(SealedPayload(_seals_as_text(claim.payload)))):
        raise _refuse("a field that is no secret holds a sealed value")
    opened, secrets = vault.open(claim.payload)
    try:
        model = kind.validate(RawPayload(opened), hosts, csv_folder)
    except InvalidPayload as error:
        faults = cast("list[dict[str, str]]", error.details["fields"])
        raise _refuse("; ".join(f"{fault['path']}: {fault['message']}" for fault in faults)) from error
    # As the model writes it: a field that has two names is found under one.
    payload = OpenPayload(model.model_dump(mode="json", by_alias=True, context={"seal": str}))
    files = {named.id: named.path for named in kind.files_of(payload)}
    return Checked(payload=payload, secrets=[*secrets, *kind.secrets_of(payload)], files=files)


def _seals_as_text(node: Any) -> Any:
    """A stored payload with each sealed value as a text, which a walk over the secrets of the schema takes out."""
    if isinstance(node, dict):
        items = cast("dict[str, Any]", node)
        return SEALED if SEALED in items else {key: _seals_as_text(value) for key, value in items.items()}
    if isinstance(node, list):
        return [_seals_as_text(value) for value in cast("list[Any]", node)]
    return node


def _has_seal(node: Any) -> bool:
    if isinstance(node, dict):
        return any(_has_seal(value) for value in cast("dict[str, Any]", node).values())
    if isinstance(node, list):
        return any(_has_seal(value) for value in cast("list[Any]", node))
    return node == SEALED


def _refuse(said: str) -> ScriptError:
    return ScriptError(
        f"The job was not started, since what its row says does not fit: {said}.", code="VALIDATION_ERROR"
    )
