"""A closed account and a revoked key end what they run, and drop what they queued. The end of a
session closes its sockets only."""

import asyncio
from collections.abc import Callable

import pytest

from tests.harness import WAIT_S
from tests.harness.place import Place, place_at
from tests.harness.rest import Rest, ok
from tests.harness.server import ChatServer
from tests.harness.sockets import Socket


async def told(socket: Socket, *codes: str | None) -> None:
    """Return when the queue that a socket was told has these errors."""

    def look() -> bool:
        items = socket.heard("queue")[-1]["items"] if socket.heard("queue") else []
        return [item.get("error", {}).get("code") for item in items] == [*codes]

    await socket.until(look, WAIT_S, f"queue {codes}")


async def queued_errors(place: Place, chat: str, *codes: str | None) -> None:
    """Return when the messages that wait have these errors."""
    async with asyncio.timeout(WAIT_S):
        while True:
            rows = await place.clerk("queued", conversation_id=chat)
            if [(row["error"] or {}).get("code") for row in rows] == [*codes]:
                return
            await asyncio.sleep(0.05)


async def test_a_closed_account_ends_what_it_runs(daphne_place: Place):
    """A stored reply and a stream of `/v1`, begun with a session and with a key; what it queued is
    not sent. Closed by a script, which tells nobody."""
    place = daphne_place
    person, staff = await place.person(), await place.person()
    chat = await person.conversation()
    async with person.page_socket(chat) as socket:
        await socket.ask("One", model="stall:after=1")
        await socket.said("word0 ")
        await socket.ask("Two", queue=True)
        await socket.until(lambda: socket.heard("queue"), WAIT_S, "the queue")
        place.offer("endless:gap=0.05")
        body = {
            "model": "endless:gap=0.05",
            "stream": True,
            "messages": [{"role": "user", "content": "Hello"}],
        }
        streams = [
            asyncio.create_task(rest.post("/v1/chat/completions", body))
            for rest in (person.page, person.rest)
        ]
        exchanges = [await place.ollama.chat(number) for number in range(3)]
        await place.clerk("deactivate", user_id=person.id)
        for exchange in exchanges:
            assert await exchange.wait_ended() == "client_gone"
        for stream in streams:
            assert "[DONE]" in (await stream).text
        await queued_errors(place, chat, "not_authenticated")
        assert await socket.closed() == 4401
    async with staff.socket(await staff.conversation()) as other:
        await other.reply()
    assert len(place.ollama.chats) == 4


async def test_what_a_revoked_key_queued_is_not_sent(place: Place):
    """It stays, with the reason; what others queued goes on."""
    person = await place.person()
    made = ok(await person.page.post("/api/keys/", {"name": "program"}), 201)
    chat = await person.conversation()
    async with (
        person.socket(chat) as socket,
        Rest(place.server.url, key=made["key"], offer=place.offer) as program,
    ):
        await socket.ask("One", model="gate:id=revoked,n=1")
        await socket.next("message_start")
        ok(await program.generate(chat, "Two", queue=True), 202)
        await socket.ask("Three", queue=True)
        await told(socket, None, None)
        assert (await person.page.delete(f"/api/keys/{made['id']}/")).status_code == 204
        await told(socket, "not_authenticated", None)
        place.ollama.gate("revoked").open()
        await socket.next("user_message", content="Three")
        await socket.next("message_end", status="completed")
    rows = await person.rest.messages(chat)
    assert [row["content"] for row in rows if row["role"] == "user"] == ["One", "Three"]


@pytest.mark.parametrize("change", ["scope", "account"])
async def test_nothing_of_theirs_is_sent_after_the_next_start(
    own_server: Callable[..., ChatServer], change: str
):
    """A message that was queued by a key whose scope was taken, or of an account that was closed,
    while the server was away."""
    server = own_server("uvicorn")
    server.start()
    async with place_at(server) as place:
        person = await place.person()
        chat = await person.conversation()
        async with person.socket(chat) as socket:
            await socket.ask("One", model="stall:after=1")
            await socket.next("delta")
            await socket.ask("Two", queue=True)
            await socket.until(lambda: socket.heard("queue"), WAIT_S, "the queue")
            server.kill()
        if change == "scope":
            await place.clerk("allow", model="ApiKey", row_id=person.key_id, scopes=["read"])
        else:
            await place.clerk("deactivate", user_id=person.id)
        server.start()
        code = "missing_scope" if change == "scope" else "not_authenticated"
        await queued_errors(place, chat, code)
        assert len(place.ollama.chats) == 1


async def test_the_reply_of_an_ended_session_goes_on(daphne_place: Place):
    """Its socket closes."""
    place = daphne_place
    person = await place.person()
    chat = await person.conversation()
    async with person.page_socket(chat) as page, person.socket(chat) as watching:
        await page.ask(model="gate:id=session,n=2")
        await watching.next("message_start")
        answer = await person.page.http.post("/signout/", headers={"Referer": place.server.url})
        assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
        assert await page.closed() == 4401
        place.ollama.gate("session").open()
        await watching.next("message_end", status="completed")
