"""Posted forms, with files or without: read from a body of bounded size."""

import contextlib

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from scriptjobs.errors import BadRequest
from scriptjobs.values import read_whole_number

# What a multipart body has beside its file: boundaries, headers, a few fields.
ENVELOPE_BYTES = 64 * 1024
_MOST = 10**18 - 1
_CHARSETS = {"utf-8", "utf8", "us-ascii", ""}


def announced_bytes(request: Request) -> int:
    """How long the body is to be, by its header; 0 when that is missing or no number, so that only counting helps."""
    with contextlib.suppress(ValueError):
        return read_whole_number(request.headers.get("content-length", ""), 0, _MOST)
    return 0


async def read_form(
    request: Request, *, limit_bytes: int, max_files: int, max_fields: int, max_part_size: int = 64 * 1024
) -> FormData:
    """The fields and files of a posted form. Large files lie on disk while they are read.

    Raises:
        BadRequest: PAYLOAD_TOO_LARGE, also where no length was announced; not UTF-8, or no form at all.
    """
    size = f"{limit_bytes // 1024**2} MiB" if limit_bytes >= 1024**2 else f"{limit_bytes // 1024} KiB"
    too_large = BadRequest(f"What was sent is larger than {size}.", code="PAYLOAD_TOO_LARGE", limit=limit_bytes)
    whole = limit_bytes + ENVELOPE_BYTES
    if announced_bytes(request) > whole:
        raise too_large
    _, options = parse_options_header(request.headers.get("content-type", ""))
    if options.get(b"charset", b"").decode("latin-1").lower() not in _CHARSETS:
        raise BadRequest("Send the form in UTF-8.", code="UNSUPPORTED_MEDIA_TYPE")
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > whole:
            raise too_large
        return message

    try:
        return await Request(request.scope, receive).form(
            max_files=max_files, max_fields=max_fields, max_part_size=max_part_size
        )
    except HTTPException as error:
        raise BadRequest(f"The form cannot be read: {error.detail}") from error
    except FormParserError as error:
        raise BadRequest(f"The form cannot be read: {error}") from error
