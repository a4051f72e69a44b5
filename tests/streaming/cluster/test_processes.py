"""Several processes of one installation: one reply wherever one asks, and none lost when a process
is killed, stopped or told to end. When Redis goes away: `test_redis_away.py`."""

import asyncio
import random
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from tests.harness import WAIT_S
from tests.harness.chaos import chaos
from tests.harness.fold import assert_follows_the_rules, assert_same
from tests.harness.place import Person
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
from tests.harness.rest import ok
from tests.harness.roaming import Roamer
from tests.harness.server import ChatServer
from tests.harness.several import no_failures, processes
from tests.harness.sockets import Closed, Socket
from tests.scripted.ollama_scripts import REPLY, words

POOL = 10  # connections of one process to PostgreSQL, at most
WHOLE = "".join(REPLY)
Redis = Callable[..., RedisServer]


async def message_until(person: Person, server: ChatServer, message_id: str, **fields) -> dict:
    """The stored message as one process tells it, asked for until it has these fields."""
    rest, row = person.rest_at(server), {}
    async with asyncio.timeout(WAIT_S):
        while any(row.get(name) != value for name, value in fields.items()):
            await asyncio.sleep(0.05)
            row = await rest.message(message_id)
    return row


# --- One reply, whoever is asked ------------------------------------------------------------------


async def test_one_turn_over_four_processes(
    postgresql: PostgreSQL, redis_server: RedisServer, tmp_path: Path
):
    """Asked in one, watched in a second, repeated by REST in a third, stopped in a fourth: one
    generation, and the same text everywhere. The same with ten calls at once."""
    async with processes(postgresql, redis_server, tmp_path, 4) as place:
        a, b, c, d = place.servers
        person = await place.person()
        chat = await person.conversation()
        async with person.socket(chat, port=a.port) as one, person.socket(chat, port=b.port) as two:
            client_id = await one.ask(model="stall:after=3")
            start = await two.next("message_start", client_id=client_id)
            for socket in (one, two):
                await socket.said("word2 ")
            call = asyncio.create_task(
                person.rest_at(c).generate(chat, client_id=client_id, model="stall:after=3")
            )
            async with person.socket(chat, port=c.port) as three:
                assert (await three.next("message_start"))["content"] == "".join(words(3))
                stopped = await person.rest_at(d).stop(chat, start["id"])
                assert (stopped["status"], stopped["content"]) == ("stopped", "".join(words(3)))
                for socket in (one, two, three):
                    end = await socket.next("message_end", id=start["id"])
                    assert (end["status"], end["full_content"]) == ("stopped", "".join(words(3)))
                    assert_follows_the_rules(socket.events)
            assert ok(await call)["message"]["id"] == start["id"]
            assert await (await place.ollama.chat()).wait_ended() == "client_gone"
            client_id = str(uuid4())
            rests = [person.rest_at(server) for server in place.servers]
            answers = await asyncio.gather(
                *(rest.generate(chat, "All", client_id=client_id) for rest in rests * 3)
            )
            assert len({ok(answer)["message"]["id"] for answer in answers}) == 1
            for socket in (one, two):
                await socket.next("message_end", full_content=WHOLE)
            assert_same(one.thread.messages, await person.rest.messages(chat))
            assert_same(one.thread.messages, two.thread.messages)
        assert len(place.ollama.chats) == 2
        no_failures(place)


async def test_news_reaches_all_processes(
    postgresql: PostgreSQL, redis_server: RedisServer, tmp_path: Path
):
    """A title, a queue, a revoked key, a sign-out and a deletion in one process are told on the
    sockets of another; a queued message is said once."""
    async with processes(postgresql, redis_server, tmp_path, 2) as place:
        a, b = place.servers
        person = await place.person()
        chat, other = await person.conversation(), await person.conversation()
        made = ok(await person.page.post("/api/keys/", {"name": "second"}), 201)
        async with (
            person.socket(chat, port=b.port) as socket,
            person.socket(other, port=b.port) as second,
        ):
            await socket.next("ready")
            await person.rest_at(a).patch(f"/api/conversations/{chat}/", {"title": "New"})
            await socket.next("conversation", title="New")
            gate = place.ollama.gate("news")
            await socket.ask("One", model="gate:id=news,n=1")
            await socket.next("message_start")
            await person.rest_at(a).generate(chat, "Two", queue=True)
            await socket.until(lambda: socket.heard("queue"), WAIT_S, "the queue")
            gate.open()
            await socket.next("user_message", content="Two")
            await socket.next("message_end", status="completed")
            await socket.until(lambda: not socket.heard("queue")[-1]["items"], WAIT_S, "no queue")
            await second.next("ready")
            assert (await person.rest_at(a).delete(f"/api/conversations/{other}/")).is_success
            assert await second.closed() == 4404
        rows = await person.rest.messages(chat)
        assert [row["content"] for row in rows if row["role"] == "user"] == ["One", "Two"]
        headers = {"Authorization": f"Bearer {made['key']}"}
        async with Socket(f"ws://{b.address}/ws/chat/{chat}/", headers) as keyed:
            await keyed.next("ready")
            await person.page.delete(f"/api/keys/{made['id']}/")
            assert await keyed.closed() == 4401
        no_failures(place)


