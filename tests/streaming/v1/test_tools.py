"""Tools as stock programs send them: hosted ones, custom ones, and some that are allowed."""

import json
from typing import Any

import pytest

from tests.harness.place import Place
from tests.harness.rest import ok
from tests.streaming.v1.client import (
    SEES,
    body,
    complete,
    deltas,
    post,
    reasons,
    refused,
    stream,
    streaming,
)
from tests.streaming.v1.test_responses import PATH, respond
from tests.streaming.v1.test_responses import stream as stream_response

CLOCK = {"name": "clock", "parameters": {"type": "object"}}
DICE = {"name": "dice", "parameters": {"type": "object"}}
CHAT = [{"type": "function", "function": tool} for tool in (CLOCK, DICE)]
FLAT = [{"type": "function", **tool} for tool in (CLOCK, DICE)]
# What Codex and the Agents SDK send beside functions.
HOSTED: list[dict[str, Any]] = [
    {"type": "web_search", "external_web_access": True},
    {"type": "namespace", "name": "mcp__files", "description": "", "tools": FLAT},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "file_search", "vector_store_ids": ["vs_1"]},
]
LARK = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}


def offered(place: Place) -> list[str]:
    """The names of the tools that the model was told of."""
    return [tool["function"]["name"] for tool in place.ollama.chats[-1].json.get("tools", ())]


def warned(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(warning["code"], warning["param"]) for warning in told["warnings"]]


LEFT_OUT = [("tool_left_out", f"tools[{index}]") for index in (1, 2, 3, 4)]


async def test_a_hosted_tool_is_left_out_of_a_response(daphne_place: Place) -> None:
    """And said so at the top of the answer, and of the last event."""
    person = await daphne_place.person()
    tools = [FLAT[0], *HOSTED]
    response = await respond(person, tools=tools)
    assert warned(response) == LEFT_OUT
    assert "web_search" in response["warnings"][0]["message"]
    assert offered(daphne_place) == ["clock"]
    *others, last = await stream_response(person, tools=tools)
    assert warned(last) == warned(last["response"]) == LEFT_OUT
    assert not [event for event in others if "warnings" in event]
    assert "warnings" not in await respond(person, tools=FLAT)


@pytest.mark.parametrize("options", [None, {"include_usage": True}])
async def test_a_hosted_tool_is_left_out_of_a_completion(
    daphne_place: Place, options: dict[str, Any] | None
) -> None:
    person = await daphne_place.person()
    tools = [CHAT[0], *HOSTED]
    assert warned(await complete(person, tools=tools)) == LEFT_OUT
    *others, last = await stream(person, tools=tools, stream_options=options)
    assert warned(last) == LEFT_OUT
    assert not [chunk for chunk in others if "warnings" in chunk]
    assert offered(daphne_place) == ["clock"]


async def test_a_custom_tool_is_a_function_of_one_text(daphne_place: Place) -> None:
    """For the model; the program gets back a call as it knows it."""
    person = await daphne_place.person()
    custom = {"name": "patch", "description": "Edits files.", "format": LARK}
    response = await respond(person, "patch", tools=[{"type": "custom", **custom}])
    (tool,) = daphne_place.ollama.chats[-1].json["tools"]
    assert tool["function"]["parameters"] == {
        "type": "object",
        "properties": {"input": {"type": "string"}},
        "required": ["input"],
    }
    assert "Edits files." in tool["function"]["description"]
    assert LARK["definition"] in tool["function"]["description"]
    _, call = response["output"]
    assert (call["type"], call["name"], call["input"]) == (
        "custom_tool_call",
        "patch",
        "*** Begin Patch",
    )
    found = await stream_response(person, "patch", tools=[{"type": "custom", **custom}])
    told = [event for event in found if "custom_tool_call_input" in event["type"]]
    assert [event["type"].rpartition(".")[2] for event in told] == ["delta", "done"]
    assert (told[0]["delta"], told[1]["input"]) == ("*** Begin Patch", "*** Begin Patch")
    assert not [event for event in found if "function_call" in event["type"]]
    back = [
        {"role": "user", "content": "Edit it."},
        {key: call[key] for key in ("type", "call_id", "name", "input")},
        {"type": "custom_tool_call_output", "call_id": call["call_id"], "output": "Done."},
    ]
    await respond(person, input=back)
    _, asked, answered = daphne_place.ollama.chats[-1].json["messages"]
    assert asked["tool_calls"][0]["function"] == {
        "name": "patch",
        "arguments": {"input": "*** Begin Patch"},
    }
    assert answered["content"] == "Done."


async def test_a_custom_tool_in_a_completion(daphne_place: Place) -> None:
    person = await daphne_place.person()
    grammar = {"type": "grammar", "grammar": LARK}
    tools = [{"type": "custom", "custom": {"name": "patch", "format": grammar}}]
    (choice,) = (await complete(person, "patch", tools=tools))["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert (call["type"], call["custom"]) == (
        "custom",
        {"name": "patch", "input": "*** Begin Patch"},
    )
    (tool,) = daphne_place.ollama.chats[-1].json["tools"]
    assert LARK["definition"] in tool["function"]["description"]
    chunks = await stream(person, "patch", tools=tools)
    (told,) = [delta["tool_calls"] for delta in deltas(chunks) if "tool_calls" in delta]
    assert [(call["index"], call["custom"]["input"]) for call in told] == [(0, "*** Begin Patch")]
    assert reasons(chunks) == ["tool_calls"]
    answer = {"role": "tool", "tool_call_id": call["id"], "content": "Done."}
    messages = [*body()["messages"], {"role": "assistant", "tool_calls": [call]}, answer]
    await complete(person, messages=messages)
    arguments = daphne_place.ollama.chats[-1].json["messages"][1]["tool_calls"][0]["function"]
    assert arguments["arguments"] == {"input": "*** Begin Patch"}


