"""What more than text and sampling a request may hold: what is sent of it, and what comes back."""

import json
from typing import Any

import pytest

from providers.errors import ModelNotFound, RequestRefused, StreamBroken
from providers.inference import InferenceProvider
from providers.ollama import OllamaProvider
from providers.openai import OpenAIProvider
from providers.types import (
    ChatMessage,
    ChatRequest,
    ChatToolCall,
    Embeddings,
    Image,
    ResponseFormat,
    Tool,
    ToolChoice,
)
from tests.providers.replies import answer, ask, is_plain
from tests.scripted.ollama import ScriptedOllama, entry
from tests.scripted.openai import ScriptedOpenAI

Compatible = OpenAIProvider | InferenceProvider

# As programs make them from their types: nested, with references and alternatives.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "zone": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "at": {"type": "object", "properties": {"hour": {"$ref": "#/$defs/Hour"}}},
    },
    "required": ["zone"],
    "additionalProperties": False,
    "$defs": {"Hour": {"type": "integer", "minimum": 0}},
}
CLOCK = Tool("clock", "Tells the time.", SCHEMA, strict=True)
DICE = Tool("dice")
USER = ChatMessage("user", "What time is it?")
UTC, CET = '{"zone":"UTC"}', '{"zone":"CET"}'
PICTURE = Image("image/png", "iVBORw0KGgo=")
CALLED = (
    USER,
    ChatMessage("assistant", "", tool_calls=(ChatToolCall("call_1", "clock", UTC),)),
    ChatMessage("tool", "12:00", tool_call_id="call_1"),
)


def request(*messages: ChatMessage, model: str = "normal", **more: Any) -> ChatRequest:
    return ChatRequest(model, messages or (USER,), **more)


# --- Ollama -----------------------------------------------------------------------------------


async def sent(provider: Any, server: Any, asked: ChatRequest) -> dict[str, Any]:
    await answer(provider, asked)
    return dict(server.chats[-1].json)


async def test_ollama_gets_the_whole_schema_of_a_tool(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """The official client would drop whatever of it it does not know."""
    body = await sent(ollama, ollama_server, request(tools=(CLOCK, DICE)))
    first, second = (tool["function"] for tool in body["tools"])
    assert first == {"name": "clock", "description": "Tells the time.", "parameters": SCHEMA}
    assert second["name"] == "dice"
    assert second["parameters"]["type"] == "object"


@pytest.mark.parametrize(
    ("choice", "offered"),
    [
        (None, ["clock", "dice"]),
        (ToolChoice("auto"), ["clock", "dice"]),
        (ToolChoice("required"), ["clock", "dice"]),
        (ToolChoice("none"), None),
        (ToolChoice("function", "dice"), ["dice"]),
    ],
)
async def test_ollama_is_offered_the_tools_that_may_be_called(
    ollama: OllamaProvider,
    ollama_server: ScriptedOllama,
    choice: ToolChoice | None,
    offered: list[str] | None,
) -> None:
    body = await sent(ollama, ollama_server, request(tools=(CLOCK, DICE), tool_choice=choice))
    names = [tool["function"]["name"] for tool in body["tools"]] if "tools" in body else None
    assert names == offered


async def test_ollama_gets_tool_calls_and_their_answers(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """Arguments as an object, and an answer with the name of its tool."""
    _, call, result = (await sent(ollama, ollama_server, request(*CALLED)))["messages"]
    assert call["tool_calls"] == [
        {"id": "call_1", "function": {"name": "clock", "arguments": {"zone": "UTC"}}}
    ]
    assert (result["role"], result["content"]) == ("tool", "12:00")
    assert (result["tool_call_id"], result["tool_name"]) == ("call_1", "clock")


async def test_ollama_cannot_be_sent_broken_arguments(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    broken = ChatMessage("assistant", "", tool_calls=(ChatToolCall("call_1", "clock", "{oops"),))
    with pytest.raises(RequestRefused) as caught:
        await answer(ollama, request(USER, broken))
    assert is_plain(caught.value)
    assert ollama_server.chats == []


@pytest.mark.parametrize(
    ("wanted", "form"),
    [(ResponseFormat(), "json"), (ResponseFormat(SCHEMA, "time"), SCHEMA), (None, None)],
)
async def test_ollama_format(
    ollama: OllamaProvider, ollama_server: ScriptedOllama, wanted: ResponseFormat | None, form: Any
) -> None:
    body = await sent(ollama, ollama_server, request(response_format=wanted))
    assert body.get("format") == form


async def test_ollama_images_and_options(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    body = await sent(
        ollama,
        ollama_server,
        request(
            ChatMessage("user", "What is this?", parts=("What is this?", PICTURE)),
            stop=("END", "."),
            seed=0,
            presence_penalty=0.5,
            frequency_penalty=-0.5,
        ),
    )
    assert body["messages"][0]["images"] == [PICTURE.base64]
    assert body["options"] == {
        "stop": ["END", "."],
        "seed": 0,
        "presence_penalty": 0.5,
        "frequency_penalty": -0.5,
    }
    assert "think" not in body


@pytest.mark.parametrize(
    ("effort", "think"), [("none", False), ("minimal", "low"), ("high", "high")]
)
async def test_ollama_effort(
    ollama: OllamaProvider, ollama_server: ScriptedOllama, effort: str, think: bool | str
) -> None:
    body = await sent(ollama, ollama_server, request(reasoning_effort=effort))
    assert body["think"] == think
    ollama_server.models = [entry("normal:latest", capabilities=("completion", "tools"))]
    await ollama.list_models()
    assert "think" not in await sent(ollama, ollama_server, request(reasoning_effort=effort))


@pytest.mark.parametrize("seed", [2**31 - 1, -(2**31), 2**31, 4294967295, -(2**63), 2**63 - 1])
async def test_ollama_seeds_are_folded_into_theirs(
    ollama: OllamaProvider, ollama_server: ScriptedOllama, seed: int
) -> None:
    body = await sent(ollama, ollama_server, request(seed=seed))
    assert -(2**31) <= body["options"]["seed"] < 2**31
    assert (body["options"]["seed"] - seed) % 2**31 == 0


@pytest.mark.parametrize("model", ["tools", "tools_done"])
async def test_ollama_tool_call(ollama: OllamaProvider, model: str) -> None:
    """On a line of its own, or on the last."""
    reply = await ask(ollama, model)
    assert [(name, json.loads(text)) for _, name, text in reply.calls] == [
        ("clock", {"zone": "UTC"})
    ]
    assert reply.finish.reason == "tool_calls"


async def test_ollama_calls_get_ids_and_indices_of_ours(ollama: OllamaProvider) -> None:
    calls = (await ask(ollama, "tools_many")).calls
    assert [(name, text) for _, name, text in calls] == [
        ("clock", UTC),
        ("clock", CET),
        ("dice", "{}"),
    ]
    assert len({id_ for id_, *_ in calls}) == 3
    assert all(id_.startswith("call_") for id_, *_ in calls)


# --- OpenAI and servers like it ------------------------------------------------------------------


async def test_compatible_body(compatible: Compatible, openai_server: ScriptedOpenAI) -> None:
    body = await sent(
        compatible,
        openai_server,
        request(
            *CALLED,
            tools=(CLOCK, DICE),
            tool_choice=ToolChoice("function", "clock"),
            response_format=ResponseFormat(SCHEMA, "time", strict=True),
            stop=("END",),
            seed=7,
        ),
    )
    function = {"name": "clock", "description": "Tells the time.", "parameters": SCHEMA}
    assert body["tools"] == [
        {"type": "function", "function": {**function, "strict": True}},
        {"type": "function", "function": {"name": "dice"}},
    ]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "clock"}}
    described = {"name": "time", "schema": SCHEMA, "strict": True}
    assert body["response_format"] == {"type": "json_schema", "json_schema": described}
    assert (body["stop"], body["seed"]) == (["END"], 7)
    _, call, result = body["messages"]
    assert call["content"] is None
    assert call["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": UTC}}
    ]
    assert result == {"role": "tool", "content": "12:00", "tool_call_id": "call_1"}


