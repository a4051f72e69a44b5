"""`/v1/responses`: items and events as its clients build them up, and what is refused."""

import json
from typing import Any

import pytest

from tests.harness.place import Person, Place
from tests.harness.rest import assert_clean, ok
from tests.scripted.ollama_scripts import REPLY, THOUGHTS
from tests.streaming.v1.client import Stream, post, refused, streaming

PATH = "/v1/responses"
CLOCK = {"type": "function", "name": "clock", "parameters": {"type": "object"}}
CALL = {"type": "function_call", "call_id": "call_1", "name": "clock", "arguments": "{}"}


async def respond(person: Person, model: str = "normal", **more: Any) -> dict[str, Any]:
    return ok(await post(person, {"model": model, "input": "Hello there", **more}, PATH))


async def stream(person: Person, model: str = "normal", **more: Any) -> list[dict[str, Any]]:
    """Every event; each is named as its type, and they count up."""
    async with streaming(person, model, PATH, input="Hello there", **more) as opened:
        return await events(opened)


async def events(opened: Stream) -> list[dict[str, Any]]:
    found = []
    for frame in await opened.rest():
        if frame.startswith(":"):
            continue
        name, data = frame.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    return found


def kinds(found: list[dict[str, Any]]) -> list[str]:
    """The types in order, those that repeat told once."""
    types = [event["type"].removeprefix("response.") for event in found]
    return [kind for i, kind in enumerate(types) if i == 0 or types[i - 1] != kind]


async def test_a_whole_response(place: Place) -> None:
    response = await respond(await place.person(), temperature=0.5, instructions="Be brief.")
    assert response["id"].startswith("resp_")
    assert (response["object"], response["status"]) == ("response", "completed")
    assert (response["store"], response["previous_response_id"]) == (False, None)
    assert (response["temperature"], response["instructions"]) == (0.5, "Be brief.")
    (item,) = response["output"]
    assert (item["type"], item["role"], item["status"]) == ("message", "assistant", "completed")
    assert item["content"][0]["text"] == "".join(REPLY)
    assert response["usage"]["output_tokens"] == len(REPLY)
    sent = place.ollama.chats[0].json["messages"]
    assert sent == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello there"},
    ]


async def test_the_events_of_a_message(place: Place) -> None:
    found = await stream(await place.person())
    assert kinds(found) == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.done", "content_part.done", "output_item.done"),
        "completed",
    ]
    said = "".join(event["delta"] for event in found if event["type"].endswith(".delta"))
    assert said == "".join(REPLY)
    last = found[-1]["response"]
    assert last["output"] == [found[-2]["item"]]
    assert last["id"] == found[0]["response"]["id"]
    assert found[0]["response"]["output"] == []


async def test_reasoning_is_an_item_of_its_own(daphne_place: Place) -> None:
    found = await stream(await daphne_place.person(), "think")
    reasoning, message = found[-1]["response"]["output"]
    assert reasoning["content"] == [{"type": "reasoning_text", "text": "".join(THOUGHTS)}]
    assert message["content"][0]["text"] == "".join(REPLY)


async def test_calls_of_functions(daphne_place: Place) -> None:
    found = await stream(await daphne_place.person(), "tools_many", tools=[CLOCK])
    calls = found[-1]["response"]["output"]
    assert [call["type"] for call in calls] == ["function_call"] * 3
    assert [json.loads(call["arguments"]) for call in calls] == [
        {"zone": "UTC"},
        {"zone": "CET"},
        {},
    ]
    assert len({call["call_id"] for call in calls} | {call["id"] for call in calls}) == 6
    added = [event for event in found if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == [0, 1, 2]
    assert [event["item"]["arguments"] for event in added] == ["", "", ""]


async def test_every_kind_of_item(daphne_place: Place) -> None:
    place = daphne_place
    await respond(
        await place.person(),
        "think",
        input=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": "What time is it?"}]},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"role": "assistant", "content": [{"type": "output_text", "text": "Let me look."}]},
            CALL,
            {**CALL, "call_id": "call_2"},
            {"type": "function_call_output", "call_id": "call_1", "output": "noon"},
            {"type": "function_call_output", "call_id": "call_2", "output": "noon"},
        ],
        text={"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}},
        reasoning={"effort": "low"},
        max_output_tokens=20,
    )
    sent = place.ollama.chats[0].json
    assert [message["role"] for message in sent["messages"]] == [
        *("system", "user", "assistant", "tool", "tool")
    ]
    assert [call["id"] for call in sent["messages"][2]["tool_calls"]] == ["call_1", "call_2"]
    assert sent["messages"][3]["tool_name"] == "clock"
    assert sent["format"] == {"type": "object"}
    assert sent["think"] == "low"
    assert sent["options"]["num_predict"] == 20


async def test_a_response_that_was_cut(daphne_place: Place) -> None:
    person = await daphne_place.person()
    found = await stream(person, "length")
    assert found[-1]["type"] == "response.incomplete"
    for response in (found[-1]["response"], await respond(person, "length")):
        assert response["status"] == "incomplete"
        assert response["incomplete_details"] == {"reason": "max_output_tokens"}


async def test_failure_in_the_middle(place: Place) -> None:
    found = await stream(await place.person(), "error")
    assert found[-1]["type"] == "response.failed"
    response = found[-1]["response"]
    assert response["status"] == "failed"
    assert response["error"]["code"] == "provider_failed"
    assert_clean(json.dumps(found[-1]))


async def test_failure_after_the_first_comment(impatient_place: Place) -> None:
    found = await stream(await impatient_place.person(), "hang")
    assert kinds(found) == ["created", "in_progress", "failed"]


@pytest.mark.parametrize("with_stream", [True, False])
async def test_early_failure_has_its_status(daphne_place: Place, *, with_stream: bool) -> None:
    asked = {"model": "memory", "input": "x", "stream": with_stream}
    refused(await post(await daphne_place.person(), asked, PATH), 502, "provider_failed")


REFERENCE = {"type": "item_reference", "id": "msg_1"}


async def test_a_reference_is_refused_with_the_way_out(daphne_place: Place) -> None:
    """The AI SDK sends references from the second turn on, unless it is told that nothing is
    stored; what the answers say does not change that."""
    person = await daphne_place.person()
    answer = await post(person, {"model": "normal", "input": [REFERENCE]}, PATH)
    refused(answer, 400, "validation_error", "input[0].type")
    assert "providerOptions.openai.store" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"background": True}, "background"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"input": [REFERENCE]}, "input[0].type"),
        ({"input": [{"type": "computer_call"}]}, "input[0].type"),
        ({"input": None}, "input"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
        ({"input": [{**CALL, "call_id": None}]}, "input[0].call_id"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"name": "clock"}]}, "tools[0].type"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"reasoning": {"effort": 3}}, "reasoning.effort"),
    ],
)
async def test_what_cannot_be_done(daphne_place: Place, fields: dict[str, Any], param: str) -> None:
    """What would have to be kept is refused clearly, and so is what is not understood."""
    asked = {"model": "normal", "input": "x", **fields}
    refused(await post(await daphne_place.person(), asked, PATH), 400, "validation_error", param)
    assert daphne_place.ollama.chats == []
