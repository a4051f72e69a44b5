"""What holds (contracts, section 2): each point by its number. 7 is in `test_crash.py`."""

import asyncio
from uuid import uuid4

import pytest

from tests.harness import WAIT_S
from tests.harness.fold import assert_follows_the_rules, assert_same
from tests.harness.place import Person, Place
from tests.harness.rest import ok, refused
from tests.scripted.ollama_scripts import REPLY, words

WHOLE = "".join(REPLY)

# Every way in which a reply can end, by the model that does it, and its status.
ENDS = {
    "normal": "completed",
    "empty": "completed",
    "length": "completed",
    "missing:x=1": "failed",
    "html": "failed",
    "error": "failed",
    "fin": "failed",
    "rst": "failed",
    "nodone": "failed",
    "malformed": "failed",
    "stopped": "stopped",
}


async def stored(person: Person, chat: str) -> list[dict]:
    return await person.rest.messages(chat)


@pytest.mark.parametrize("model", ENDS)
async def test_point_1_one_start_one_end_on_every_socket_whatever_fails(place: Place, model: str):
    """After its first `message_start` a reply has exactly one `message_end` on every socket."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as one, person.socket(chat) as other:
        asked = "endless:gap=0.01" if model == "stopped" else model
        client_id = await one.ask(model=asked)
        start = await one.next("message_start", client_id=client_id)
        if model == "stopped":
            await other.said("and and")
            await other.stop(start["id"])
        for socket in (one, other):
            end = await socket.next("message_end")
            assert end["id"] == start["id"]
        # A second reply: nothing of the first can come after it.
        await one.reply(model="normal")
        await other.next("message_end")
        for socket in (one, other):
            assert_follows_the_rules(socket.events)
            ends = socket.heard("message_end", id=start["id"])
            assert [end["status"] for end in ends] == [ENDS[model]]


async def everywhere(place: Place, person: Person, reply_id: str, content: str) -> None:
    """Wait until every process has this text: another one hears it a moment later."""
    for server in place.servers:
        async with asyncio.timeout(WAIT_S):
            while (await person.rest_at(server).message(reply_id))["content"] != content:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("joined", ["from the start", "in the middle", "twice", "after a follow"])
async def test_point_2_snapshot_and_deltas_are_the_text(place: Place, joined: str):
    """Snapshot and deltas after it are `full_content`, which is what GET returns."""
    person = await place.person()
    chat = await person.conversation()
    gate = place.ollama.gate(f"two{joined[0]}")
    text = "".join(words(8))
    async with person.socket(chat) as first:
        await first.ask(model=f"gate:id=two{joined[0]},n=8")
        gate.release(4)
        await first.said("word3 ")
        reply_id = first.heard("message_start")[0]["id"]
        await everywhere(place, person, reply_id, "".join(words(4)))
        async with person.socket(chat) as second:
            watched = first if joined == "from the start" else second
            if joined != "from the start":
                snapshot = await second.next("message_start")
                assert snapshot["content"] == "".join(words(4))
                assert snapshot["seq"] == 4
            if joined == "after a follow":
                await second.follow(snapshot["id"])
                await second.next("message_start")
            async with person.socket(chat) as third:
                if joined == "twice":
                    await second.close()
                    watched = third
                    await third.next("message_start", seq=4)
                gate.open()
                end = await watched.next("message_end")
    assert end["full_content"] == text
    assert_follows_the_rules(watched.events)
    assert (await person.rest.message(end["id"]))["content"] == text


async def test_point_3_folding_the_events_gives_the_stored_messages(place: Place):
    """`seq` rises, nothing comes twice or is left out: the folded events are what GET returns."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket, person.socket(chat) as other:
        for model in ("normal", "think", "fin", "fast:n=640", "length"):
            await socket.reply(f"Say it by {model}", model=model)
            await other.next("message_end")
        messages = await stored(person, chat)
        assert len(messages) == 10
        for one in (socket, other):
            assert_follows_the_rules(one.events)
            assert one.thread.follows == []
            assert_same(one.thread.messages, messages)