async def test_news_outlives_its_connections(
    postgresql: PostgreSQL, own_redis: Callable[..., RedisServer], tmp_path: Path
):
    """Redis closes every connection, as it does when it starts again: what is told right after
    reaches the sockets of the other process."""
    redis_server = own_redis()
    redis_server.start()
    async with processes(postgresql, redis_server, tmp_path, 2) as place:
        a, b = place.servers
        person = await place.person()
        rest = person.rest_at(a)
        chats = [await person.conversation() for _ in range(6)]
        async with AsyncExitStack() as stack:
            sockets = [
                await stack.enter_async_context(person.socket(chat, port=b.port)) for chat in chats
            ]
            for number, (chat, socket) in enumerate(zip(chats, sockets, strict=True)):
                await socket.next("ready")
                assert redis_server.drop_connections() > 2
                if number % 3 == 0:
                    ok(await rest.generate(chat))
                    await socket.next("message_end", full_content=WHOLE)
                elif number % 3 == 1:
                    await rest.patch(f"/api/conversations/{chat}/", {"title": "New"})
                    await socket.next("conversation", title="New")
                else:
                    assert (await rest.delete(f"/api/conversations/{chat}/")).is_success
                    assert await socket.closed() == 4404


async def test_whoever_waits_holds_no_connection(
    postgresql: PostgreSQL, own_redis: Callable[..., RedisServer], tmp_path: Path
):
    """120 calls of `generate` that wait, half of them for a reply of the other process, and 60
    sockets: a few connections to PostgreSQL and to Redis for each process, no more."""
    redis_server = own_redis()  # whose connections are all of these two
    redis_server.start()
    async with processes(postgresql, redis_server, tmp_path, 2) as place:
        a, b = place.servers
        person = await place.person()
        chats = [await person.conversation() for _ in range(60)]
        model = "gate:id=many,n=2"
        async with AsyncExitStack() as stack:
            for chat in chats:
                await stack.enter_async_context(person.socket(chat, port=b.port))
            calls = [
                asyncio.create_task(
                    person.rest_at(server).generate(chat, client_id=chat, model=model)
                )
                for chat in chats
                for server in (a, b)
            ]
            async with asyncio.timeout(2 * WAIT_S):
                await place.ollama.chat(59)
            database = urlsplit(a.environment["DATABASE_URL"]).path.strip("/")
            assert postgresql.connections(database) <= 2 * POOL + 2
            assert redis_server.connections() < 40
            place.ollama.gate("many").open()
            answers = [ok(answer)["message"]["content"] for answer in await asyncio.gather(*calls)]
            assert set(answers) == {"".join(words(2))}
        assert len(place.ollama.chats) == 60
        no_failures(place)


# --- Processes that end ---------------------------------------------------------------------------


async def test_killed_its_replies_are_interrupted_and_others_told(
    postgresql: PostgreSQL, redis_server: RedisServer, tmp_path: Path
):
    """kill -9: within 15 s the reply is `interrupted`, with all the text that reached the log; who
    follows it elsewhere is told; it can be made again; what waited is said once."""
    async with processes(postgresql, redis_server, tmp_path) as place:
        a, b, _ = place.servers
        person = await place.person()
        chat = await person.conversation()
        gate = place.ollama.gate("kill")
        async with person.socket(chat, port=b.port) as socket:
            async with person.socket(chat, port=a.port) as doomed:
                await doomed.ask("One", model="gate:id=kill,n=9")
                start = await doomed.next("message_start")
                gate.release(5)
                await socket.said("word4 ")
                await socket.ask("Two", queue=True)
                await socket.until(lambda: socket.heard("queue"), WAIT_S, "the queue")
                a.kill()
                assert await doomed.closed() == 1006
            end = await socket.next("message_end", 15, id=start["id"])
            assert (end["status"], end["full_content"]) == ("interrupted", "".join(words(5)))
            assert end["error"]["code"] == "interrupted"
            row = await person.rest.message(start["id"])
            assert (row["status"], row["content"]) == ("interrupted", "".join(words(5)))
            asked = await socket.next("user_message", content="Two")
            gate.open()
            told = await socket.next("message_start", parent_id=asked["id"])
            await socket.next("message_end", id=told["id"], status="completed")
            await socket.send(
                {"type": "regenerate", "client_id": str(uuid4()), "message_id": start["id"]}
            )
            await socket.next("message_end", status="completed")
            assert_follows_the_rules(socket.events)
        place.servers.remove(a)
        assert len(place.ollama.chats) == 3
        no_failures(place)


