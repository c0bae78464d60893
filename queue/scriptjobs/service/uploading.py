"""Uploading: files that jobs name by id, checked by what is in them."""

import asyncio
import io
import uuid
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from PIL import Image, UnidentifiedImageError

from scriptjobs.database import Connection
from scriptjobs.errors import BadRequest, FileNotFound, Forbidden, InvalidPayload
from scriptjobs.job_types import FileField
from scriptjobs.menu_csv import LIMIT_BYTES, Menu, read_menu
from scriptjobs.service.reading import Caller, Reading
from scriptjobs.store.uploads import Upload, find_uploads, insert_upload

IMAGE_LIMIT_BYTES = 5 * 1024 * 1024
IMAGE_LIMIT_PIXELS = 40_000_000
NAME_LIMIT = 120
_IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}

UPLOAD_LIMIT_BYTES = LIMIT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is in a file: its menu, or the size of its picture in pixels."""

    upload: Upload
    menu: Menu | None = None
    width: int | None = None
    height: int | None = None


class Uploading(Reading):
    """The part of ScriptJobService that takes files."""

    async def upload_file(self, caller: Caller, name: str, content: bytes) -> Preview:
        """Store a file: a menu as CSV, or a picture. A menu with faults is stored too: its preview tells them.

        Raises:
            Forbidden: the caller may only look.
            InvalidPayload: empty, no picture that we know, or broken. BadRequest: PAYLOAD_TOO_LARGE.
        """
        if not caller.may_act:
            raise Forbidden("A viewer can watch jobs but not upload files.")
        preview = await asyncio.to_thread(_look_into, name, content)
        upload = preview.upload
        # The file goes first: a row without its file would be found by a job.
        await self._files.put(upload.storage_key, content)
        # The membership was just checked; callers themselves may write no rows of files.
        async with self._database.as_service(f"user:{caller.user_id}") as connection:
            upload = await insert_upload(connection, caller.organisation_id, caller.user_id, upload)
        return Preview(upload=upload, menu=preview.menu, width=preview.width, height=preview.height)

    async def preview_file(self, caller: Caller, id_: UUID) -> Preview:
        """What is in an uploaded file.

        Raises:
            FileNotFound: there is none that the caller may see.
        """
        async with self._database.as_caller(caller.user_id) as connection:
            found = await find_uploads(connection, [id_], caller.organisation_id)
        content = await self._files.get(found[0].storage_key) if found else None
        if content is None:
            raise FileNotFound
        preview = await asyncio.to_thread(_look_into, found[0].name, content)
        return Preview(upload=found[0], menu=preview.menu, width=preview.width, height=preview.height)

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


_KINDS = {"csv": "menu file (CSV)", "image": "picture"}


def _look_into(name: str, content: bytes) -> Preview:
    shown = (name or "file").replace("\\", "/").rsplit("/", 1)[-1][-NAME_LIMIT:]
    if not content:
        raise _refuse(f"“{shown}” is empty")
    picture = _read_picture(shown, content)
    kind: Literal["csv", "image"] = "image" if picture else "csv"
    if picture is None and (b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff"))):
        raise _refuse(f"“{shown}” is neither a picture (PNG, JPEG, WebP, GIF) nor a CSV file")
    if picture is None and not shown.casefold().endswith((".csv", ".txt")):
        raise _refuse(f"“{shown}” is no picture (PNG, JPEG, WebP, GIF); a menu file's name ends in .csv")
    if len(content) > (IMAGE_LIMIT_BYTES if picture else LIMIT_BYTES):
        limit = (IMAGE_LIMIT_BYTES if picture else LIMIT_BYTES) // 1024**2
        raise BadRequest(f"“{shown}” is larger than {limit} MiB.", code="PAYLOAD_TOO_LARGE", limit=limit * 1024**2)
    id_ = uuid.uuid4()
    media_type, width, height = picture or ("text/csv", None, None)
    upload = Upload(
        id=id_, kind=kind, name=shown, media_type=media_type, size=len(content),
        created_at=datetime.now(UTC),
    )  # fmt: skip
    return Preview(upload=upload, menu=None if picture else read_menu(content), width=width, height=height)


def _read_picture(name: str, content: bytes) -> tuple[str, int, int] | None:
    """Media type, width and height of a picture; None when it is none.

    Raises:
        InvalidPayload: a picture that is broken, too large, or of a kind that the portal does not take.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as picture:
                width, height, kind = picture.width, picture.height, picture.format or ""
                if width * height > IMAGE_LIMIT_PIXELS:
                    raise _refuse(f"“{name}” has more than {IMAGE_LIMIT_PIXELS // 1_000_000} million pixels")
                picture.verify()
    except UnidentifiedImageError:
        return None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _refuse(f"“{name}” is a broken picture") from error
    if kind not in _IMAGE_TYPES:
        raise _refuse(f"“{name}” is {kind}; send PNG, JPEG, WebP or GIF")
    return _IMAGE_TYPES[kind], width, height


def _refuse(said: str) -> InvalidPayload:
    return InvalidPayload(f"{said}.", fields=[{"path": "file", "message": said}])
