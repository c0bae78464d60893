"""Uploaded files: kept for the jobs that name them, and gone with the last of those."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

SUFFIXES = {"text/csv": ".csv", "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}
# Letters of any script, digits and a few signs: neither path nor option nor control character.
_UNSAFE = re.compile(r"[^\w ().+-]|^-+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file. `kind` is csv or image, `size` in bytes; `preview` is what people see of it, as it was found."""

    id: UUID
    kind: str
    name: str
    media_type: str
    size: int
    created_at: datetime
    preview: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def storage_key(self) -> str:
        """Where the file lies. It follows from the id, so that no row can name somebody else's file."""
        return f"uploads/{self.id}"

    @property
    def suffix(self) -> str:
        """The end of a file's name that fits its content."""
        return SUFFIXES.get(self.media_type, "")

    @property
    def file_name(self) -> str:
        """Its own name, by which messages call it, made safe as a file's name, with an end that fits its content."""
        stem = self.name.rsplit(".", 1)[0] if "." in self.name else self.name
        return f"{_UNSAFE.sub('_', stem).strip(' .')[:80] or 'file'}{self.suffix}"


_COLUMNS = "id, kind, name, media_type, size, created_at, preview"
_INSERT = text(
    f"""
    insert into public.script_job_uploads
        (id, organisation_id, created_by, kind, name, media_type, size, storage_key, preview)
    values (:id, :organisation_id, :created_by, :kind, :name, :media_type, :size, :storage_key, :preview)
    returning {_COLUMNS}
    """  # noqa: S608 (a constant list of columns)
).bindparams(bindparam("preview", type_=JSONB))
# What a claimed job may read: files of its organisation that were named when it was made.
_FIND_OF_JOB = text(
    f"""
    select {_COLUMNS} from public.script_job_uploads u
    where id = any(:ids) and organisation_id = :organisation_id
      and exists (select from public.script_job_used_uploads used where used.upload_id = u.id and used.job_id = :job_id)
    """  # noqa: S608
)
# The lock on the rows, taken in the transaction that names them in a new job, keeps the sweep from deleting them
# between look and insert; the foreign key of the naming row takes the same lock again.
_FIND_OWN = text(
    f"""
    select {_COLUMNS} from public.script_job_uploads
    where id = any(:ids) and organisation_id = :organisation_id
    """  # noqa: S608
)
_USE = text("insert into public.script_job_used_uploads (job_id, upload_id) values (:job_id, :upload_id)")
# Named by no job, and older than the time in which somebody may still be filling in a form. A job that names the file
# at this moment holds a lock on the row (its foreign key), so the row is skipped.
_UNUSED = text(
    f"""
    select {_COLUMNS}
    from public.script_job_uploads u
    where u.created_at < now() - make_interval(secs => :age_s)
      and not exists (select from public.script_job_used_uploads used where used.upload_id = u.id)
    order by u.created_at
    limit :limit
    for update skip locked
    """  # noqa: S608 (a constant list of columns)
)
_DELETE = text("delete from public.script_job_uploads where id = :id")


async def insert_upload(connection: AsyncConnection, organisation_id: UUID, created_by: UUID, upload: Upload) -> Upload:
    """Note a file that was stored."""
    parts = ("id", "kind", "name", "media_type", "size", "storage_key", "preview")
    values = {name: getattr(upload, name) for name in parts}
    values |= {"organisation_id": organisation_id, "created_by": created_by}
    return Upload(**(await connection.execute(_INSERT, values)).mappings().one())


async def find_uploads(connection: AsyncConnection, ids: list[UUID], organisation_id: UUID) -> list[Upload]:
    """Those of these files that are the organisation's."""
    found = await connection.execute(_FIND_OWN, {"ids": ids, "organisation_id": organisation_id})
    return [Upload(**row) for row in found.mappings()]


async def find_uploads_of_job(
    connection: AsyncConnection, ids: list[UUID], *, job_id: UUID, organisation_id: UUID | None
) -> list[Upload]:
    """Those of these files that are the organisation's and were named when the job was made."""
    values = {"ids": ids, "job_id": job_id, "organisation_id": organisation_id}
    return [Upload(**row) for row in (await connection.execute(_FIND_OF_JOB, values)).mappings()]


async def use_uploads(connection: AsyncConnection, job_id: UUID, ids: list[UUID]) -> None:
    """Keep files as long as the job."""
    for id_ in ids:
        await connection.execute(_USE, {"job_id": job_id, "upload_id": id_})


async def lock_unused_uploads(connection: AsyncConnection, *, age_s: float, limit: int) -> list[Upload]:
    """Up to `limit` files older than `age_s` seconds that no job names, locked."""
    return [Upload(**row) for row in (await connection.execute(_UNUSED, {"age_s": age_s, "limit": limit})).mappings()]


async def delete_upload(connection: AsyncConnection, id_: UUID) -> None:
    """Forget a file."""
    await connection.execute(_DELETE, {"id": id_})
