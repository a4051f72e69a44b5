"""Who stops reading frees the model at once; and how many can read at a time.

The same for every provider that has a connection. The limit of 100 ms is that of the contracts:
the best of three tries has to keep it, since a busy machine may be late once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from providers.base import Provider
from providers.inference import InferenceProvider
from providers.ollama import OllamaProvider
from providers.openai import OpenAIProvider
from tests.providers.replies import ask, request
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.openai import ScriptedOpenAI
from tests.scripted.record import Exchange
from tests.scripted.server import ScriptedServer

SEEN_WITHIN_S = 0.1
TRIES = 10

Pair = tuple[Provider, ScriptedServer]


@pytest.fixture(params=["ollama", "openai", "inference"])
async def pair(
    request: pytest.FixtureRequest,
    ollama: OllamaProvider,
    ollama_server: ScriptedOllama,
    openai: OpenAIProvider,
    inference: InferenceProvider,
    openai_server: ScriptedOpenAI,
) -> Pair:
    return {
        "ollama": (ollama, ollama_server),
        "openai": (openai, openai_server),
        "inference": (inference, openai_server),
    }[request.param]


async def _seen(server: ScriptedServer, stop: Callable[[int], Awaitable[Exchange]]) -> None:
    """`stop` number n lets go of a stream; the server has to notice soon, but for a few times on a
    busy machine."""
    for index in range(TRIES):
        exchange = await stop(index)
        stopped = time.monotonic()
        assert await exchange.wait_ended() == "client_gone"
        assert exchange.ended_at is not None
        if exchange.ended_at - stopped < SEEN_WITHIN_S:
            return
    raise AssertionError("the server was late to notice, every time")


async def test_cancel_before_headers(pair: Pair) -> None:
    provider, server = pair

    async def stop(index: int) -> Exchange:
        task = asyncio.create_task(ask(provider, "hang"))
        exchange = await server.chat(index)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return exchange

    await _seen(server, stop)


async def test_cancel_before_the_first_token(pair: Pair) -> None:
    """OpenAI's servers have sent their headers by then; Ollama has not."""
    provider, server = pair

    async def stop(index: int) -> Exchange:
        task = asyncio.create_task(ask(provider, "gate:id=closed"))
        exchange = await server.chat(index)
        while server.gate("closed").waiting < 1:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return exchange

    await _seen(server, stop)


async def test_close_after_some_text(pair: Pair) -> None:
    """Not by a cancelled task: the reader has enough and closes the generator."""
    provider, server = pair

    async def stop(index: int) -> Exchange:
        async with aclosing(provider.stream_chat(request("stall:after=3"))) as stream:
            while not (await anext(stream)).content:
                pass
        return await server.chat(index)

    await _seen(server, stop)


async def test_connection_is_closed_when_close_returns(pair: Pair) -> None:
    """Not some time later, when the generators underneath are collected: who is told "stopped"
    has to be able to rely on it."""
    provider, _ = pair
    async with aclosing(provider.stream_chat(request("stall:after=1"))) as stream:
        while not (await anext(stream)).content:
            pass
        assert _connections(provider) == 1
    assert _connections(provider) == 0


def _connections(provider: Any) -> int:
    wire = provider._server.options["transport"]
    session = getattr(wire, "_inner", wire).client
    return len(session.connector._acquired)


async def test_cancel_in_the_middle(pair: Pair) -> None:
    provider, server = pair

    async def stop(index: int) -> Exchange:
        task = asyncio.create_task(ask(provider, "endless:gap=0.001"))
        exchange = await server.chat(index)
        while exchange.sent < 5:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return exchange

    await _seen(server, stop)


async def test_close_after_the_end_is_no_error(pair: Pair) -> None:
    provider, server = pair
    reply = await ask(provider, "normal")
    assert reply.finish.reason == "stop"
    await (await server.chat()).wait_ended()


async def test_nothing_is_sent_before_the_first_step(pair: Pair) -> None:
    provider, server = pair
    stream = provider.stream_chat(request("normal"))
    await stream.aclose()
    assert server.exchanges == []


@pytest.mark.parametrize("streams", [150, 400])
async def test_many_streams_at_once(pair: Pair, streams: int) -> None:
    """None waits behind a pool: all have reached the server while none has got a token."""
    provider, server = pair
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(provider, "gate:id=all,n=3")) for _ in range(streams)]
        await server.chat(streams - 1)
        assert all(exchange.sent == 0 for exchange in server.chats)
        server.gate("all").open()
    replies = [task.result() for task in tasks]
    assert {reply.content for reply in replies} == {"word0 word1 word2 "}
    assert {reply.finish.reason for reply in replies} == {"stop"}
