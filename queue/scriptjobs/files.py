"""Files of jobs (pictures, evidence, uploads) in a folder or in object storage."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

# What a storage that is full, forbidden or away raises.
FILE_ERRORS = (OSError, BaseError)
# How long a look at the storage may take, and for how long its answer holds.
LOOK_LIMIT_S = 3.0
LOOK_HOLDS_S = 10.0


class Files:
    """Puts and gets bytes by key. A key is `<job uuid>/<attempt>/<file name>`, or `uploads/<id>`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._look: tuple[float, bool] | None = None

    @classmethod
    def load(cls, files_url: str | None, var_dir: Path) -> "Files":
        """The storage at `files_url` (file://, s3://, gs://, az://), or the folder `files` in `var_dir`."""
        if files_url and "://" in files_url and not files_url.startswith("file://"):
            return cls(from_url(files_url))
        folder = Path(files_url.removeprefix("file://")) if files_url else var_dir / "files"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(LocalStore(folder.resolve(), automatic_cleanup=True))

    async def is_writable(self) -> bool:
        """Whether the storage takes a file; the answer may be ten seconds old."""
        now = time.monotonic()
        if self._look is None or now > self._look[0] + LOOK_HOLDS_S:
            try:
                await asyncio.wait_for(self.put("ready", b"ok"), LOOK_LIMIT_S)
                self._look = now, True
            except (*FILE_ERRORS, TimeoutError):
                self._look = now, False
        return self._look[1]

    async def put(self, key: str, content: bytes) -> None:
        """Store `content` under `key`."""
        await obstore.put_async(self._store, key, content)

    async def get(self, key: str) -> bytes | None:
        """What is stored under `key`, or None."""
        try:
            return bytes(await (await obstore.get_async(self._store, key)).bytes_async())
        except FileNotFoundError:
            return None

    async def delete(self, key: str) -> None:
        """Delete what is stored under `key`; nothing there is no fault."""
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, key)

    async def delete_all(self, prefix: str) -> None:
        """Delete everything whose key begins with `prefix`, which ends in a slash."""
        listed: Any = obstore.list(self._store, prefix)  # type: ignore[reportUnknownMemberType]
        async for batch in listed:
            await obstore.delete_async(self._store, [item["path"] for item in batch])
