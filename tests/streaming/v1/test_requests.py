"""What a request may hold: what of it reaches the model, and what is refused, naming the field."""

import base64
import json
import re
from typing import Any

import pytest

from providers.types import Image
from streaming.v1.parts import ContentPart
from tests.harness.place import Place
from tests.streaming.v1.client import HELLO, SEES, body, complete, post, refused

PICTURE = base64.b64encode(b"\x89PNG not really").decode()
SCHEMA = {"type": "object", "properties": {"city": {"anyOf": [{"type": "string"}]}}}
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": SCHEMA}}
NAMED = {"type": "function", "function": {"name": "clock"}}
UNKNOWN = {"type": "function", "function": {"name": "dice"}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}


async def sent(place: Place, **more: Any) -> dict[str, Any]:
    """What the model's server was asked."""
    await complete(await place.person(), **more)
    return dict(place.ollama.chats[-1].json)


@pytest.mark.parametrize("camel", [False, True])
async def test_every_field_that_is_passed_on(daphne_place: Place, *, camel: bool) -> None:
    """In OpenAI's spelling and in the camelCase one."""
    fields = {
        "temperature": 1.5,
        "topP" if camel else "top_p": 0.5,
        "maxTokens" if camel else "max_tokens": 9,
        "stop": ["END"],
        "seed": 7,
        "presencePenalty" if camel else "presence_penalty": 1,
        "frequencyPenalty" if camel else "frequency_penalty": -1,
        "responseFormat" if camel else "response_format": {"type": "json_object"},
        "tools": [CLOCK],
        "toolChoice" if camel else "tool_choice": {
            "type": "function",
            "function": {"name": "clock"},
        },
        "reasoningEffort" if camel else "reasoning_effort": "low",
    }
    asked = await sent(daphne_place, model="think", **fields)
    assert asked["options"] == {
        "temperature": 1.5,
        "top_p": 0.5,
        "num_predict": 9,
        "stop": ["END"],
        "seed": 7,
        "presence_penalty": 1.0,
        "frequency_penalty": -1.0,
        "num_ctx": 8192,
    }
    assert asked["format"] == "json"
    assert asked["think"] == "low"
    assert asked["tools"][0]["function"]["parameters"] == SCHEMA


@pytest.mark.parametrize(
    ("asked", "sent_on"),
    [("minimal", "low"), ("high", "high"), ("xhigh", "high"), ("max", "high"), ("ultra", "high")],
)
async def test_an_effort_that_is_new(daphne_place: Place, asked: str, sent_on: str) -> None:
    """What goes beyond "high" is called something else with each model; the nearest is taken."""
    assert (await sent(daphne_place, model="think", reasoning_effort=asked))["think"] == sent_on


async def test_no_effort_for_a_model_that_does_not_think(daphne_place: Place) -> None:
    """It would refuse; clients send the same to all models."""
    asked = await sent(daphne_place, model="normal", reasoning_effort="high")
    assert "think" not in asked


@pytest.mark.parametrize("seed", [4294967295, 1785572430123, 2**53 - 1, -(2**63)])
async def test_any_seed_is_taken(daphne_place: Place, seed: int) -> None:
    await sent(daphne_place, seed=seed)


async def test_what_is_not_said_is_left_to_the_model(daphne_place: Place) -> None:
    asked = await sent(daphne_place, temperature=None, tools=None, stop=None, response_format=None)
    assert set(asked) == {"model", "messages", "stream", "options", "truncate"}
    assert set(asked["options"]) == {"num_ctx", "num_predict"}  # what the window has room for


async def test_json_schema_and_stop_as_text(daphne_place: Place) -> None:
    described = {"name": "place", "schema": SCHEMA, "strict": True}
    asked = await sent(
        daphne_place,
        response_format={"type": "json_schema", "json_schema": described},
        stop="END",
    )
    assert asked["format"] == SCHEMA
    assert asked["options"]["stop"] == ["END"]


async def test_every_kind_of_message(daphne_place: Place) -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is "}, picture]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "noon"}]},
    ]
    daphne_place.ollama.models.append(SEES)
    asked = await sent(daphne_place, model=SEES["name"], messages=messages)
    assert asked["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is ", "images": [PICTURE]},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call_1", "function": {"name": "clock", "arguments": {}}}],
        },
        {"role": "tool", "content": "noon", "tool_call_id": "call_1", "tool_name": "clock"},
    ]


