"""Replies that hold a slot, and wait because their model makes fewer at once without saying so."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.harness.place import Place, place_at
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
from tests.harness.server import ChatServer, Kind
from tests.harness.several import no_failures, processes
from tests.harness.sockets import Socket
from tests.streaming.v1.client import events, streaming, text

MODEL = "gate:id=busy,n=1"


def one_at_a_time(place: Place) -> None:
    """Ollama has the model in memory and makes one reply at once."""
    place.ollama.loaded[MODEL] = 4096
    place.ollama.serve_at_once(1)


@pytest.fixture
async def own_place(own_server: Callable[..., ChatServer], kind: Kind) -> AsyncIterator[Place]:
    server = own_server(kind, CHAT_HEARTBEAT_SECONDS=0.2)
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        one_at_a_time(place)
        yield place


async def ask_by_turns(place: Place, stack: AsyncExitStack, count: int) -> list[Socket]:
    """So many replies of different people, one after the other, by all processes in turn."""
    sockets: list[Socket] = []
    for number in range(count):
        server = place.servers[number % len(place.servers)]
        person = await place.person()
        chat = await person.conversation()
        socket = await stack.enter_async_context(person.socket(chat, port=server.port))
        await socket.ask(model=MODEL)
        await place.ollama.chat(number)
        sockets.append(socket)
    return sockets


async def told_how_many_are_ahead(place: Place) -> None:
    gate = place.ollama.gate("busy")
    async with AsyncExitStack() as stack:
        first, *waiting = await ask_by_turns(place, stack, 5)
        await first.next("status", phase="prompt_eval")
        for ahead, socket in enumerate(waiting, 1):
            await socket.next("status", phase="queued", position=ahead)
            assert not socket.heard("status", phase="prompt_eval")
        second, stopped, third, fourth = waiting
        await stopped.stop(stopped.thread.messages[-1]["id"])
        await stopped.next("message_end", status="stopped")
        await third.next("status", phase="queued", position=2)
        await fourth.next("status", phase="queued", position=3)
        gate.release(2)
        await first.next("message_end", status="completed")
        await second.next("status", phase="prompt_eval")
        await third.next("status", phase="queued", position=1)
        await fourth.next("status", phase="queued", position=2)
        gate.release()
        await second.next("status", phase="generating")
        gate.open()
        for socket in (second, third, fourth):
            await socket.next("message_end", status="completed")
        assert [event["phase"] for event in second.heard("status")] == [
            "queued",
            "prompt_eval",
            "generating",
        ]


async def test_a_reply_is_told_how_many_are_ahead(own_place: Place):
    """Only the one that the model reads is in `prompt_eval`; the others move up when one ends or
    is stopped."""
    await told_how_many_are_ahead(own_place)


async def test_in_several_processes_as_in_one(
    postgresql: PostgreSQL, redis_server: RedisServer, tmp_path: Path
):
    """Those ahead count in whichever process they were asked."""
    async with processes(postgresql, redis_server, tmp_path, 2) as place:
        one_at_a_time(place)
        await told_how_many_are_ahead(place)
        no_failures(place)


async def test_replies_of_other_models_are_not_ahead(own_place: Place):
    """They may run beside it, as far as the server knows."""
    place = own_place
    place.ollama.loaded |= {"gate:id=busy,n=2": 4096}
    person = await place.person()
    async with AsyncExitStack() as stack:
        await ask_by_turns(place, stack, 1)
        other = await stack.enter_async_context(person.socket(await person.conversation()))
        await other.ask(model="gate:id=busy,n=2")
        await other.next("status", phase="prompt_eval")
        assert not other.heard("status", phase="queued")


async def test_pings_of_v1_say_it_too(own_place: Place):
    """Beside each ping, until something comes."""
    place = own_place
    person = await place.person()
    async with streaming(person, MODEL) as first:
        await place.ollama.chat(0)
        async with streaming(person, MODEL) as second:
            await second.until(": position 1")
            place.ollama.gate("busy").open()
            for stream in (first, second):
                assert text(events(await stream.rest()))
