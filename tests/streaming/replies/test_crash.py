"""Point 7 of what holds: a process that dies loses nothing that was acknowledged. And the other
ends of a server: told to stop, and a second one that must not start."""

import asyncio
import signal
from collections.abc import Callable
from uuid import uuid4

import httpx
import psycopg
import pytest

from streaming.replies.autosave import pause
from streaming.single_server import ADVISORY_LOCK
from tests.harness import WAIT_S
from tests.harness.fold import assert_follows_the_rules
from tests.harness.place import Person, place_at
from tests.harness.postgresql import PostgreSQL
from tests.harness.rest import ok
from tests.harness.server import KINDS, ChatServer, Kind
from tests.scripted.ollama_scripts import REPLY, words

OwnServer = Callable[..., ChatServer]
every_kind = pytest.mark.parametrize("kind", [*KINDS, "daphne-cli"])


async def message_until(person: Person, message_id: str, within: float = WAIT_S, **fields) -> dict:
    """The stored message, asked for until it has these fields."""
    row: dict = {}
    try:
        async with asyncio.timeout(within):
            while True:
                row = await person.rest.message(message_id)
                if all(row[name] == value for name, value in fields.items()):
                    return row
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not {fields} within {within} s, but {row}") from None


async def turned_away(person: Person) -> None:
    """Return when the server shows that it was told to end."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                answer = await person.rest.get("/readyz")
                if answer.status_code == 503:
                    assert int(answer.headers["Retry-After"]) > 0
                    return
            except httpx.TransportError:
                return  # it listens no more
            await asyncio.sleep(0.02)


@every_kind
async def test_point_7_killed_in_the_middle(own_server: OwnServer, kind: Kind):
    """After kill -9 and a start the question and the text that was kept are there, marked
    interrupted; the same client_id gets them, and the reply can be made again."""
    server = own_server(kind)
    server.start()
    async with place_at(server) as place:
        person = await place.person()
        chat, kept = await person.conversation(), "".join(words(4))
        gate = place.ollama.gate("seven")
        async with person.socket(chat) as socket:
            client_id = await socket.ask("Will this last?", model="gate:id=seven,n=8")
            start = await socket.next("message_start")
            gate.release(4)
            async with asyncio.timeout(WAIT_S):  # a GET shows what the row does not have yet
                while (await place.clerk("row", message_id=start["id"]))["content"] != kept:
                    await asyncio.sleep(0.05)
            server.kill()
            assert await socket.closed() == 1006
        await asyncio.to_thread(server.start)

        row = await message_until(person, start["id"], within=15, status="interrupted")
        assert row["content"] == kept
        assert row["error"]["code"] == "interrupted"
        assert row["completed_at"]
        messages = await person.rest.messages(chat)
        assert [m["content"] for m in messages] == ["Will this last?", kept]
        async with person.socket(chat) as socket:
            end = await socket.reply("Will this last?", client_id=client_id)
            assert (end["id"], end["status"]) == (start["id"], "interrupted")
            assert end["full_content"] == kept
            await socket.send(
                {
                    "type": "regenerate",
                    "client_id": str(uuid4()),
                    "message_id": start["id"],
                    "parameters": {"model": "normal"},
                }
            )
            new = await socket.next("message_start", parent_id=messages[0]["id"], seq=0)
            end = await socket.next("message_end", id=new["id"])
            assert end["full_content"] == "".join(REPLY)
            assert_follows_the_rules(socket.events)


@pytest.mark.parametrize(("running", "seconds"), [(1, 0.25), (10, 0.25), (40, 1), (500, 2)])
def test_few_replies_are_kept_more_often_than_many(running: int, seconds: float):
    assert pause(running) == seconds


async def test_point_7_killed_before_the_first_word(own_server: OwnServer):
    """The question survives, the reply is interrupted and empty, and one can go on by REST."""
    server = own_server("daphne")
    server.start()
    async with place_at(server) as place:
        person = await place.person()
        chat = await person.conversation()
        async with person.socket(chat) as socket:
            client_id = await socket.ask("Anyone?", model="hang")
            start = await socket.next("message_start")
            server.kill()
        await asyncio.to_thread(server.start)
        answer = ok(await person.rest.generate(chat, "Anyone?", client_id=client_id))
        assert answer["message"]["id"] == start["id"]
        assert (answer["message"]["status"], answer["message"]["content"]) == ("interrupted", "")
        answer = ok(await person.rest.generate(chat, "Still there?", model="normal"))
        assert answer["message"]["content"] == "".join(REPLY)
        assert len(await person.rest.messages(chat)) == 4
        sent = place.ollama.chats[-1].json["messages"]
        assert [m["content"] for m in sent] == ["Anyone?\n\nStill there?"]


@every_kind
async def test_told_to_end_it_lets_replies_finish(own_server: OwnServer, kind: Kind):
    """On SIGTERM a running reply may finish, and sockets close with 1012."""
    server = own_server(kind, CHAT_DRAIN_SECONDS=20)
    server.start()
    async with place_at(server) as place:
        person = await place.person()
        chat, idle = await person.conversation(), await person.conversation()
        gate = place.ollama.gate("drain")
        async with person.socket(chat) as socket, person.socket(idle) as other:
            await socket.ask(model="gate:id=drain,n=4")
            start = await socket.next("message_start")
            gate.release(1)
            await socket.said("word0 ")
            server.send(signal.SIGTERM)
            await turned_away(person)
            gate.open()
            for one in (socket, other):
                assert await one.closed() == 1012
                assert one.events[-1] == {
                    "type": "error",
                    "code": "restarting",
                    "message": "The server is restarting. Connect again.",
                }
            assert_follows_the_rules(socket.events)
        await asyncio.to_thread(server.wait)
        await asyncio.to_thread(server.start)
        row = await person.rest.message(start["id"])
        assert (row["status"], row["content"]) == ("completed", "".join(words(4)))


@every_kind
async def test_told_to_end_it_keeps_what_does_not_finish(own_server: OwnServer, kind: Kind):
    """A reply that takes too long at the end is interrupted with all of its text."""
    server = own_server(kind, CHAT_DRAIN_SECONDS=0.3)
    server.start()
    async with place_at(server) as place:
        person = await place.person()
        chat = await person.conversation()
        async with person.socket(chat) as socket:
            await socket.ask(model="stall:after=5")
            start = await socket.next("message_start")
            await socket.said("word4 ")
            server.send(signal.SIGTERM)
            assert await socket.closed() == 1012
            assert [end["status"] for end in socket.heard("message_end")] == ["interrupted"]
        assert await (await place.ollama.chat()).wait_ended() == "client_gone"
        await asyncio.to_thread(server.wait)
        await asyncio.to_thread(server.start)
        row = await person.rest.message(start["id"])
        assert row["error"]["code"] == "interrupted"
        assert (row["status"], row["content"]) == ("interrupted", "".join(words(5)))
        assert "Traceback" not in server.log


async def test_a_second_server_on_the_database_does_not_start(
    own_server: OwnServer, postgresql: PostgreSQL
):
    """Two processes could not share running replies: the second ends with a sentence. On
    PostgreSQL the first may be on another machine."""
    first = own_server("daphne")
    first.start()
    seconds = [own_server(kind, DATABASE_URL=first.environment["DATABASE_URL"]) for kind in KINDS]
    far = postgresql.database()
    seconds.append(own_server("uvicorn", DATABASE_URL=far))
    with psycopg.connect(far, autocommit=True) as elsewhere:
        elsewhere.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        ends = [asyncio.to_thread(second.run_until_it_ends) for second in seconds]
        assert 0 not in await asyncio.gather(*ends)
    for second in seconds:
        assert "Another server is running on this database" in second.log
        assert "Traceback" not in second.log