@pytest.mark.parametrize("nested", [True, False])
async def test_only_the_allowed_tools_are_offered(daphne_place: Place, *, nested: bool) -> None:
    """In both APIs, spelled as in either."""
    person = await daphne_place.person()
    allowed = {
        "mode": "auto",
        "tools": [CHAT[1] if nested else {"type": "function", "name": "dice"}],
    }
    choice = {"type": "allowed_tools", **({"allowed_tools": allowed} if nested else allowed)}
    await complete(person, tools=CHAT, tool_choice=choice)
    assert offered(daphne_place) == ["dice"]
    await respond(person, tools=FLAT, tool_choice=choice)
    assert offered(daphne_place) == ["dice"]
    wrong = {"type": "allowed_tools", "mode": "never", "tools": []}
    refused(
        await post(person, body(tools=CHAT, tool_choice=wrong)),
        400,
        "validation_error",
        "tool_choice",
    )


@pytest.mark.parametrize("arguments", ["", None, "null", " "])
async def test_no_arguments_are_an_empty_object(daphne_place: Place, arguments: Any) -> None:
    """As models write them, and as programs send them back."""
    person = await daphne_place.person()
    call = {"id": "c", "type": "function", "function": {"name": "dice", "arguments": arguments}}
    answer = {"role": "tool", "tool_call_id": "c", "content": "6"}
    messages = [*body()["messages"], {"role": "assistant", "tool_calls": [call]}, answer]
    await complete(person, messages=messages)
    flat = {"type": "function_call", "call_id": "c", "name": "dice", "arguments": arguments}
    await respond(person, input=[{"role": "user", "content": "x"}, flat])
    for chat in daphne_place.ollama.chats:
        assert chat.json["messages"][1]["tool_calls"][0]["function"]["arguments"] == {}


PICTURE = "data:image/png;base64,iVBORw0KGgo="


async def test_a_picture_of_a_tool_reaches_the_model_or_is_refused(daphne_place: Place) -> None:
    """It is never dropped."""
    person = await daphne_place.person()
    text = {"type": "input_text", "text": "Here:"}
    output = [text, {"type": "input_image", "image_url": PICTURE}]
    items = [
        {"role": "user", "content": "x"},
        {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": output},
    ]
    shown = {"type": "image_url", "image_url": {"url": PICTURE}}
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        *body()["messages"],
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "x"}, shown]},
    ]
    daphne_place.ollama.models.append(SEES)
    asked = {"model": SEES["name"], "input": items}
    for response in (
        await post(person, asked, PATH),
        await post(person, body(SEES["name"], messages=messages)),
    ):
        if response.status_code == 400:
            continue
        ok(response)
        assert "iVBORw0KGgo=" in json.dumps(daphne_place.ollama.chats[-1].json)


async def test_reasoning_goes_back_to_the_model(daphne_place: Place) -> None:
    """In both APIs: as the message's own, or as an item before it."""
    person = await daphne_place.person()
    said = {"role": "assistant", "content": "Noon.", "reasoning_content": "A clock shows it."}
    await complete(person, "think", messages=[*body()["messages"], said, *body()["messages"]])
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": []}
    part = {"type": "reasoning_text", "text": "A clock shows it."}
    summary = {"type": "summary_text", "text": "A clock shows it."}
    message = {"role": "assistant", "content": [{"type": "output_text", "text": "Noon."}]}
    user = {"role": "user", "content": "x"}
    for item in ({**reasoning, "content": [part]}, {**reasoning, "summary": [summary]}):
        await respond(person, "think", input=[user, item, message, user])
    for chat in daphne_place.ollama.chats:
        assert chat.json["messages"][1]["thinking"] == "A clock shows it."


async def test_the_events_of_reasoning(daphne_place: Place) -> None:
    """Its text is in a part, which Node's client wants added; as a summary where that was asked."""
    person = await daphne_place.person()
    found = await stream_response(person, "think")
    added = [e for e in found if e["type"] == "response.content_part.added"]
    done = [e for e in found if e["type"] == "response.content_part.done"]
    assert [event["part"]["type"] for event in added] == ["reasoning_text", "output_text"]
    assert [event["part"]["type"] for event in done] == ["reasoning_text", "output_text"]
    assert done[0]["part"]["text"] == "Let me think."
    found = await stream_response(person, "think", reasoning={"summary": "auto"})
    told = [event["type"].removeprefix("response.reasoning_summary_") for event in found]
    assert [kind for kind in dict.fromkeys(told) if not kind.startswith("response.")] == [
        *("part.added", "text.delta", "text.done", "part.done")
    ]
    item = found[-1]["response"]["output"][0]
    assert item["summary"] == [{"type": "summary_text", "text": "Let me think."}]


async def test_store_is_taken_and_answered_as_not_stored(daphne_place: Place) -> None:
    person = await daphne_place.person()
    assert (await respond(person, store=True))["store"] is False
    async with streaming(person, path=PATH, input="x", store=True) as opened:
        frames = await opened.rest()
    assert '"store":false' in frames[-1]
