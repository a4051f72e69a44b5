"""Messages that wait in line on the server, and replies that go on where they were cut."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from streaming.replies.turns import Turns
from tests.harness import WAIT_S
from tests.harness.place import Place, place_at
from tests.harness.rest import ok, refused
from tests.harness.server import ChatServer
from tests.harness.sockets import Socket


async def queued(socket: Socket, *contents: str) -> None:
    """Return when exactly these wait."""

    def look() -> bool:
        told = socket.heard("queue")
        return bool(told) and [item["content"] for item in told[-1]["items"]] == [*contents]

    await socket.until(look, 10, f"queue {contents}")


async def test_messages_said_during_a_reply_go_out_one_after_the_other(place: Place):
    """Every tab sees what waits; each message is said once, in its order."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket, person.socket(chat) as other:
        await socket.ask("One", model="gate:id=line,n=2")
        start = await socket.next("message_start")
        await socket.ask("Two", queue=True)
        await queued(other, "Two")
        await other.ask("Three", queue=True)
        await queued(socket, "Two", "Three")
        place.ollama.gate("line").open()
        await socket.next("message_end", id=start["id"])
        for content in ("Two", "Three"):
            asked = await socket.next("user_message", content=content)
            start = await socket.next("message_start", parent_id=asked["id"])
            await socket.next("message_end", id=start["id"], status="completed")
        await queued(other)
    said = [row["content"] for row in await person.rest.messages(chat) if row["role"] == "user"]
    assert said == ["One", "Two", "Three"]
    assert len(place.ollama.chats) == 3


async def test_a_waiting_message_can_be_taken_back(daphne_place: Place):
    """It is never said; taking back what does not wait is an error."""
    place = daphne_place
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask("One", model="gate:id=back,n=1")
        start = await socket.next("message_start")
        client_id = await socket.ask("Two", queue=True)
        await queued(socket, "Two")
        await socket.send({"type": "unqueue", "client_id": client_id})
        await queued(socket)
        await socket.send({"type": "unqueue", "client_id": client_id})
        await socket.next("error", code="not_found", client_id=client_id)
        place.ollama.gate("back").open()
        await socket.next("message_end", id=start["id"])
    assert len(await person.rest.messages(chat)) == 2


@pytest.mark.parametrize("door", ["socket", "rest"])
async def test_a_stop_holds_what_waits(daphne_place: Place, door: str):
    """Until it is resumed; a new message goes before it, and what is resumed follows in order."""
    place = daphne_place
    person = await place.person()
    chat = await person.conversation()
    path = f"/api/conversations/{chat}"
    async with person.socket(chat) as socket:
        await socket.ask("One", model=f"gate:id=held-{door},n=1")
        start = await socket.next("message_start")
        await socket.ask("Two", queue=True, model="normal")
        await socket.ask("Three", queue=True, model="normal")
        await queued(socket, "Two", "Three")
        if door == "socket":
            await socket.send({"type": "stop", "id": start["id"]})
        else:
            ok(await person.rest.post(f"{path}/stop/", {"id": start["id"]}))
        await socket.next("message_end", id=start["id"], status="stopped")
        await socket.until(lambda: socket.heard("queue")[-1]["held"], WAIT_S, "a held queue")
        ok(await person.rest.generate(chat, "Before them", model="normal"))
        told = ok(await person.rest.get(f"{path}/queue/"))
        assert ([item["content"] for item in told["queue"]], told["held"]) == (
            ["Two", "Three"],
            True,
        )
        if door == "socket":
            await socket.send({"type": "queue_resume"})
        else:
            ok(await person.rest.post(f"{path}/queue/resume/", {}))
        for content in ("Two", "Three"):
            asked = await socket.next("user_message", content=content)
            start = await socket.next("message_start", parent_id=asked["id"])
            await socket.next("message_end", id=start["id"], status="completed")
    said = [row["content"] for row in await person.rest.messages(chat) if row["role"] == "user"]
    assert said == ["One", "Before them", "Two", "Three"]


