"""HTTP to tool servers, with bounds. Imported with the SDK alone."""

import re
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx2
from mcp.client.auth.utils import extract_field_from_www_auth, extract_scope_from_www_auth

# Scopes that a refusal may name, and what one looks like (RFC 6749).
MOST_SCOPES: Final = 20
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")


class AnswerTooLong(Exception):
    """A server sent more than is taken of one answer."""


class Compressed(Exception):
    """A server sent what nobody asked for: a few bytes that become many."""


class ToolServerRefused(Exception):
    """A server refused a request, with an HTTP `status`. `scopes` are what a token needs for it."""

    def __init__(self, status: int, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(status)
        self.status, self.scopes = status, scopes


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
            raise ToolServerRefused(response.status_code, needed_scopes(response))
        return bounded(response, self._most)


def needed_scopes(response: httpx2.Response) -> tuple[str, ...]:
    """What a server says that a token lacks (`insufficient_scope`, RFC 6750)."""
    if response.status_code != 403:
        return ()
    if extract_field_from_www_auth(response, "error") != "insufficient_scope":
        return ()
    named = (extract_scope_from_www_auth(response) or "").split()[:MOST_SCOPES]
    return tuple(scope for scope in named if _SCOPE.fullmatch(scope))


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
