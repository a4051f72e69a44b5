"""Keeps a line of JSON one line, whatever characters are in it, and leaves out empty ones.

httpx splits lines like `str.splitlines`: also at U+0085, U+2028 and U+2029. These may stand
unescaped inside a JSON string, and the ollama client then fails in the middle of a good reply.
Here they are escaped on their way in, which JSON allows wherever they may stand, so that the
client sees the same text. An empty line, by which a server may keep a connection alive, is none
to that client either: it fails on it. Works on bytes and across pieces that cut a character.
"""

import re
from collections.abc import AsyncIterator

import httpx

_ESCAPES = (
    (b"\xc2\x85", rb"\u0085"),
    (b"\xe2\x80\xa8", rb"\u2028"),
    (b"\xe2\x80\xa9", rb"\u2029"),
)
# How a piece may end when it cuts one of them.
_CUTS = (b"\xe2\x80", b"\xc2", b"\xe2")
_SPACE = b" \t\r\n"
_EMPTY_LINES = re.compile(rb"\n[ \t\r\n]+")


class LineSafeTransport(httpx.AsyncBaseTransport):
    """Another transport, whose responses hold no line end but those between lines."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if "content-encoding" not in response.headers:  # compressed bytes are not text
            assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - for mypy
            response.stream = _CleanStream(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _CleanStream(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest, between = b"", True  # at the start of a line
        async for piece in self._inner:
            text = rest + piece if rest else piece
            rest = next((cut for cut in _CUTS if text.endswith(cut)), b"")
            if rest:
                text = text[: -len(rest)]
            for raw, escaped in _ESCAPES:
                if raw in text:
                    text = text.replace(raw, escaped)
            text = _EMPTY_LINES.sub(b"\n", text.lstrip(_SPACE) if between else text)
            if text:
                between = text.endswith(b"\n")
                yield text
        if rest:
            yield rest

    async def aclose(self) -> None:
        await self._inner.aclose()
