"""Gives Ollama's official client each JSON document of a stream as one line.

That client asks httpx for lines, which splits like `str.splitlines`: also at U+0085, U+2028 and
U+2029, which may stand unescaped inside a JSON string. It fails on empty lines, by which servers
keep a connection alive. Here the documents are found (see `stream_reader`), and handed on as they
are, past the four generators through which httpx would pass each line.
"""

from collections.abc import AsyncIterator
from functools import partial

import httpx

from providers.bodies import pieces_of
from providers.stream_reader import StreamReader


class LineSafeTransport(httpx.AsyncBaseTransport):
    """Another transport; the lines of its streamed chats are their JSON documents."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        # Compressed bytes are not text.
        plain = response.status_code == 200 and "content-encoding" not in response.headers
        if plain and request.url.path.endswith(("/api/chat", "/api/generate")):
            lines = partial(_documents, pieces_of(response))
            response.aiter_lines = lines  # type: ignore[method-assign]
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _documents(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    reader = StreamReader()
    async for piece in pieces:
        for document in reader.feed(piece):
            yield document
    for document in reader.end():
        yield document