@pytest.mark.parametrize("door", ["socket", "rest"])
async def test_what_waits_can_be_put_into_order_and_sent_at_once(place: Place, door: str):
    """An order holds for what it names, in every tab; what is sent now ends the reply before it,
    and the others follow it, held or not."""
    person, stranger = await place.person(), await place.person()
    chat = await person.conversation()
    path = f"/api/conversations/{chat}/queue"

    async def order(*client_ids: str) -> None:
        if door == "socket":
            await socket.send({"type": "queue_order", "client_ids": client_ids})
        else:
            ok(await person.rest.post(f"{path}/order/", {"client_ids": client_ids}))

    async with person.socket(chat) as socket, person.socket(chat) as other:
        await socket.ask("One", model="gate:id=order,n=1")
        start = await socket.next("message_start")
        ids = {
            name: await socket.ask(name, queue=True, model="normal")
            for name in ("Two", "Three", "Four", "Five")
        }
        await queued(other, *ids)
        await order(str(uuid4()), ids["Four"], ids["Two"])
        await queued(other, "Four", "Two", "Three", "Five")
        late = await other.ask("Six", queue=True, model="normal")
        await queued(socket, "Four", "Two", "Three", "Five", "Six")
        await order(late)
        await queued(other, "Six", "Four", "Two", "Three", "Five")
        refused(await stranger.rest.post(f"{path}/order/", {"client_ids": []}), 404, "not_found")
        refused(await stranger.rest.post(f"{path}/{late}/now/", {}), 404, "not_found")
        if door == "socket":
            await socket.send({"type": "send_now", "client_id": ids["Three"]})
        else:
            ok(await person.rest.post(f"{path}/{ids['Three']}/now/", {}))
        await socket.next("message_end", id=start["id"], status="stopped")
        said = ["Three", "Six", "Four", "Two", "Five"]
        for content in said:
            await socket.next("user_message", content=content)
            await socket.next("message_end", status="completed")
        await queued(other)
        if door == "socket":
            await socket.send({"type": "send_now", "client_id": late})
            await socket.next("error", code="not_found", client_id=late)
        else:
            refused(await person.rest.post(f"{path}/{late}/now/", {}), 404, "not_found")
    rows = [row["content"] for row in await person.rest.messages(chat) if row["role"] == "user"]
    assert rows == ["One", *said]


async def test_what_is_held_can_be_sent_now(daphne_place: Place):
    """It goes first, and the others are held no longer."""
    place = daphne_place
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask("One", model="gate:id=now,n=1")
        start = await socket.next("message_start")
        await socket.ask("Two", queue=True, model="normal")
        client_id = await socket.ask("Three", queue=True, model="normal")
        await queued(socket, "Two", "Three")
        await socket.send({"type": "stop", "id": start["id"]})
        await socket.next("message_end", id=start["id"], status="stopped")
        await socket.until(lambda: socket.heard("queue")[-1]["held"], WAIT_S, "a held queue")
        await socket.send({"type": "send_now", "client_id": client_id})
        for content in ("Three", "Two"):
            await socket.next("user_message", content=content)
            await socket.next("message_end", status="completed")


async def test_what_waits_can_be_read_and_taken_back_by_rest(daphne_place: Place):
    """By its owner alone; what was taken back is not there a second time."""
    place = daphne_place
    person, other = await place.person(), await place.person()
    chat = await person.conversation()
    queue = f"/api/conversations/{chat}/queue/"
    async with person.socket(chat) as socket:
        await socket.ask("One", model="gate:id=rest,n=1")
        await socket.next("message_start")
        client_id = await socket.ask("Two", queue=True)
        await queued(socket, "Two")
        [item] = ok(await person.rest.get(queue))["queue"]
        assert (item["client_id"], item["content"]) == (client_id, "Two")
        refused(await other.rest.get(queue), 404, "not_found")
        refused(await other.rest.delete(f"{queue}{client_id}/"), 404, "not_found")
        assert (await person.rest.delete(f"{queue}{client_id}/")).status_code == 204
        await queued(socket)
        assert ok(await person.rest.get(queue)) == {"queue": [], "held": False}
        refused(await person.rest.delete(f"{queue}{client_id}/"), 404, "not_found")
        place.ollama.gate("rest").open()
        await socket.next("message_end")
    assert len(await person.rest.messages(chat)) == 2