async def test_a_whole_answer_with_tool_calls(daphne_place: Place) -> None:
    answer = await complete(await daphne_place.person(), "tools_done", tools=[CLOCK])
    (choice,) = answer["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    (call,) = choice["message"]["tool_calls"]
    assert call["type"] == "function"
    assert json.loads(call["function"]["arguments"]) == {"zone": "UTC"}


async def test_all_that_is_sent_is_what_the_model_gets(daphne_place: Place) -> None:
    """Older messages are never left out in silence: the program keeps them, not we."""
    long = [{"role": "user", "content": f"{n} " + "word " * 200} for n in range(60)]
    person = await daphne_place.person()
    response = await post(person, body(messages=long))
    error = refused(response, 400, "context_length_exceeded")
    assert daphne_place.ollama.chats == []
    numbers = re.search(
        r"maximum context length is (\d+) tokens.*your messages resulted in (\d+) tokens",
        error["message"],
    )
    assert numbers
    assert 8192 == int(numbers[1]) < int(numbers[2])
    asked = await sent(daphne_place, messages=long[:20])
    assert len(asked["messages"]) == 20


async def test_the_words_for_a_prompt_that_is_too_long_are_those_of_openai(
    daphne_place: Place,
) -> None:
    """Also when it is the model's server that finds it so; with its numbers."""
    response = await post(await daphne_place.person(), body("toolong"))
    message = refused(response, 400, "context_length_exceeded")["message"]
    assert "maximum context length is 4096 tokens" in message
    assert "your messages resulted in 9001 tokens" in message


@pytest.mark.parametrize("fields", [{"logprobs": True}, {"top_logprobs": 2}])
async def test_log_probabilities_that_nobody_has_are_refused(
    daphne_place: Place, fields: dict[str, Any]
) -> None:
    """Never left out in silence."""
    person = await daphne_place.person()
    for more in ({}, {"stream": True}):
        response = await post(person, body(**fields, **more))
        refused(response, 400, "not_supported", "logprobs")
    await complete(person, logprobs=False)


async def test_tools_that_are_only_names(daphne_place: Place) -> None:
    """Those of a front end that has tools of its own are none of ours."""
    person = await daphne_place.person()
    asked = {"temperature": 1.0, "topP": 0.95, "tools": ["url-context", "image-generation"]}
    answer = await complete(person, "normal", **asked)
    assert answer["choices"][0]["finishReason"] == "stop"
    assert [warning["param"] for warning in answer["warnings"]] == ["tools[0]", "tools[1]"]
    await complete(person, "tools", tools=["url-context", CLOCK])
    first, second = daphne_place.ollama.chats
    assert "tools" not in first.json
    assert [tool["function"]["name"] for tool in second.json["tools"]] == ["clock"]


async def test_no_model_named(daphne_place: Place) -> None:
    """The default answers."""
    assert (await complete(await daphne_place.person(), None))["model"] == "normal"


def picture(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def shown(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [*parts]}]


async def test_an_image_whose_type_has_parameters(daphne_place: Place) -> None:
    url = f"data:image/png;charset=utf-8;base64,{PICTURE}"
    daphne_place.ollama.models.append(SEES)
    asked = await sent(daphne_place, model=SEES["name"], messages=shown(picture(url)))
    assert asked["messages"][0]["images"] == [PICTURE]


@pytest.mark.parametrize(
    ("first", "media_type"),
    [
        (b"\x89PNG\r\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    ],
)
def test_a_picture_is_what_its_bytes_are(first: bytes, media_type: str) -> None:
    data = base64.b64encode(first + bytes(40)).decode()
    part = ContentPart.read({"type": "image_url", "image_url": f"data:image/svg+xml;base64,{data}"})
    assert part.image_url == Image(media_type, data)


async def test_what_means_nothing_without_tools(daphne_place: Place) -> None:
    """Clients send it all the same."""
    for choice in ("auto", "none", "required", NAMED):
        assert "tools" not in await sent(daphne_place, tool_choice=choice)


URL = "messages[0].content[0].image_url.url"
LISTED = {"name": "clock", "arguments": "[1]"}
FAR = {"type": "image_url", "image_url": {"url": "http://10.0.0.1/cat.png"}}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": ["Hello"]}, "messages[0]"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [7]}]}, "messages[0].content[0]"),
        (
            {"messages": [*HELLO, {"role": "user", "content": [FAR]}]},
            "messages[1].content[0].image_url.url",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "messages[0].content[0].type",
        ),
        ({"messages": shown({"type": "text"})}, "messages[0].content[0].text"),
        ({"messages": shown(picture("data:image/png;base64,"))}, URL),
        ({"messages": shown(picture("data:image/png;base64,%%"))}, URL),
        ({"messages": shown(picture("data:text/plain;base64,eA=="))}, URL),
        ({"messages": shown(picture("data:image/png;base64,PHN2Zz48L3N2Zz4="))}, URL),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "function": LISTED}]}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        (
            {"messages": [{"role": "user", "content": "x", "tool_calls": [CALL]}]},
            "messages[0].tool_calls",
        ),
        ({"model": 7}, "model"),
        ({"model": "x" * 256}, "model"),
        ({"model": "x\0"}, "model"),
        ({"n": 2}, "n"),
        ({"n": 0}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": []}, "stream_options"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "1"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"topP": 1.1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens"),
        ({"stop": [""]}, "stop"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"seed": "7"}, "seed"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [CLOCK], "tool_choice": UNKNOWN}, "tool_choice"),
        ({"tools": [CLOCK], "tool_choice": "maybe"}, "tool_choice"),
        ({"tool_choice": 5}, "tool_choice"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"response_format": {}}, "response_format.type"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"reasoning_effort": 3}, "reasoning_effort"),
        ({"logprobs": "yes"}, "logprobs"),
        ({"top_logprobs": 21}, "top_logprobs"),
    ],
)
async def test_a_field_that_cannot_be_used(
    daphne_place: Place, fields: dict[str, Any], param: str
) -> None:
    response = await post(await daphne_place.person(), {**body(), **fields})
    error = refused(response, 400, "validation_error", param)
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith(f"{param}: ")
    assert daphne_place.ollama.chats == []
