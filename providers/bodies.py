"""Reads the bodies of answers in small pieces, so that they can be bounded.

A body comes in pieces of at most 4 KiB, uncompressed. A server may compress it although we did not
ask for that, and a little of it may then expand to much. A body whose bytes are always there would
block the event loop: other tasks get a turn after each 64 KiB of it, and when its reader has worked
for a while. Such readers take turns, one in each round of the loop, and threads take short ones.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import ExitStack
from typing import cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream, map_aiohttp_exceptions

from providers.short_turns import OF_THE_LOOP, short_turns

PIECE = 4 * 1024
# After which others get their turn: bytes, and seconds that the reader of a body has worked.
FAIR = 64 * 1024
FAIR_S = 0.002
# A server that lets its reader wait as long, in seconds, keeps nobody from a turn.
WAITED_S = 0.01
# Of an answer that is read whole: a list of models, what is known of one.
WHOLE = 8 * 1024 * 1024

# Of an answer with vectors: for each text, and in all.
VECTOR = 256 * 1024
VECTORS = 64 * 1024 * 1024

_INFLATED = {"gzip", "x-gzip", "deflate"}


# Readers that let others run now. Only a task of the event loop changes it.
_waiting = 0


class TooMuch(ValueError):
    """A server sent more than is taken. The text says of it what it did: "sent …"."""


class BoundedTransport(AiohttpTransport):
    """Answers whose bodies are as this module says."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, AiohttpResponseStream)  # noqa: S101 - for mypy
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        body = _BodyStream(response.stream, inflates=encoding in _INFLATED)
        if encoding not in {"identity", "", *_INFLATED}:
            await body.aclose()
            raise ValueError(f"compressed with {encoding[:20]}")
        response.headers.pop("content-encoding", None)
        response.stream = body
        return response


class _BodyStream(httpx.AsyncByteStream):
    def __init__(self, inner: AiohttpResponseStream, *, inflates: bool) -> None:
        self._inner = inner
        self._content: aiohttp.StreamReader = inner._aiohttp_response.content
        self._inflates = inflates

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # Both formats are told apart by their first bytes.
        inflating = zlib.decompressobj(zlib.MAX_WBITS | 32) if self._inflates else None
        clock, busy, since = time.monotonic, 0.0, 0
        with map_aiohttp_exceptions(), ExitStack() as turns:
            asked, short = clock(), False
            while data := await self._content.read(PIECE):
                began = clock()
                if began - asked > WAITED_S:
                    busy, since = 0.0, 0
                    if short:
                        turns.close()
                        short = False
                for piece in _inflated(data, inflating) if inflating else (data,):
                    yield piece
                    asked = clock()
                    busy += asked - began
                    began = asked
                    since += len(piece)
                    if busy >= FAIR_S or since >= FAIR:
                        busy, since = 0.0, 0
                        if not short:
                            turns.enter_context(short_turns(OF_THE_LOOP))
                            short = True
                        await _others()
                        asked = began = clock()

    async def aclose(self) -> None:
        await self._inner.aclose()


def pieces_of(response: httpx.Response) -> AsyncGenerator[bytes]:
    """The pieces of an answer as `BoundedTransport` gives them: bounded and inflated. httpx would
    hand each on through three generators of its own."""
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - for mypy
    return cast("AsyncGenerator[bytes]", response.stream.__aiter__())


async def _others() -> None:
    """Let others run: so many rounds of the event loop as there are readers that do the same. In
    one round each, ten of them would make everybody else wait ten times as long."""
    global _waiting
    _waiting += 1
    try:
        for _ in range(_waiting):
            await asyncio.sleep(0)
    finally:
        _waiting -= 1


def _inflated(data: bytes, inflating: "zlib._Decompress") -> Iterator[bytes]:
    piece = None
    while data or piece:
        try:
            piece = inflating.decompress(data, PIECE)
        except zlib.error as exc:
            raise ValueError("not compressed") from exc
        data = inflating.unconsumed_tail
        if piece:
            yield piece


async def read_whole(pieces: AsyncIterator[bytes], most: int = WHOLE) -> bytes:
    """Return a whole body. Raises `TooMuch`."""
    parts, size = [], 0
    async for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > most:
            raise TooMuch(f"sent an answer of more than {most // 2**20} MB")
    return b"".join(parts)


def most_of_vectors(texts: int) -> int:
    """How many bytes the answer with the vectors of so many texts may have."""
    return min(WHOLE + texts * VECTOR, VECTORS)
