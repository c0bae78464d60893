"""The way out of a script's browser: a small forward proxy that asks the fence before it connects anywhere.

A page can send requests in many ways that no hook of the browser sees: fetch, WebSocket, beacon, prefetch, workers. All
of them go through the browser's proxy. This one resolves each name itself and connects to the very address that it
judged, so a name cannot lead elsewhere the second time it is looked up.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

# Where a connection may go: addresses (host, port) to try, none when it may not. Asked for each request.
Judge = Callable[[str, int], Awaitable[list[tuple[str, int]]]]

_HEAD_BYTES = 64 * 1024
_CHUNK_BYTES = 64 * 1024
_HEAD_TIMEOUT_S = 30.0
_CONNECT_TIMEOUT_S = 15.0
_ABSOLUTE = re.compile(rb"([A-Z]{1,20}) http://([^/?#\s@]+)([^\s#]*) HTTP/1\.[01]\r\n")
_TUNNEL = re.compile(rb"CONNECT ([^\s/@]+) HTTP/1\.[01]\r\n")
_HOP_BY_HOP = re.compile(rb"(?im)^(?:proxy-[^:\r\n]*|connection|keep-alive):[^\r\n]*\r\n")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]{1,15})[ \t]*\r$")

log = structlog.get_logger()


class _Refused(Exception):
    """The fence does not let this request out, or the browser sent what is no request."""


@asynccontextmanager
async def serve_proxy(judge: Judge) -> AsyncGenerator[str]:
    """A proxy on this machine while the block runs. Gives its address (`http://127.0.0.1:<port>`)."""
    streams: set[asyncio.Task[None]] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        streams.add(task)
        try:
            await _serve(reader, writer, judge)
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
            log.debug("proxy_stream_broken", reason=str(error))
        finally:
            streams.discard(task)
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, limit=_HEAD_BYTES)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tuple(streams):
            task.cancel()
        await asyncio.gather(*streams, return_exceptions=True)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, judge: Judge) -> None:
    async with asyncio.timeout(_HEAD_TIMEOUT_S):
        head = await reader.readuntil(b"\r\n\r\n")
    try:
        if tunnel := _TUNNEL.match(head):
            out = await _connect(tunnel[1].decode("ascii", "replace"), 443, judge)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _both_ways(reader, writer, *out)
        elif request := _ABSOLUTE.match(head):
            out = await _connect(request[2].decode("ascii", "replace"), 80, judge)
            await _one_request(reader, writer, head, request, out)
        else:
            raise _Refused
    except _Refused:
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()


async def _connect(place: str, usual_port: int, judge: Judge) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = _parse(place, usual_port)
    addresses = await judge(host, port)
    if not addresses:
        raise _Refused
    error: Exception | None = None
    for address in addresses:
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                return await asyncio.open_connection(*address, limit=_HEAD_BYTES)
        except (OSError, TimeoutError) as failed:
            error = failed
    # The browser tells a refused proxy apart from a refused portal by the connection that ends without an answer.
    raise ConnectionError(f"no address of {host} answers") from error


def _parse(place: str, usual_port: int) -> tuple[str, int]:
    """Host and port; an IPv6 address stands in brackets."""
    host, _, port = place.rpartition(":") if re.search(r":[0-9]+$", place) else (place, "", "")
    if port and not 0 < int(port[:6]) < 65_536:
        raise _Refused
    return host.strip("[]").casefold(), int(port or usual_port)


async def _one_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, request: re.Match[bytes],
    out: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:  # fmt: skip
    """One plain request on one connection: the next one may be for another host, so both sides are told to close."""
    out_reader, out_writer = out
    first = b"%s %s HTTP/1.1\r\n" % (request[1], request[3] if request[3].startswith(b"/") else b"/" + request[3])
    rest = _HOP_BY_HOP.sub(b"", head[request.end() :])
    out_writer.write(first + rest.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n")
    body = _send_body(reader, out_writer, rest)
    try:
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(body)
            answer = await out_reader.readuntil(b"\r\n\r\n")
            while answer.startswith((b"HTTP/1.1 100", b"HTTP/1.1 103")):
                writer.write(answer)
                answer = await out_reader.readuntil(b"\r\n\r\n")
            writer.write(_HOP_BY_HOP.sub(b"", answer).removesuffix(b"\r\n") + b"Connection: close\r\n\r\n")
            await _pour(out_reader, writer)
            sending.cancel()
    finally:
        out_writer.close()


async def _send_body(reader: asyncio.StreamReader, out: asyncio.StreamWriter, head: bytes) -> None:
    """The body and no byte more; one of unknown length ends with the connection."""
    if length := _LENGTH.search(head):
        left = int(length[1])
        while left and (chunk := await reader.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            out.write(chunk)
            await out.drain()
    elif b"transfer-encoding:" in head.lower():
        await _pour(reader, out)


async def _both_ways(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, out_reader: asyncio.StreamReader,
    out_writer: asyncio.StreamWriter,
) -> None:  # fmt: skip
    """A tunnel, until either side closes it."""
    ways = [asyncio.ensure_future(_pour(reader, out_writer)), asyncio.ensure_future(_pour(out_reader, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        # What is on its way is delivered; a side that keeps the other half open gets a moment.
        await asyncio.wait(ways, timeout=1.0)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        out_writer.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
