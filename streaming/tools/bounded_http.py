"""HTTP to tool servers, with bounds. Imported with the SDK alone."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2


class AnswerTooLong(Exception):
    """A server sent more than is taken of one answer."""


class Compressed(Exception):
    """A server sent what nobody asked for: a few bytes that become many."""


class ToolServerRefused(Exception):
    """A server refused a request, with an HTTP `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ToolServerTransport(httpx2.AsyncHTTPTransport):
    """Takes so many bytes of each answer, and raises for credentials that are refused: the SDK
    would ask the older protocol then, and tell the refusal of that."""

    def __init__(self, most: int, **options: Any) -> None:
        super().__init__(**options)
        self._most = most

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if response.status_code in (401, 403) or response.status_code >= 500:
            await response.aclose()
            raise ToolServerRefused(response.status_code)
        return bounded(response, self._most)


def bounded(response: httpx2.Response, most: int) -> httpx2.Response:
    """The response, of which at most so many bytes can be read."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Compressed
    assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - for mypy
    response.stream = _Bounded(response.stream, most)
    return response


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream, self._left = stream, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0:
                raise AnswerTooLong
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
