"""Servers that ask for input in the middle of a call."""

from typing import Any

import pytest

from conversations.tools import inputs
from conversations.tools.built_in import ToolFailed
from conversations.tools.inputs import Question
from tests.harness.fold import Event
from tests.harness.place import Place
from tests.harness.rest import ok, refused
from tests.harness.sockets import Socket
from tests.harness.tool_server import calls, chat_with_tools
from tests.streaming.tools.test_decisions import after, decision

SEAT = {"row": 7, "side": "aisle"}


async def question(socket: Socket, end: Event) -> dict[str, Any]:
    """The call, once its server has asked."""
    while "input" not in (call := (await socket.next("tool_call", id=end["id"]))["call"]):
        pass
    return dict(call)


def answer(call: dict[str, Any], action: str = "accept", **more: Any) -> dict[str, Any]:
    [asked] = call["input"]
    return {asked["id"]: {"action": action, **more}}


async def test_a_form_waits_as_a_call_that_nobody_has_decided(place: Place, add_server):
    """It is a row: it is there for every process and after a reload, and is answered by frame or by
    REST. What does not fit its schema is refused."""
    staff = await place.person(staff=True)
    server = await add_server(staff)
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket, staff.socket(chat) as other:
        end = await socket.reply(calls(server, ("book", {"train": "ICE 1"})), model="calls")
        await socket.send(decision(end, remember="conversation"))
        call = await question(other, end)
        assert call["state"] == "asked"
        [asked] = call["input"]
        assert asked["message"] == "Which seat do you want?"
        assert asked["schema"]["properties"]["row"]["maximum"] == 30
        stored = await staff.rest.message(end["id"])
        assert (stored["tool_calls"][0]["input"], stored["next"]) == (call["input"], "decision")
        path = f"/api/messages/{end['id']}/tool-calls/{call['id']}/decide/"
        body = {"client_id": decision(end)["client_id"], "allow": True}
        for answers in (
            None,
            {"x": {"action": "accept"}},
            answer(call, content={"row": 31}),
            answer(call, content={**SEAT, "more": 1}),
            answer(call),
        ):
            wrong = {**body, "answers": answers} if answers else body
            refused(await staff.rest.post(path, wrong), 400, "validation_error", "answers")
        unknown = {**body, "answers": answer(call, "shrug")}
        refused(await staff.rest.post(path, unknown), 400, "validation_error")
        good = {**body, "answers": answer(call, content=SEAT)}
        assert "input" not in ok(await staff.rest.post(path, good))
        last = await after(socket, end)
        assert "Booked 7 aisle in ICE 1." in last["full_content"]
        await other.next("message_end", id=last["id"])
        # The tool is allowed in this chat, and its server asks all the same.
        end = await socket.reply(calls(server, ("book", {"train": "ICE 2"})), model="calls")
        call = await question(socket, end)
        await socket.send(decision(end, answers=answer(call, "decline")))
        assert "Not booked: decline." in (await after(socket, end))["full_content"]
        end = await socket.reply(calls(server, ("book", {"train": "ICE 3"})), model="calls")
        await question(socket, end)
        await socket.send(decision(end, allow=False))
        assert "The user denied this call." in (await after(socket, end))["full_content"]


async def test_sampling_is_refused(daphne_place: Place, add_server):
    staff = await daphne_place.person(staff=True)
    server = await add_server(staff)
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket:
        end = await socket.reply(calls(server, ("write_poem", {})), model="calls")
        asked_before = len(daphne_place.ollama.chats)
        await socket.send(decision(end))
        await after(socket, end)
    [call] = (await staff.rest.message(end["id"]))["tool_calls"]
    assert call["state"] == "failed"
    assert "sampling" in call["result"]
    assert len(daphne_place.ollama.chats) == asked_before + 1  # for the next reply alone


FORM: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.mark.parametrize(
    "question",
    [
        Question("k", "Who?", {"type": "object", "properties": {"a": {"type": "object"}}}),
        Question("k", "Who?", {"type": "object", "properties": {"a": True}}),
        Question("k", "Who?", {"type": "array"}),
        Question("k", "Who?", {**FORM, "title": "x" * inputs.MOST_CHARACTERS}),
        Question("k", "Where?", url="javascript:alert(1)"),
        Question("k", "Where?", url="https://user@host/"),
        Question("k", "Where?", url="https://host/ x"),
    ],
)
def test_what_cannot_be_shown_is_refused(question: Question):
    with pytest.raises(ToolFailed):
        inputs.asked("", [question], None)


def test_a_call_asks_so_many_times():
    text = ""
    for number in range(inputs.MOST_ROUNDS):
        text = inputs.asked(text, [Question("k", "Who?", FORM)], f"state {number}")
        [row] = inputs.open_questions(text)
        answers = {row["id"]: {"action": "accept", "content": {"name": "Ada"}}}
        text = inputs.answered(text, answers)
        assert inputs.open_questions(text) == []
        assert inputs.given(text).state == f"state {number}"
        assert inputs.given(text).answers == {"k": {"action": "accept", "content": {"name": "Ada"}}}
    with pytest.raises(ToolFailed, match="more than 10 times"):
        inputs.asked(text, [Question("k", "Who?", FORM)], None)
