"""Connections are kept from one request to the next, and what that may cost is nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from providers import errors
from providers.base import Provider
from tests.providers.connect import inference_at, ollama_at, openai_at
from tests.providers.replies import ask

PROVIDERS = [ollama_at, openai_at, inference_at]
_EVENTS = (
    b'data: {"choices":[{"delta":{"content":"word"}}]}\n\n'
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
_LINES = b'{"message":{"content":"word"},"done":false}\n{"message":{},"done":true}\n'


class Server:
    """Answers chats on connections that stay open. The numbers of requests (from 1) in `drops` are
    read, and their connection is closed instead of an answer."""

    def __init__(self, drops: set[int]) -> None:
        self.drops = drops
        self.connections = self.requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
                await reader.readexactly(length)
                self.requests += 1
                if self.requests in self.drops:
                    return
                body = _LINES if b"/api/chat" in head else _EVENTS
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                    b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(body), body)
                )
                await writer.drain()
                # The mark of the end comes in a packet of its own, as from most servers.
                await asyncio.sleep(0.01)
                writer.write(b"0\r\n\r\n")
        except asyncio.IncompleteReadError:
            pass  # the client has closed it
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    make: Callable[..., Provider], drops: set[int]
) -> AsyncIterator[tuple[Provider, Server]]:
    server = Server(drops)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    provider = make(f"http://127.0.0.1:{port}")
    async with listener:
        try:
            yield provider, server
        finally:
            await provider.aclose()


@pytest.mark.parametrize("make", PROVIDERS)
async def test_one_connection_for_many_replies(make: Any) -> None:
    async with serving(make, set()) as (provider, server):
        replies = [await ask(provider, "m") for _ in range(5)]
        assert [(reply.content, reply.error) for reply in replies] == [("word", None)] * 5
        assert (server.requests, server.connections) == (5, 1)


@pytest.mark.parametrize("make", PROVIDERS)
async def test_a_kept_connection_that_is_closed_costs_nothing(make: Any) -> None:
    async with serving(make, {2}) as (provider, server):
        replies = [await ask(provider, "m") for _ in range(2)]
        assert [(reply.content, reply.error) for reply in replies] == [("word", None)] * 2
        assert (server.requests, server.connections) == (3, 2)


@pytest.mark.parametrize("make", PROVIDERS)
async def test_a_new_connection_that_is_closed_is_a_failure(make: Any) -> None:
    """And so is a second one: a request is repeated once, and never where it may have been read
    by a server that then failed over it."""
    async with serving(make, {1}) as (provider, server):
        reply = await ask(provider, "m")
        assert isinstance(reply.error, errors.ProviderUnavailable)
        assert server.requests == 1
    async with serving(make, {2, 3}) as (provider, server):
        await ask(provider, "m")
        reply = await ask(provider, "m")
        assert isinstance(reply.error, errors.ProviderUnavailable)
        assert server.requests == 3
