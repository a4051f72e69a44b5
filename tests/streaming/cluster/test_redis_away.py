"""Several processes whose Redis goes away: replies go on, and who is sent away comes back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from streaming.cluster.redis_log import LEASE
from tests.harness import WAIT_S
from tests.harness.fold import assert_follows_the_rules
from tests.harness.place import Person
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
from tests.harness.rest import ok, refused
from tests.harness.server import ChatServer
from tests.harness.several import no_failures, processes
from tests.harness.sockets import Closed, Socket
from tests.scripted.ollama_scripts import REPLY, words

WHOLE = "".join(REPLY)
Redis = Callable[..., RedisServer]


@asynccontextmanager
async def come_back(person: Person, chat: str, server: ChatServer) -> AsyncIterator[Socket]:
    """A socket that is told of the running reply, opened as often as it takes."""
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(WAIT_S):
            while True:
                socket = await stack.enter_async_context(person.socket(chat, port=server.port))
                try:
                    await socket.next("message_start")
                    break
                except Closed:
                    assert socket.close_code == 1012
                    await asyncio.sleep(0.05)
        yield socket


@pytest.mark.parametrize("persistent", [False, True])
async def test_redis_goes_away_and_comes_back(
    postgresql: PostgreSQL, own_redis: Redis, tmp_path: Path, persistent: bool
):
    """In mid-reply: who follows it in its process goes on; elsewhere one is sent away to come back,
    and catches up; new messages are refused with 503 until Redis is there again. Also when it
    comes back empty."""
    redis = own_redis(persistent=persistent)
    redis.start()
    async with processes(postgresql, redis, tmp_path, 2) as place:
        a, b = place.servers
        person = await place.person()
        chat, other = await person.conversation(), await person.conversation()
        gate = place.ollama.gate("away")
        async with (
            person.socket(chat, port=a.port) as near,
            person.socket(chat, port=b.port) as far,
        ):
            client_id = await near.ask(model="gate:id=away,n=9")
            start = await near.next("message_start")
            gate.release(2)
            await far.said("word1 ")
            redis.stop()
            gate.release(2)
            await near.said("word3 ")
            assert await far.closed(within=15) == 1012
            for server in place.servers:
                answer = await person.rest_at(server).generate(other)
                refused(answer, 503, "unavailable")
                assert int(answer.headers["Retry-After"]) >= 1
                assert (await person.rest_at(server).get("/readyz")).status_code == 503
            await near.ask("No", client_id=str(uuid4()))
            await near.next("error", code="conversation_busy")
            joined = asyncio.create_task(
                person.rest_at(b).generate(chat, client_id=client_id, model="gate:id=away,n=9")
            )
            redis.start()
            gate.release(2)
            await near.said("word5 ")
            async with come_back(person, chat, b) as back:
                assert back.heard("message_start")[0]["id"] == start["id"]
                await back.said("word5 ")
                gate.open()
                for socket in (near, back):
                    end = await socket.next("message_end", id=start["id"])
                    assert (end["status"], end["full_content"]) == ("completed", "".join(words(9)))
                    assert_follows_the_rules(socket.events)
            assert ok(await joined)["message"]["content"] == "".join(words(9))
        answer = await person.rest_at(b).generate(other)
        assert ok(answer)["message"]["content"] == WHOLE
        no_failures(place)


async def test_redis_stays_away_until_after_the_end(
    postgresql: PostgreSQL, own_redis: Redis, tmp_path: Path
):
    """The end is stored without Redis, and found by those who come back; a stop reaches the reply
    through the database."""
    redis = own_redis()
    redis.start()
    async with processes(postgresql, redis, tmp_path, 2) as place:
        a, b = place.servers
        person = await place.person()
        chat = await person.conversation()
        async with person.socket(chat, port=a.port) as near:
            client_id = await near.ask(model="endless:gap=0.05")
            start = await near.next("message_start")
            await near.said("and ")
            redis.stop()
            async with asyncio.timeout(WAIT_S):
                while (await person.rest_at(b).stop(chat, start["id"]))["status"] != "stopped":
                    await asyncio.sleep(0.2)
            end = await near.next("message_end", id=start["id"])
            assert end["status"] == "stopped"
        again = ok(await person.rest_at(b).generate(chat, client_id=client_id))
        assert again["message"]["content"] == end["full_content"]
        redis.start()
        async with person.socket(chat, port=b.port) as socket:
            await socket.ask(client_id=client_id)
            assert (await socket.next("message_end"))["full_content"] == end["full_content"]
        no_failures(place)


async def test_paused_redis_takes_no_reply_from_the_living(
    postgresql: PostgreSQL, own_redis: Redis, tmp_path: Path
):
    """A Redis that answers nobody for longer than a lease: all leases are over when it goes on, and
    yet no reply is interrupted."""
    redis = own_redis()
    redis.start()
    async with processes(postgresql, redis, tmp_path, 2) as place:
        person = await place.person()
        async with AsyncExitStack() as stack:
            sockets = []
            for server in place.servers * 3:
                chat = await person.conversation()
                socket = await stack.enter_async_context(person.socket(chat, port=server.port))
                await socket.ask(model="gate:id=pause,n=3")
                await socket.next("message_start")
                sockets.append(socket)
            redis.pause()
            await asyncio.sleep(LEASE + 2)  # the lease is a time, and has to pass
            redis.resume()
            place.ollama.gate("pause").open()
            for socket in sockets:
                assert (await socket.next("message_end"))["status"] == "completed"
        no_failures(place)
