"""A turn with tools: a reply ends when it asks, its calls are decided and run, and the next follows
by itself."""

import json
from typing import Any

from tests.harness.fold import assert_follows_the_rules
from tests.harness.place import Place
from tests.harness.tool_server import chat_with_tools


def question(*calls: tuple[str, dict[str, Any]]) -> str:
    return json.dumps(calls)


SUM = ("calculate", {"expression": "0.1 + 0.2"})


async def test_what_only_reads_runs_and_the_next_reply_follows(place: Place):
    """Every reply of the turn has its row, its end and its text; each call is told in order."""
    person = await place.person()
    chat = await chat_with_tools(person, "builtin")
    async with person.socket(chat) as socket, person.socket(chat) as other:
        end = await socket.reply(question(SUM), model="calls")
        assert (end["status"], end["finish_reason"], end["next"]) == (
            *("completed", "tool_calls", "tools"),
        )
        [call] = end["tool_calls"]
        assert call == {
            "id": call["id"],
            "server": "builtin",
            "name": "calculate",
            "arguments": SUM[1],
            "state": "allowed",
        }
        start = await socket.next("message_start", parent_id=end["id"])
        last = await socket.next("message_end", id=start["id"])
        assert last["full_content"] == "Results: 0.3"
        assert last["next"] is None
        await other.next("message_end", id=start["id"])
        for told in (socket, other):
            states = [event["call"]["state"] for event in told.heard("tool_call", id=end["id"])]
            assert states == ["running", "done"]
            assert_follows_the_rules(told.events)
    [_, asking, answer] = await person.rest.messages(chat)
    [stored] = asking["tool_calls"]
    assert (stored["state"], stored["result"], stored["truncated"]) == ("done", "0.3", False)
    assert stored == socket.heard("tool_call")[-1]["call"]
    assert (asking["next"], answer["parent_id"], answer["tool_calls"]) == (None, asking["id"], [])
    # What the model was given: its call, with what it thought, and the result.
    first, second = [exchange.json for exchange in place.ollama.chats]
    assert "calculate" in [tool["function"]["name"] for tool in first["tools"]]
    [asked, told] = second["messages"][-2:]
    assert asked["thinking"] == "I need tools."
    assert asked["tool_calls"][0]["function"] == {"name": "calculate", "arguments": SUM[1]}
    assert (told["role"], told["content"], told["tool_name"]) == ("tool", "0.3", "calculate")
    assert asked["tool_calls"][0]["id"] == told["tool_call_id"]


async def test_what_cannot_run_is_told_to_the_model(daphne_place: Place):
    """An unknown tool, arguments that do not fit, and a tool that fails."""
    person = await daphne_place.person()
    chat = await chat_with_tools(person, "calculate")
    calls = [
        ("nothing", {}),
        ("calculate", {"expression": 7}),
        ("calculate", {"expression": "1/0"}),
        ("current_time", {}),
    ]
    async with person.socket(chat) as socket:
        end = await socket.reply(question(*calls), model="calls")
        states = [call["state"] for call in end["tool_calls"]]
        assert states == ["failed", "failed", "allowed", "failed"]
        start = await socket.next("message_start", parent_id=end["id"])
        last = await socket.next("message_end", id=start["id"])
        assert "There is no tool nothing. | expression: 7 is not of type" in last["full_content"]
        assert "Division by zero." in last["full_content"]


async def test_a_turn_has_no_more_than_ten_replies(daphne_place: Place):
    """The last may call nothing, and answers with what there is."""
    person = await daphne_place.person()
    chat = await chat_with_tools(person, "builtin")
    async with person.socket(chat) as socket:
        await socket.ask(json.dumps([[SUM]] * 20), model="calls")
        last = await socket.next("message_end", next=None)
        assert last["full_content"] == "Results: 0.3"
    replies = [m for m in await person.rest.messages(chat) if m["role"] == "assistant"]
    assert len(replies) == 10
    assert "tools" not in daphne_place.ollama.chats[-1].json


async def test_a_model_without_tools_is_asked_without(daphne_place: Place):
    """And the end says so."""
    person = await daphne_place.person()
    chat = await chat_with_tools(person, "builtin")
    daphne_place.offer("without_tools")
    async with person.socket(chat) as socket:
        end = await socket.reply("Hi", model="without_tools")
        assert (end["status"], end["left_out"]) == ("completed", ["tools"])
        assert [("tools" in chat.json) for chat in daphne_place.ollama.chats] == [True, False]
        await socket.reply("Hi again", model="without_tools")
        assert "tools" not in daphne_place.ollama.chats[-1].json


async def test_an_openai_server_gets_back_what_it_wants(openai_place: Place):
    """Its call under its own id, with the signature, and what the model thought."""
    person = await openai_place.person()
    chat = await chat_with_tools(person, "calculate")
    async with person.socket(chat) as socket:
        end = await socket.reply("What is 6 times 7?", model="calculates")
        start = await socket.next("message_start", parent_id=end["id"])
        last = await socket.next("message_end", id=start["id"])
        assert last["full_content"] == "42"
    [asked, told] = openai_place.openai.chats[-1].json["messages"][-2:]
    [call] = asked["tool_calls"]
    assert asked["reasoning_content"] == "I need a tool."
    assert (call["id"], call["extra_content"]) == (
        *("call_7", {"google": {"thought_signature": "c2ln"}}),
    )
    assert json.loads(call["function"]["arguments"]) == {"expression": "6 * 7"}
    assert (told["role"], told["tool_call_id"], told["content"]) == ("tool", "call_7", "42")


async def test_each_reply_of_a_turn_has_its_usage(daphne_place: Place):
    """And each is bound to its message."""
    person = await daphne_place.person()
    chat = await chat_with_tools(person, "builtin")
    async with person.socket(chat) as socket:
        end = await socket.reply(question(SUM), model="calls")
        start = await socket.next("message_start", parent_id=end["id"])
        last = await socket.next("message_end", id=start["id"])
    records = await daphne_place.clerk("usage", user_id=person.id)
    assert [record["message_id"] for record in records] == [end["id"], last["id"]]
    assert {record["status"] for record in records} == {"completed"}