async def test_point_4_a_client_id_makes_one_turn_on_whichever_door_it_comes(place: Place):
    """Ten calls at once with one client_id, by socket and REST: one message, one reply, and every
    caller gets it; so does one who comes after the end."""
    person = await place.person()
    chat, client_id = await person.conversation(), str(uuid4())
    model = "gate:id=four,n=3"
    async with asyncio.TaskGroup() as group, person.socket(chat) as one, person.socket(chat) as two:

        async def by_socket(socket) -> str:
            await socket.ask(client_id=client_id, model=model)
            start = await socket.next("message_start", client_id=client_id)
            return (await socket.next("message_end", id=start["id"]))["id"]

        async def by_rest() -> str:
            answer = await person.rest.generate(chat, client_id=client_id, model=model)
            return ok(answer)["message"]["id"]

        calls = [group.create_task(by_rest()) for _ in range(5)]
        calls += [group.create_task(by_socket(one)), group.create_task(by_socket(two))]
        for socket in (one, two, one):
            await socket.ask(client_id=client_id, model=model)
        await place.ollama.chat()
        place.ollama.gate("four").open()
        ids = {await call for call in calls}
    assert len(ids) == 1
    ids.add(ok(await person.rest.generate(chat, client_id=client_id))["message"]["id"])
    assert len(ids) == 1
    messages = await person.rest.messages(chat, branch="all")
    assert [message["role"] for message in messages] == ["user", "assistant"]
    assert len(place.ollama.chats) == 1


async def test_point_4_the_same_client_id_with_other_content_is_refused(place: Place):
    """`client_id_conflict`, 409, on both doors; the first turn stays as it was."""
    person = await place.person()
    chat, client_id = await person.conversation(), str(uuid4())
    async with person.socket(chat) as socket:
        await socket.reply("Hello", client_id=client_id)
        await socket.ask("Something else", client_id=client_id)
        error = await socket.next("error")
        assert (error["code"], error["client_id"]) == ("client_id_conflict", client_id)
    answer = await person.rest.generate(chat, "Something else", client_id=client_id)
    refused(answer, 409, "client_id_conflict")
    assert len(await person.rest.messages(chat, branch="all")) == 2


@pytest.mark.parametrize("by", ["the same socket", "another socket", "REST"])
@pytest.mark.parametrize("when", ["before the first token", "in the middle"])
async def test_point_5_stop_from_anywhere_at_any_time(place: Place, by: str, when: str):
    """`stopped` is told once the upstream request is closed; the text so far is kept."""
    person = await place.person()
    chat = await person.conversation()
    text = "" if when == "before the first token" else "".join(words(3))
    async with person.socket(chat) as socket, person.socket(chat) as other:
        await socket.ask(model="stall:after=3" if text else "hang")
        start = await socket.next("message_start")
        exchange = await place.ollama.chat()
        if text:
            await socket.said("word2 ")
        if by == "REST":
            answer = await person.rest.stop(chat, start["id"])
            assert (answer["status"], answer["content"]) == ("stopped", text)
        else:
            await (other if by == "another socket" else socket).stop(start["id"])
        for one in (socket, other):
            end = await one.next("message_end")
            assert (end["status"], end["full_content"]) == ("stopped", text)
            assert end["finish_reason"] == "stop"
        assert await exchange.wait_ended() == "client_gone"
        await socket.stop(start["id"])
        again = await person.rest.stop(chat, start["id"])
        assert (again["status"], again["content"]) == ("stopped", text)
        await socket.reply()
        assert len(socket.heard("message_end", id=start["id"])) == 1


async def test_point_6_closing_a_socket_stops_nothing(place: Place):
    """A reply goes on with nobody connected, and whoever comes back gets all of it."""
    person = await place.person()
    chat = await person.conversation()
    gate = place.ollama.gate("six")
    async with person.socket(chat) as socket:
        await socket.ask(model="gate:id=six,n=6")
        gate.release(2)
        await socket.said("word1 ")
        socket.abort()
    exchange = await place.ollama.chat()
    gate.open()
    assert await exchange.wait_ended() == "complete"
    async with person.socket(chat) as socket:
        await socket.reply(queue=True)  # the end is stored a moment after the exchange
        assert socket.thread.messages[-1]["content"] == WHOLE
    messages = await stored(person, chat)
    assert messages[1]["content"] == "".join(words(6))
    assert messages[1]["status"] == "completed"


