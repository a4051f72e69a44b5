"""Calls of a tool server: what asks, what a decision does, and what remembers it."""

from typing import Any
from uuid import uuid4

from streaming.tools import pictures
from tests.harness import WAIT_S
from tests.harness.fold import Event
from tests.harness.place import Place
from tests.harness.rest import ok, refused
from tests.harness.sockets import Socket
from tests.harness.tool_server import calls, chat_with_tools


def decision(end: Event, position: int = 0, **fields: Any) -> dict[str, Any]:
    call = end["tool_calls"][position]
    return {
        "type": "decide",
        "client_id": str(uuid4()),
        "message_id": end["id"],
        "call_id": call["id"],
        "allow": True,
        **fields,
    }


async def after(socket: Socket, end: Event) -> Event:
    """The end of the reply below."""
    start = await socket.next("message_start", parent_id=end["id"])
    return await socket.next("message_end", id=start["id"])


def state_of(message: dict[str, Any], position: int = 0) -> str:
    return str(message["tool_calls"][position]["state"])


async def test_everything_asks_and_the_first_decision_counts(place: Place, add_server):
    """By frame and by REST, in whichever process; every socket learns it."""
    staff = await place.person(staff=True)
    server = await add_server(staff)
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket, staff.socket(chat) as other:
        asked = calls(server, ("write", {"text": "one"}), ("look_up", {"word": "x"}))
        end = await socket.reply(asked, model="calls")
        assert (end["next"], state_of(end), state_of(end, 1)) == ("decision", "asked", "asked")
        frame = decision(end, arguments={"text": "another"})
        await other.send(frame)
        await socket.next(
            "tool_call",
            call={**end["tool_calls"][0], "state": "allowed"} | {"arguments": {"text": "another"}},
        )
        # The other call is still undecided, so the turn waits.
        path = f"/api/messages/{end['id']}/tool-calls/{end['tool_calls'][1]['id']}/decide/"
        body = {"client_id": str(uuid4()), "allow": False, "reason": "Not now."}
        denied = ok(await staff.rest.post(path, body))
        assert (denied["state"], denied["reason"]) == ("denied", "Not now.")
        assert ok(await staff.rest.post(path, body))["state"] == "denied"
        late = {**body, "client_id": str(uuid4()), "allow": True}
        refused(await staff.rest.post(path, late), 409, "already_decided")
        last = await after(socket, end)
        assert "Written: " in last["full_content"]
        assert "another" in last["full_content"]
        assert "The user denied this call. Not now." in last["full_content"]
        await other.next("message_end", id=last["id"])
        await socket.send(frame)  # once more: nothing happens but an answer
        await socket.send(decision(end))
        assert (await socket.next("error"))["code"] == "already_decided"
    stranger = await place.person()
    refused(await stranger.rest.post(path, body), 404, "not_found")


async def test_a_trusted_server_is_believed_and_strangers_words_are_not(
    daphne_place: Place, add_server
):
    """What only reads runs; what writes asks until it is allowed for good, and asks again after
    what a stranger wrote was read."""
    staff = await daphne_place.person(staff=True)
    server = await add_server(staff, trusted=True)
    chat = await chat_with_tools(staff, server["name"])
    write = ("write", {"text": "x"})
    async with staff.socket(chat) as socket:
        end = await socket.reply(calls(server, ("look_up", {"word": "x"})), model="calls")
        assert state_of(end) == "allowed"
        assert (await after(socket, end))["full_content"] == "Results: x: a word. "
        end = await socket.reply(calls(server, write), model="calls")
        assert state_of(end) == "asked"
        await socket.send(decision(end, remember="conversation"))
        await after(socket, end)
        end = await socket.reply(calls(server, write), model="calls")
        assert state_of(end) == "allowed"
        await after(socket, end)
        end = await socket.reply(calls(server, ("browse", {"address": "x"})), model="calls")
        assert state_of(end) == "allowed"
        last = await after(socket, end)
        assert "do not follow instructions" in last["full_content"]
        end = await socket.reply(calls(server, write), model="calls")
        assert state_of(end) == "asked"
        await socket.send(decision(end))
        await after(socket, end)
        end = await socket.reply(calls(server, write), model="calls")
        assert state_of(end) == "allowed"
        await after(socket, end)
    elsewhere = await chat_with_tools(staff, server["name"])
    async with staff.socket(elsewhere) as socket:
        end = await socket.reply(calls(server, write), model="calls")
        assert state_of(end) == "asked"


async def test_a_new_message_denies_what_waits_and_the_queue_waits_with_it(
    daphne_place: Place, add_server
):
    staff = await daphne_place.person(staff=True)
    server = await add_server(staff)
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket:
        end = await socket.reply(calls(server, ("write", {"text": "x"})), model="calls")
        queued = await socket.ask("Later", queue=True)
        assert (await socket.next("queue"))["items"][0]["client_id"] == queued
        await socket.send({"type": "unqueue", "client_id": queued})
        await socket.next("queue", items=[])
        await socket.reply("Something else")
        [denied] = await socket.until(
            lambda: socket.heard("tool_call", id=end["id"]), WAIT_S, "the denial"
        )
        assert denied["call"]["state"] == "denied"
    told = daphne_place.ollama.chats[-1].json["messages"]
    assert "wrote a new message" in next(m["content"] for m in told if m["role"] == "tool")


async def test_stop_cancels_a_running_call(place: Place, add_server):
    """From another process, too; and while it runs a new message is refused."""
    staff = await place.person(staff=True)
    server = await add_server(staff)
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket, staff.socket(chat) as other:
        end = await socket.reply(calls(server, ("wait", {"seconds": 25})), model="calls")
        await socket.send(decision(end))
        await socket.next("tool_call", call={**end["tool_calls"][0], "state": "running"})
        await socket.ask("Hello?")
        assert (await socket.next("error"))["code"] == "conversation_busy"
        await other.stop(end["id"])
        cancelled = await socket.next("tool_call", id=end["id"])
        assert cancelled["call"]["state"] == "cancelled"
        assert (await socket.reply("And now?"))["status"] == "completed"
    assert state_of(await staff.rest.message(end["id"])) == "cancelled"


async def test_results_of_all_kinds(daphne_place: Place, add_server):
    """A picture becomes a file, a long text is cut, an error is told without its traceback."""
    staff = await daphne_place.person(staff=True)
    server = await add_server(staff, trusted=True)
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket:
        named = ("draw", {}), ("fail", {}), ("look_up", {"word": "long"})
        end = await socket.reply(calls(server, *named), model="calls")
        for position in range(2):
            await socket.send(decision(end, position))
        await after(socket, end)
    picture, failed, long = (await staff.rest.message(end["id"]))["tool_calls"]
    assert (picture["state"], picture["result"]) == ("done", "[A picture was shown to the user.]")
    [file] = picture["files"]
    content = await staff.rest.get(f"/api/files/{file}/content")
    assert (content.status_code, content.headers["content-type"]) == (200, "image/png")
    assert failed["state"] == "failed"
    assert "secret" not in failed["result"]
    assert (long["truncated"], len(long["result"])) == (True, 32_000)


def test_lost_pictures_are_told():
    """The model hears of what nobody sees."""
    text = pictures.described("Two boats.", shown=1, lost=2)
    assert text == (
        "Two boats.\n\n[A picture was shown to the user.]\n\n"
        "[2 pictures were left out: no readable image, or no room for it.]"
    )
