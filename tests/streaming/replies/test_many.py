"""Many at once, and a network that fails all the time."""

import asyncio
import random
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from websockets.exceptions import WebSocketException

from tests.harness import WAIT_S
from tests.harness.fold import assert_follows_the_rules
from tests.harness.place import Person, Place
from tests.harness.proxy import Proxy
from tests.harness.rest import ok
from tests.harness.sockets import Closed, Socket
from tests.scripted.ollama_scripts import words

STREAMS = 150
LANES, CUTS = 4, 25


async def test_150_streams_at_once_none_waits(place: Place):
    """All 150 requests are open at the model before the first is answered, and all are whole."""
    # A person may make sixty conversations at once.
    people = [await place.person() for _ in range(3)] * (STREAMS // 3)
    model = "gate:id=many,n=5"
    async with AsyncExitStack() as stack:
        chats = await asyncio.gather(*(person.conversation() for person in people))
        sockets = await asyncio.gather(
            *(
                stack.enter_async_context(person.socket(chat))
                for person, chat in zip(people, chats, strict=True)
            )
        )
        await asyncio.gather(*(socket.ask(model=model) for socket in sockets))
        async with asyncio.timeout(2 * WAIT_S):
            await place.ollama.chat(STREAMS - 1)
        gate = place.ollama.gate("many")
        gate.release(STREAMS)
        await asyncio.gather(*(socket.said("word0 ") for socket in sockets))
        gate.open()
        ends = await asyncio.gather(*(s.next("message_end", 2 * WAIT_S) for s in sockets))
        assert {end["full_content"] for end in ends} == {"".join(words(5))}
        for socket in sockets:
            assert_follows_the_rules(socket.events)
    assert len(place.ollama.chats) == STREAMS


async def one_cut(person: Person, chat: str, proxy: Proxy, chance: random.Random) -> str:
    """Ask over a socket that is cut somewhere; when there is no end, ask by REST with the same
    client_id, as the page does. Gives the client_id."""
    client_id, question = str(uuid4()), f"Question {uuid4()}"
    # From inside the handshake to behind the end of the reply, both ways.
    if chance.random() < 0.3:
        proxy.cut_after(up=chance.randrange(1, 700))
    else:
        proxy.cut_after(down=chance.randrange(0, 4500))
    model = "paced:n=12,gap=0.003"
    end = None
    try:
        async with person.socket(chat, port=proxy.port) as socket:
            await socket.ask(question, client_id=client_id, model=model)
            end = await end_of(socket, client_id)
    except (OSError, WebSocketException, Closed):
        pass  # cut, at some point
    if end is None:
        answer = ok(await person.rest.generate(chat, question, client_id=client_id, model=model))
        end = answer["message"] | {"full_content": answer["message"]["content"]}
    assert end["status"] == "completed"
    assert end["full_content"] == "".join(words(12))
    return client_id


async def end_of(socket: Socket, client_id: str) -> dict:
    start = await socket.next("message_start", client_id=client_id)
    end = await socket.next("message_end", id=start["id"])
    assert_follows_the_rules(socket.events)
    return end


async def test_a_hundred_cuts_in_a_row(place: Place):
    """However the socket is cut, every reply is complete and made once."""
    person = await place.person()

    async def lane(number: int) -> None:
        chance = random.Random(number)
        chat = await person.conversation()
        async with Proxy(place.server.port) as proxy:
            asked = [await one_cut(person, chat, proxy, chance) for _ in range(CUTS)]
        messages = await person.rest.messages(chat, branch="all")
        assert [m["client_id"] for m in messages if m["role"] == "user"] == asked
        assert [m["client_id"] for m in messages if m["role"] == "assistant"] == asked
        replies = {m["content"] for m in messages if m["role"] == "assistant"}
        assert replies == {"".join(words(12))}
        # In a row: each question hangs under the reply before it.
        assert messages == await person.rest.messages(chat)

    async with asyncio.TaskGroup() as group:
        for number in range(LANES):
            group.create_task(lane(number))
    assert len(place.ollama.chats) == LANES * CUTS


async def test_coming_back_again_and_again_during_one_reply(place: Place):
    """A socket that is cut thirty times while a reply is made: each time the snapshot and what
    follows it, and in the end all of the text, with nothing twice."""
    person = await place.person()
    chat = await person.conversation()
    gate = place.ollama.gate("again")
    async with Proxy(place.server.port) as proxy:
        async with person.socket(chat, port=proxy.port) as socket:
            client_id = await socket.ask(model="gate:id=again,n=30")
            await socket.next("message_start", client_id=client_id)
        for number in range(30):
            async with person.socket(chat, port=proxy.port) as socket:
                start = await socket.next("message_start", client_id=client_id)
                assert start["content"] == "".join(words(number))
                gate.release()
                await socket.said(f"word{number} ")
                proxy.cut()
                await socket.closed()
        gate.open()
    async with person.socket(chat) as socket:
        end = await socket.reply(client_id=client_id)
        assert end["full_content"] == "".join(words(30))
    assert len(place.ollama.chats) == 1


async def test_a_network_that_swallows_or_delays(place: Place):
    """A socket through which nothing comes loses nothing: the same client_id by REST has it all,
    and a slow one gets everything in order."""
    person = await place.person()
    chat = await person.conversation()
    async with Proxy(place.server.port) as proxy:
        async with person.socket(chat, port=proxy.port) as socket:
            await socket.next("ready")
            proxy.swallow = True
            client_id = await socket.ask()
            answer = ok(await person.rest.generate(chat, client_id=client_id))
            assert answer["message"]["client_id"] == client_id
            assert socket.heard("message_end") == []
        proxy.swallow, proxy.delay = False, 0.02
        async with person.socket(chat, port=proxy.port) as socket:
            end = await socket.reply(model="paced:n=40,gap=0.002")
            assert end["full_content"] == "".join(words(40))
            assert_follows_the_rules(socket.events)
        proxy.blocked = True
        with pytest.raises((OSError, WebSocketException)):
            await person.socket(chat, port=proxy.port).__aenter__()
    assert len(place.ollama.chats) == 2
