"""Posted files: read from a multipart body of bounded size."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.types import Message

from scriptjobs.errors import BadRequest

# What a multipart body has beside its file: boundaries, headers, a few fields.
ENVELOPE_BYTES = 64 * 1024


async def read_multipart(
    request: Request, *, limit_bytes: int, max_files: int, max_fields: int, max_part_size: int = 64 * 1024
) -> FormData:
    """The fields and files of a posted form. Large files lie on disk while they are read.

    Raises:
        BadRequest: PAYLOAD_TOO_LARGE, also where no length was announced.
    """
    too_large = BadRequest(
        f"The upload is larger than {limit_bytes // 1024**2} MiB.", code="PAYLOAD_TOO_LARGE", limit=limit_bytes
    )
    whole = limit_bytes + ENVELOPE_BYTES
    if int(request.headers.get("content-length") or 0) > whole:
        raise too_large
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > whole:
            raise too_large
        return message

    return await Request(request.scope, receive).form(
        max_files=max_files, max_fields=max_fields, max_part_size=max_part_size
    )