async def test_point_6_every_socket_gets_the_same_events(place: Place):
    """Two sockets of a conversation are told the same, whichever asked."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as one, person.socket(chat) as other:
        await one.reply("First")
        await other.next("message_end")
        await other.reply("Second")
        await one.next("message_end")
        assert_same(one.thread.messages, other.thread.messages)
        assert_same(one.thread.messages, await stored(person, chat))
        titles = [s.heard("conversation")[-1]["title"] for s in (one, other)]
        assert titles == ["First", "First"]


async def test_point_10_one_reply_at_a_time_and_nothing_is_lost_by_it(place: Place):
    """A second message is refused with `conversation_busy`, 409, and can be sent again later."""
    person = await place.person()
    chat, client_id = await person.conversation(), str(uuid4())
    gate = place.ollama.gate("ten")
    async with person.socket(chat) as socket:
        await socket.ask("First", model="gate:id=ten,n=2")
        await socket.next("message_start")
        await socket.ask("Second", client_id=client_id)
        error = await socket.next("error")
        assert (error["code"], error["client_id"]) == ("conversation_busy", client_id)
        answer = await person.rest.generate(chat, "Second", client_id=client_id)
        refused(answer, 409, "conversation_busy")
        assert len(await person.rest.messages(chat, branch="all")) == 2
        gate.open()
        await socket.next("message_end", status="completed")
        await socket.reply("Second", client_id=client_id, model="normal")
        contents = [message["content"] for message in await stored(person, chat)]
        assert contents == ["First", "word0 word1 ", "Second", WHOLE]


async def test_point_10_a_stale_parent_makes_a_branch(place: Place):
    """A message under an older one is a sibling of what followed it; nothing is lost."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        first = await socket.reply("First")
        second = await socket.reply("Second")
        third = await socket.reply("Instead", parent_id=first["id"])
    shown = [message["content"] for message in await stored(person, chat)]
    assert shown == ["First", WHOLE, "Instead", WHOLE]
    everything = await person.rest.messages(chat, branch="all")
    assert [m["content"] for m in everything if m["role"] == "user"] == [
        "First",
        "Second",
        "Instead",
    ]
    assert {first["id"], second["id"], third["id"]} <= {m["id"] for m in everything}
    assert (await person.rest.conversation(chat))["head_id"] == third["id"]


async def test_point_11_persist_then_announce(place: Place):
    """What an event tells, a GET that is sent when it arrives already shows."""
    person = await place.person()
    chat = await person.conversation()
    gate = place.ollama.gate("eleven")
    async with person.socket(chat) as socket, asyncio.timeout(WAIT_S):
        await socket.ask("Tell me", model="gate:id=eleven,n=4")
        asked = await socket.next("user_message")
        assert (await person.rest.message(asked["id"]))["content"] == "Tell me"
        start = await socket.next("message_start")
        row = await person.rest.message(start["id"])
        assert row["status"] == "streaming"
        assert row["context"] == start["context"]
        renamed = await socket.next("conversation")
        conversation = await person.rest.conversation(chat)
        assert conversation["title"] == renamed["title"] == "Tell me"
        assert conversation["head_id"] == renamed["head_id"] == start["id"]
        # A second socket, on the server that is asked by REST.
        async with person.socket(chat, port=place.last.port) as here:
            await here.next("message_start", seq=0)
            for number in (1, 2, 3):
                gate.release(1)
                delta = await here.next("delta", seq=number)
                row = await person.rest.message(start["id"])
                text = "".join(words(number))
                assert (row["status"], row["content"]) == ("streaming", text)
                assert (row["seq"], delta["content_chunk"]) == (number, words(number)[-1])
                assert (await person.rest.messages(chat))[-1]["content"] == text
                session = ok(await person.rest.get(f"/api/chat/sessions/{chat}/"))
                assert session["messages"][-1]["content"] == text
        gate.open()
        end = await socket.next("message_end")
        row = await person.rest.message(start["id"])
        assert (row["status"], row["content"]) == ("completed", end["full_content"])
        for name in ("tokens", "finish_reason", "provider_used", "fallback_used"):
            assert row[name] == end[name]
