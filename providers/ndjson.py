"""Makes each JSON document of Ollama's stream a line that its official client can read.

That client splits lines like `str.splitlines`: also at U+0085, U+2028 and U+2029, which may stand
unescaped inside a JSON string, and it fails on empty lines, by which servers keep a connection
alive. Here the documents are found first (see `stream_reader`), and those characters escaped.
"""

import re
from collections.abc import AsyncIterator

import httpx

from providers.stream_reader import StreamReader

_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


class LineSafeTransport(httpx.AsyncBaseTransport):
    """Another transport, whose streamed chats are one JSON document a line."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        # Compressed bytes are not text.
        plain = response.status_code == 200 and "content-encoding" not in response.headers
        if plain and request.url.path.endswith(("/api/chat", "/api/generate")):
            assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - for mypy
            response.stream = _LineStream(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _LineStream(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        reader = StreamReader()
        async for piece in self._inner:
            for event in reader.feed(piece):
                yield _line(event)
        for event in reader.end():
            yield _line(event)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _line(event: str) -> bytes:
    if not event.isascii():
        event = _LINE_ENDS.sub(lambda end: f"\\u{ord(end[0]):04x}", event)
    return event.replace("\n", " ").replace("\r", " ").encode() + b"\n"