async def test_the_same_client_id_waits_once(daphne_place: Place):
    """Repeated on the socket and by REST it waits once; with other content it is refused."""
    place = daphne_place
    person = await place.person()
    chat, client_id = await person.conversation(), str(uuid4())
    async with person.socket(chat) as socket:
        await socket.ask("One", model="gate:id=once,n=1")
        await socket.next("message_start")
        await socket.ask("Two", client_id=client_id, queue=True)
        await queued(socket, "Two")
        again = await person.rest.generate(chat, "Two", client_id=client_id, queue=True)
        assert [item["client_id"] for item in ok(again, 202)["queue"]] == [client_id]
        other = await person.rest.generate(chat, "Else", client_id=client_id, queue=True)
        refused(other, 409, "client_id_conflict")
        place.ollama.gate("once").open()
        await socket.next("user_message", content="Two")
        await socket.next("message_end")


async def test_no_more_than_twenty_wait(daphne_place: Place):
    """The twenty-first is refused, and nothing is lost by it."""
    place = daphne_place
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask("First", model="gate:id=full,n=1")
        start = await socket.next("message_start")
        contents = [f"Number {n}" for n in range(20)]
        for content in contents:
            await person.rest.generate(chat, content, queue=True)
        refused(await person.rest.generate(chat, "Too many", queue=True), 409, "queue_full")
        await queued(socket, *contents)
        ok(await person.rest.get(f"/api/conversations/{chat}/"))
        assert (await person.rest.delete(f"/api/conversations/{chat}/")).status_code == 204
        assert start["id"]


async def test_what_waits_survives_the_death_of_the_server(
    own_server: Callable[..., ChatServer],
):
    """kill -9 in mid-reply: after the start the waiting message is said, once."""
    server = own_server("daphne")
    server.start()
    async with place_at(server) as place:
        person = await place.person()
        chat = await person.conversation()
        async with person.socket(chat) as socket:
            await socket.ask("One", model="gate:id=death,n=2")
            await socket.next("message_start")
            await socket.ask("Two", queue=True, model="gate:id=afterwards,n=1")
            await queued(socket, "Two")
            server.kill()
        place.ollama.gate("death").open()
        server.start()
        async with person.socket(chat) as socket:
            await socket.next("message_start")
            place.ollama.gate("afterwards").open()
            await socket.next("message_end")
        rows = await person.rest.messages(chat)
        assert [row["content"] for row in rows if row["role"] == "user"] == ["One", "Two"]
        assert [row["status"] for row in rows if row["role"] == "assistant"] == [
            "interrupted",
            "completed",
        ]


async def test_a_cut_reply_goes_on_below_itself(daphne_place: Place):
    """`continue` adds a reply below the cut one, and asks the model to go on."""
    place = daphne_place
    person = await place.person()
    chat = await person.conversation()
    cut = ok(await person.rest.generate(chat, "Tell me", model="length"))["message"]
    assert cut["finish_reason"] == "length"
    body = {"message_id": cut["id"], "continue": True}
    more = ok(await person.rest.generate(chat, None, **body))["message"]
    assert more["parent_id"] == cut["id"]
    prompt = (await place.ollama.chat(1)).json["messages"]
    assert [message["role"] for message in prompt] == ["user", "assistant", "user"]
    assert "Continue exactly where" in prompt[-1]["content"]
    assert [row["id"] for row in await person.rest.messages(chat)][-2:] == [cut["id"], more["id"]]


def test_what_comes_while_a_reply_is_stored_is_begun_after_it():
    """A reply looks for what waits when it is stored. Whoever adds a message after that, and before
    the conversation is free, leaves word with the turn."""
    chat, turn = uuid4(), SimpleNamespace(asked_to_advance=False)
    turns: Any = SimpleNamespace(_running=SimpleNamespace(within={chat: turn}.get))
    Turns.advance(turns, chat)
    assert turn.asked_to_advance