async def test_one_that_slept_changes_nothing_when_it_wakes(
    postgresql: PostgreSQL, redis_server: RedisServer, tmp_path: Path
):
    """SIGSTOP in mid-reply: others close it. SIGCONT, and the model says more: neither log nor row
    change, and its own sockets are told the same end."""
    async with processes(postgresql, redis_server, tmp_path, 2) as place:
        a, b = place.servers
        person = await place.person()
        chat = await person.conversation()
        gate = place.ollama.gate("nap")
        async with (
            person.socket(chat, port=a.port) as sleeping,
            person.socket(chat, port=b.port) as socket,
        ):
            await sleeping.ask(model="gate:id=nap,n=6")
            start = await sleeping.next("message_start")
            gate.release(3)
            for one in (sleeping, socket):
                await one.said("word2 ")
            a.send(signal.SIGSTOP)
            end = await socket.next("message_end", 15, id=start["id"])
            assert (end["status"], end["full_content"]) == ("interrupted", "".join(words(3)))
            before = await person.rest_at(b).message(start["id"])
            gate.open()
            a.send(signal.SIGCONT)
            assert await (await place.ollama.chat()).wait_ended() in ("client_gone", "complete")
            # It has more text than was stored, or it has not: a new beginning, or the end.
            try:
                assert await sleeping.next("message_end") == end
            except Closed:
                assert sleeping.close_code == 1012
            async with person.socket(chat, port=a.port) as again:
                await again.ask(client_id=start["client_id"])
                assert await again.next("message_end", id=start["id"]) == end
                await again.reply("Go on")
            after = await person.rest_at(a).message(start["id"])
            assert after == before
        assert "ended by another process" in a.log
        no_failures(place)


async def test_told_to_end_it_hands_over(
    postgresql: PostgreSQL, redis_server: RedisServer, tmp_path: Path
):
    """SIGTERM: not ready at once, its sockets come back elsewhere in mid-reply, the reply is
    finished by who began it; what does not finish in time is interrupted with all of its text."""
    async with processes(postgresql, redis_server, tmp_path, 3, CHAT_DRAIN_SECONDS=10) as place:
        for server, other in zip(place.servers, place.servers[1:], strict=False):
            person = await place.person()
            chat, late = await person.conversation(), await person.conversation()
            gate = place.ollama.gate(f"over{server.port}")
            async with (
                person.socket(chat, port=server.port) as socket,
                person.socket(late, port=server.port) as slow,
            ):
                client_id = await socket.ask(model=f"gate:id=over{server.port},n=4")
                await slow.ask(model="stall:after=2")
                late_id = (await slow.next("message_start"))["id"]
                await slow.said("word1 ")
                gate.release(1)
                await socket.said("word0 ")
                server.send(signal.SIGTERM)
                async with person.socket(chat, port=other.port) as moved:
                    # In the snapshot, or right behind it: Redis gets the text a little later.
                    await moved.said("word0 ")
                    gate.open()
                    end = await moved.next("message_end")
                    assert end["status"] == "completed"
                    assert end["full_content"] == "".join(words(4))
                for one in (socket, slow):
                    assert await one.closed() == 1012
            assert await asyncio.to_thread(server.wait) in (0, -signal.SIGTERM)
            row = await message_until(person, other, late_id, status="interrupted")
            assert row["content"] == "".join(words(2))
            again = await person.rest_at(other).generate(chat, client_id=client_id)
            assert ok(again)["message"]["id"] == end["id"]
            server.start()
        no_failures(place)


# --- All of it at once ----------------------------------------------------------------------------


async def test_every_process_is_restarted_under_fifty_streams(
    postgresql: PostgreSQL, redis_server: RedisServer, tmp_path: Path
):
    """SIGTERM, end, start, one process after the other, while fifty replies are made: all of them
    are whole, and made once; whoever watches comes back elsewhere."""
    text = "".join(words(70))
    async with processes(postgresql, redis_server, tmp_path) as place:
        person = await place.person()
        roamers = [
            Roamer(place, person, await person.conversation(), random.Random(number))
            for number in range(50)
        ]
        model = "paced:n=70,gap=0.1"
        turns = [asyncio.create_task(one.turn("Hello", model, patience=600)) for one in roamers]
        async with asyncio.timeout(WAIT_S):
            await place.ollama.chat(49)
        for server in place.servers:
            await asyncio.to_thread(server.terminate)
            await asyncio.to_thread(server.start)
        for end in await asyncio.gather(*turns):
            assert (end["status"], end["full_content"]) == ("completed", text)
        for one in roamers:
            await one.check(text)
        assert len(place.ollama.chats) == 50
        assert sum(one.count["cut"] for one in roamers) > 0
        no_failures(place)


async def test_chaos(postgresql: PostgreSQL, redis_server: RedisServer, tmp_path: Path):
    """The short form of `bench/chaos.py`."""
    async with processes(postgresql, redis_server, tmp_path, 4, CHAT_DRAIN_SECONDS=2) as place:
        await chaos(place, redis_server, seed=1, generations=48, lanes=12)
        no_failures(place)