@pytest.mark.parametrize("mode", ["auto", "none", "required"])
async def test_compatible_choice_and_json(
    compatible: Compatible, openai_server: ScriptedOpenAI, mode: Any
) -> None:
    asked = request(tools=(DICE,), tool_choice=ToolChoice(mode), response_format=ResponseFormat())
    body = await sent(compatible, openai_server, asked)
    assert body["tool_choice"] == mode
    assert body["response_format"] == {"type": "json_object"}


async def test_compatible_image(compatible: Compatible, openai_server: ScriptedOpenAI) -> None:
    message = ChatMessage("user", "What is this?", parts=("What is this?", PICTURE))
    body = await sent(compatible, openai_server, request(message))
    url = {"url": f"data:image/png;base64,{PICTURE.base64}"}
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": url},
    ]


async def test_plain_request_names_nothing_more(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    """Servers that do not know tools and formats never hear of them."""
    body = await sent(compatible, openai_server, request())
    assert set(body) == {"model", "messages", "stream", "stream_options"}


@pytest.mark.parametrize("model", ["tools_whole", "tools_parts"])
async def test_compatible_tool_call(compatible: Compatible, model: str) -> None:
    reply = await ask(compatible, model)
    assert reply.calls == [("call_1", "clock", UTC)]
    assert reply.finish.reason == "tool_calls"


@pytest.mark.parametrize("model", ["tools_zero", "tools_bare", "tools_mixed", "tools_late"])
async def test_odd_tool_calls_are_told_apart(compatible: Compatible, model: str) -> None:
    reply = await ask(compatible, model)
    assert [(name, text) for _, name, text in reply.calls] == [("clock", UTC), ("clock", CET)]
    ids = [id_ for id_, *_ in reply.calls]
    assert len(set(ids)) == 2
    assert all(id_.startswith("call_") for id_ in ids)
    assert reply.finish.reason == "tool_calls"


# --- Embeddings --------------------------------------------------------------------------------

TEXTS = ("one", "three")


async def test_ollama_embeddings(ollama: OllamaProvider, ollama_server: ScriptedOllama) -> None:
    found = await ollama.embed("embedder", TEXTS, 2)
    assert found == Embeddings(((3.0, 0.5), (5.0, 0.5)), 3)
    assert ollama_server.exchanges[-1].json == {
        "model": "embedder",
        "input": ["one", "three"],
        "dimensions": 2,
    }


async def test_openai_embeddings(openai: OpenAIProvider, openai_server: ScriptedOpenAI) -> None:
    """In the order of the texts, whatever order they come in."""
    assert await openai.embed("embedder", TEXTS) == Embeddings(((3.0, 0.5), (5.0, 0.5)), 7)
    assert openai_server.exchanges[-1].json == {
        "model": "embedder",
        "input": ["one", "three"],
        "encoding_format": "float",
    }


async def test_embeddings_that_are_missing(ollama: OllamaProvider, openai: OpenAIProvider) -> None:
    for provider in (ollama, openai):
        with pytest.raises(StreamBroken):
            await provider.embed("short", TEXTS)
        with pytest.raises(ModelNotFound):
            await provider.embed("missing", TEXTS)


async def test_embeddings_where_there_are_none(inference: InferenceProvider) -> None:
    with pytest.raises(RequestRefused) as caught:
        await inference.embed("embedder", TEXTS)
    assert is_plain(caught.value)
