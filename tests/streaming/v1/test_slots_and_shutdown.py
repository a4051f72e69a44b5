"""`/v1` while others are served first, and when the server is told to end."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable

import pytest

from tests.harness.place import Place, place_at
from tests.harness.server import ChatServer, Kind
from tests.streaming.v1.client import body, events, post, streaming, text, told


@pytest.fixture
async def narrow_place(own_server: Callable[..., ChatServer]) -> AsyncIterator[Place]:
    """One request at a time to the model, and comments that come often."""
    server = own_server("uvicorn", PROVIDER_MAX_CONCURRENCY=1, CHAT_HEARTBEAT_SECONDS=0.2)
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        yield place


async def test_the_position_in_the_queue_is_told(narrow_place: Place) -> None:
    """As a comment, which clients pass over, and in the order of the queue."""
    person = await narrow_place.person()
    gate = narrow_place.ollama.gate("a")
    async with streaming(person, "gate:n=1") as first:
        await first.until(": ping")
        async with streaming(person, "normal") as second:
            # The first ping may come before there is a position.
            assert await second.until("position") == ": ping\n: position 1"
            async with streaming(person, "normal") as third:
                assert await third.until("position") == ": ping\n: position 2"
                assert len(narrow_place.ollama.chats) == 1
                gate.open()
                for stream in (first, second, third):
                    assert text(events(await stream.rest()))


async def test_who_leaves_the_queue_was_never_asked_for(narrow_place: Place) -> None:
    person = await narrow_place.person()
    gate = narrow_place.ollama.gate("a")
    async with streaming(person, "gate:n=1") as first:
        await first.until(": ping")
        async with streaming(person, "echo") as second:
            await second.until("position 1")
        async with streaming(person, "normal") as third:
            await third.until("position 1")
            gate.open()
            await first.rest()
            await third.rest()
    left, *_ = await narrow_place.clerk("usage", user_id=person.id)
    assert (left["status"], left["total_tokens"]) == ("stopped", 0)
    assert [chat.model for chat in narrow_place.ollama.chats] == ["gate:n=1", "normal"]


async def test_the_end_of_the_server_is_told(
    own_server: Callable[..., ChatServer], kind: Kind
) -> None:
    """A reply has some seconds to finish; then its reader hears why it stops, the request to the
    model is closed, and what it cost is written down."""
    server = own_server(kind, CHAT_DRAIN_SECONDS=0.2)
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        person = await place.person()
        async with streaming(person, "stall:after=3") as stream:
            await stream.until("word2")
            whole = asyncio.create_task(post(person, body("hang")))
            await place.ollama.chat(1)
            server.send(signal.SIGTERM)
            told(events(await stream.rest())[-1], "unavailable")
            response = await whole
            assert response.status_code == 503
            told(response.json(), "unavailable")
        # uvicorn ends by the signal itself, once all is done.
        assert await asyncio.to_thread(server.wait) == (0 if kind == "daphne" else -signal.SIGTERM)
        for chat in place.ollama.chats:
            assert await chat.wait_ended() == "client_gone"
        records = await place.clerk("usage", user_id=person.id)
        assert [record["status"] for record in records] == ["interrupted"] * 2
    assert "Traceback" not in server.log
