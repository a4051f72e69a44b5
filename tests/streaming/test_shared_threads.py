"""No view holds a shared thread while it waits for a reply: its end needs such a thread."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from channels.db import database_sync_to_async

from project.handler import LoopHandler
from streaming import db_threads
from tests.harness import WAIT_S
from tests.harness.place import Place, place_at
from tests.harness.rest import ok
from tests.harness.server import ChatServer, Kind

# As many replies as there are threads: whichever of them a view waits for, some view holds the
# thread that it needs.
REPLIES = db_threads.COUNT


async def test_deleting_conversations_whose_replies_run(
    own_server: Callable[..., ChatServer], kind: Kind
):
    """With any number of open sockets: answered at once, the server is alive, and ends when it is
    told to."""
    server = own_server(kind)
    server.start()
    async with place_at(server) as place, AsyncExitStack() as stack:
        for more in (0, 7, 9):
            person = await place.person()  # another: writes are rationed for each
            for _ in range(more):
                other = person.socket(await person.conversation())
                await (await stack.enter_async_context(other)).next("ready")
            chats = [await person.conversation() for _ in range(REPLIES)]
            calls = [
                asyncio.create_task(person.rest.generate(chat, model="stall:after=1"))
                for chat in chats
            ]
            await place.ollama.chat(len(place.ollama.chats) + REPLIES - 1)
            async with asyncio.timeout(WAIT_S):
                deleted = await asyncio.gather(
                    *(person.rest.delete(f"/api/conversations/{chat}/") for chat in chats)
                )
                ok(await person.rest.get("/healthz"))
            assert {answer.status_code for answer in deleted} == {204}
            for call in calls:
                assert ok(await call)["message"]["status"] == "stopped"
        exit_status = await asyncio.to_thread(server.terminate)
        assert exit_status in (0, -15, 143), exit_status


async def test_the_queue_of_a_deleted_conversation_does_not_go_on(place: Place):
    """What waited there asks no model, and another conversation goes on."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask("One", model="stall:after=1")
        await socket.said("word0 ")
        await socket.ask("Two", queue=True)
        await socket.until(lambda: socket.heard("queue"), WAIT_S, "the queue")
        assert (await person.rest.delete(f"/api/conversations/{chat}/")).status_code == 204
        # Which may be told before the end of the reply is: another process makes that.
        assert await socket.closed() == 4404
    assert await (await place.ollama.chat()).wait_ended() == "client_gone"
    async with person.socket(await person.conversation()) as other:
        await other.reply("Three")
    asked = [chat.json["messages"][-1]["content"] for chat in place.ollama.chats]
    assert asked == ["One", "Three"]


async def test_all_work_on_a_borrowed_thread_is_in_line():
    """Whichever way it goes there: the end of a reply is stored after its text."""
    threads, begun, done = db_threads.db_threads, threading.Event(), []

    def work(name: str) -> str:
        begun.wait(WAIT_S)
        done.append(name)
        return threading.current_thread().name

    async with threads.borrow():
        calls = [
            asyncio.create_task(call)
            for call in (
                threads.run(work, "text"),
                database_sync_to_async(work)("route"),
                threads.run(work, name="end"),
            )
        ]
        await asyncio.sleep(0)
        begun.set()
        assert len(set(await asyncio.gather(*calls))) == 1
        assert done == ["text", "route", "end"]
        with pytest.raises(KeyError):
            await threads.run({}.__getitem__, "gone")
    assert await threads.run(work, "outside")
    assert done[-1] == "outside"


async def test_a_health_check_asks_no_thread() -> None:
    """It is answered while the thread that was lent to its request is busy."""
    sent: list[Any] = []
    go_on = threading.Event()

    async def nothing() -> dict[str, Any]:
        return await asyncio.Future() if received.pop() else {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    received = [True, False]
    scope = {"type": "http", "method": "GET", "path": "/healthz", "query_string": b""}
    scope |= {"headers": [], "client": ("127.0.0.1", 1), "server": ("localhost", 80)}
    async with db_threads.db_threads.borrow():
        busy = asyncio.create_task(database_sync_to_async(go_on.wait)())
        try:
            async with asyncio.timeout(WAIT_S):
                await LoopHandler().handle(scope, nothing, send)  # type: ignore[no-untyped-call]
        finally:
            go_on.set()
            await busy
    assert sent[0]["status"] == 200
