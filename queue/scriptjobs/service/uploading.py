"""Uploading: files that jobs name by id, checked by what is in them."""

import asyncio
import contextlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

import structlog
from anyio import BrokenWorkerProcess, CapacityLimiter, fail_after, to_process

from scriptjobs.database import Connection
from scriptjobs.errors import BadRequest, FileNotFound, Forbidden, InvalidPayload, StorageUnavailable
from scriptjobs.files import FILE_ERRORS
from scriptjobs.job_types import FileField
from scriptjobs.menu_csv import LIMIT_BYTES
from scriptjobs.service.reading import Caller, Reading
from scriptjobs.store.creation import writing_for_caller
from scriptjobs.store.uploads import Upload, find_uploads, insert_upload
from scriptjobs.upload_check import Checked, MenuPreview, check_upload_apart
from scriptjobs.values import read_file_name

UPLOAD_LIMIT_BYTES = LIMIT_BYTES
# The slowest file of 10 MiB takes two seconds of a processor; a queue of a few may stand before it.
CHECK_TIMEOUT_S = 20.0
CHECKS_AT_ONCE = 1

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is in a file: its menu, or the size of its picture in pixels."""

    upload: Upload
    menu: MenuPreview | None = None
    width: int | None = None
    height: int | None = None


class Uploading(Reading):
    """The part of ScriptJobService that takes files."""

    async def upload_file(
        self, caller: Caller, name: str, content: bytes, *, within: Connection | None = None
    ) -> Preview:
        """Store a file: a menu as CSV, or a picture. A menu with faults is stored too: its preview tells them.

        Raises:
            Forbidden: the caller may only look.
            InvalidPayload: empty, no picture that we know, or broken. BadRequest: PAYLOAD_TOO_LARGE.
            StorageUnavailable: STORAGE_FULL, or STORAGE_UNAVAILABLE.
        """
        if not caller.may_act:
            raise Forbidden("A viewer can watch jobs but not upload files.")
        shown = read_file_name(name)
        found = await _look_into(shown, content)
        id_ = uuid.uuid4()
        preview = {
            "menu": found.menu and found.menu.model_dump(mode="json"),
            "width": found.width,
            "height": found.height,
        }
        upload = Upload(
            id=id_, kind=found.kind, name=shown, media_type=found.media_type, size=len(content),
            created_at=datetime.now(UTC), preview=preview,
        )  # fmt: skip
        # The file goes first: a row without its file would be found by a job.
        await self._store(upload.storage_key, content)
        try:
            async with (
                self._as(caller, within) as connection,
                writing_for_caller(connection, caller.organisation_id, caller.user_id),
            ):
                upload = await insert_upload(connection, caller.organisation_id, caller.user_id, upload)
        except BaseException:
            with contextlib.suppress(*FILE_ERRORS):  # the first error is the one to tell
                await asyncio.shield(self._files.delete(upload.storage_key))
            raise
        return _preview(upload)

    async def _store(self, key: str, content: bytes) -> None:
        try:
            await self._files.put(key, content)
        except FILE_ERRORS as error:
            raise StorageUnavailable.of(error) from error

    async def preview_file(self, caller: Caller, id_: UUID) -> Preview:
        """What is in an uploaded file, as it was found when it came.

        Raises:
            FileNotFound: there is none that the caller may see.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            found = await find_uploads(connection, [id_], caller.organisation_id)
        if not found:
            raise FileNotFound
        return _preview(found[0])

    async def _check_files(self, connection: Connection, caller: Caller, wanted: list[FileField]) -> list[UUID]:
        """The ids of the files that a payload names, each once, each of the kind that its field wants.

        Raises:
            InvalidPayload: one is not there, or of another kind.
        """
        ids = list({field.id for field in wanted})
        if not ids:
            return []
        found = {upload.id: upload for upload in await find_uploads(connection, ids, caller.organisation_id)}
        faults: list[dict[str, str]] = []
        for field in wanted:
            if field.id not in found:
                faults.append(
                    {"path": field.path, "message": "is no uploaded file of your organisation; upload it first"}
                )
            elif found[field.id].kind != field.kind:
                said = f"“{found[field.id].name}” is no {_KINDS[field.kind]}"
                faults.append({"path": field.path, "message": said})
        if faults:
            raise InvalidPayload("A file of the payload does not fit.", fields=faults)
        return ids


def _preview(upload: Upload) -> Preview:
    shown = upload.preview
    menu = MenuPreview.model_validate(shown["menu"]) if shown.get("menu") else None
    return Preview(upload=upload, menu=menu, width=shown.get("width"), height=shown.get("height"))


_KINDS = {"csv": "menu file (CSV)", "image": "picture"}


async def _look_into(name: str, content: bytes) -> Checked:
    """What is in a file, found out in another process: a file that keeps a parser busy, eats its memory or crashes it
    slows no request and takes nothing down.

    Raises:
        InvalidPayload, BadRequest: as `check_upload`; also when it takes too long.
    """
    try:
        with fail_after(CHECK_TIMEOUT_S):
            try:
                found = await _check_apart(name, content)
            except BrokenWorkerProcess:  # somebody may have killed it; a file that crashes it does so again
                found = await _check_apart(name, content)
    except (TimeoutError, BrokenWorkerProcess, MemoryError) as error:
        log.warning("upload_not_checked", size=len(content), reason=type(error).__name__)
        said = f"“{name}” cannot be read"
        raise InvalidPayload(f"{said}.", fields=[{"path": "file", "message": said}]) from error
    if isinstance(found, Exception):
        raise found
    return found


async def _check_apart(name: str, content: bytes) -> Checked | InvalidPayload | BadRequest:
    return await to_process.run_sync(check_upload_apart, name, content, cancellable=True, limiter=_checks())


@cache
def _checks() -> CapacityLimiter:
    return CapacityLimiter(CHECKS_AT_ONCE)
