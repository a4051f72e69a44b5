"""What OpenAI-compatible servers really send, streamed and whole: the smallest input of each kind
that broke something, and its right reading."""

import json
from base64 import b64encode
from contextlib import aclosing
from typing import Any

import pytest

from providers.errors import (
    ModelCannotSee,
    NotSupported,
    ProviderError,
    ProviderFailed,
    RequestRefused,
    StreamBroken,
    SystemRoleRefused,
)
from providers.inference import InferenceProvider
from providers.openai import OpenAIProvider
from providers.types import ChatMessage, ChatRequest, ChatToolCall, Image
from tests.providers.connect import inference_at, ollama_at, openai_at
from tests.providers.replies import REPLY_TEXT, answer, ask
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.openai import ScriptedOpenAI

Compatible = OpenAIProvider | InferenceProvider

UTC = '{"zone":"UTC"}'
CET = '{"zone":"CET"}'
SIGNATURE = {"google": {"thought_signature": "c2lnbmF0dXJl"}}


# --- A message beside a delta -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("beside", "stop"),
        ("then_whole", "length"),
        ("empty_delta", "stop"),
        ("messages_grow", "stop"),
        ("messages_parts", "stop"),
        ("whole_event", "stop"),
        ("thought_then_whole", "stop"),
    ],
)
async def test_a_message_is_taken_once(compatible: Compatible, model: str, reason: str) -> None:
    """Beside deltas, after them, or without any: no text is cut or doubled."""
    reply = await ask(compatible, model)
    assert reply.content == REPLY_TEXT
    assert reply.finish.reason == reason


async def test_a_thought_is_not_taken_again_with_the_whole_message(compatible: Compatible) -> None:
    assert (await ask(compatible, "thought_then_whole")).reasoning == "Let me think."


async def test_a_whole_message_after_deltas_gives_its_usage(compatible: Compatible) -> None:
    usage = (await ask(compatible, "then_whole")).finish.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (3, 6)


@pytest.mark.parametrize(
    ("model", "error"),
    [("beside_cut", StreamBroken), ("aborted", ProviderFailed), ("cut_with_error", ProviderFailed)],
)
async def test_a_cut_reply_is_not_complete(
    compatible: Compatible, model: str, error: type[Exception]
) -> None:
    """A message beside a delta ends nothing, and not every reason is a good one."""
    reply = await ask(compatible, model)
    assert reply.content == "a"
    assert type(reply.error) is error


# --- Tool calls ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "calls"),
    [
        ("ids_change", [("clock", UTC)]),
        ("same_id", [("clock", UTC), ("clock", CET)]),
        ("nameless", [("clock", UTC)]),
        ("interleaved", [("clock", UTC), ("clock", CET)]),
        ("function_call", [("clock", UTC)]),
        ("null_arguments", [("clock", "{}")]),
        ("empty_arguments", [("clock", "{}")]),
        ("text_null", [("clock", "{}")]),
    ],
)
async def test_tool_calls(compatible: Compatible, model: str, calls: list[tuple[str, str]]) -> None:
    reply = await ask(compatible, model)
    assert [(name, arguments) for _, name, arguments in reply.calls] == calls
    assert len({id_ for id_, *_ in reply.calls}) == len(calls)
    assert reply.finish.reason == "tool_calls"


async def test_what_a_provider_needs_back(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    """The signature of a call and the thoughts before it go out as they came in."""
    reply = await ask(compatible, "signed")
    parts = [part for chunk in reply.chunks for part in chunk.tool_parts]
    assert [part.extra_content for part in parts if part.extra_content] == [SIGNATURE]
    call = ChatToolCall("call_1", "clock", "{}", SIGNATURE)
    history = (
        ChatMessage("user", "What time is it?"),
        ChatMessage("assistant", "", tool_calls=(call,), reasoning="Let me look."),
        ChatMessage("tool", "12:00", tool_call_id="call_1"),
    )
    await answer(compatible, ChatRequest("normal", history))
    sent = openai_server.chats[-1].json["messages"][1]
    assert sent["reasoning_content"] == "Let me look."
    assert sent["tool_calls"][0]["extra_content"] == SIGNATURE


@pytest.mark.parametrize("arguments", ["", "null", " null\n"])
async def test_a_call_without_arguments_is_sent_with_an_empty_object(
    compatible: Compatible, openai_server: ScriptedOpenAI, arguments: str
) -> None:
    message = ChatMessage("assistant", "", tool_calls=(ChatToolCall("call_1", "clock", arguments),))
    await answer(compatible, ChatRequest("normal", (ChatMessage("user", "Hi"), message)))
    call = openai_server.chats[-1].json["messages"][1]["tool_calls"][0]
    assert call["function"]["arguments"] == "{}"


# --- Characters, thoughts, labels, pictures -------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "reasoning", "content"),
    [
        ("halves", "", "a \U0001f600 b"),
        ("lone_half", "", "a � b�"),
        ("last_half", "", "a �"),
        ("thought_halves", "\U0001f600", "a"),
    ],
)
async def test_halves_of_a_character(
    compatible: Compatible, model: str, reasoning: str, content: str
) -> None:
    reply = await ask(compatible, model)
    assert (reply.reasoning, reply.content) == (reasoning, content)
    assert reply.finish.reason == "stop"


async def test_halves_of_a_character_in_arguments(compatible: Compatible) -> None:
    [(_, _, arguments)] = (await ask(compatible, "call_halves")).calls
    assert json.loads(arguments) == {"t": "\U0001f600"}


@pytest.mark.parametrize("model", ["part_thoughts", "part_mixed", "thought_details"])
async def test_reasoning_elsewhere(compatible: Compatible, model: str) -> None:
    reply = await ask(compatible, model)
    assert (reply.reasoning, reply.content) == ("Let me think.", REPLY_TEXT)


async def test_the_same_thought_twice_is_told_once(compatible: Compatible) -> None:
    reply = await ask(compatible, "thought_twice")
    assert (reply.reasoning, reply.content) == ("Let me think.", REPLY_TEXT)


async def test_a_model_whose_thoughts_are_only_closed(compatible: Compatible) -> None:
    """The first reply shows that it is one; from then on they are told apart while they come."""
    first = await ask(compatible, "closes_alone")
    assert "</think>" not in first.content
    second = await ask(compatible, "closes_alone")
    assert (second.reasoning.strip(), second.content) == ("Let me think.", REPLY_TEXT)


@pytest.mark.parametrize(
    "model", ["events_as_json", "json_as_events", "lines_as_events", "lines_as_lines"]
)
async def test_a_body_is_read_for_what_it_is(compatible: Compatible, model: str) -> None:
    reply = await ask(compatible, model)
    assert reply.content == REPLY_TEXT
    assert reply.finish.reason == "stop"


async def test_texts_and_pictures_keep_their_order(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    first, second = Image("image/png", "YQ=="), Image("image/png", "Yg==")
    parts = ("First", first, " second", second)
    message = ChatMessage("user", "First second", parts=parts)
    await answer(compatible, ChatRequest("normal", (message,)))
    sent = openai_server.chats[-1].json["messages"][0]["content"]
    told = [part.get("text") or part["image_url"]["url"][-4:] for part in sent]
    assert told == ["First", "YQ==", " second", "Yg=="]


async def test_a_picture_in_the_result_of_a_tool_is_sent(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    """The server takes it or refuses it; it is never left out."""
    picture = Image("image/png", "YQ==")
    messages = (
        ChatMessage("assistant", "", tool_calls=(ChatToolCall("call_1", "look", "{}"),)),
        ChatMessage("tool", "Here.", parts=("Here.", picture), tool_call_id="call_1"),
    )
    await answer(compatible, ChatRequest("normal", messages))
    parts = openai_server.chats[-1].json["messages"][1]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url"]


# --- Fields that are refused ------------------------------------------------------------------

REFUSED: list[tuple[str, dict[str, Any], set[str]]] = [
    ("not_both", {"temperature": 0.5, "top_p": 0.9}, {"top_p"}),
    ("invalid_fields", {"temperature": 0.5, "top_p": 0.9}, {"top_p", "stream_options"}),
    ("invalid_inside", {}, {"stream_options"}),
    ("no_thinking", {"reasoning_effort": "high"}, {"reasoning_effort"}),
]


@pytest.mark.parametrize(("model", "parameters", "left_out"), REFUSED)
async def test_a_refused_field_is_left_out_and_remembered(
    compatible: Compatible,
    openai_server: ScriptedOpenAI,
    model: str,
    parameters: dict[str, Any],
    left_out: set[str],
) -> None:
    """Named in prose or by its place; all other fields are sent as before."""
    for _ in range(2):
        assert (await ask(compatible, model, **parameters)).content == REPLY_TEXT
    first, *others = (set(exchange.json) for exchange in openai_server.chats)
    assert left_out <= first
    assert others == [first - left_out] * 2


async def test_a_refused_value_is_left_out_once(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    """Another value may be taken."""
    for _ in range(2):
        assert (await ask(compatible, "too_large", max_tokens=500)).content == REPLY_TEXT
    sent = ["max_tokens" in exchange.json for exchange in openai_server.chats]
    assert sent == [True, False, True, False]


async def test_thoughts_that_a_server_does_not_take_back(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    said = ChatMessage("assistant", "Hello", reasoning="Hm")
    asked = ChatRequest("no_reasoning", (ChatMessage("user", "Hi"), said))
    assert (await answer(compatible, asked)).content == REPLY_TEXT
    assert "reasoning_content" not in openai_server.chats[-1].json["messages"][1]


async def test_a_field_that_changes_the_reply_is_named(compatible: Compatible) -> None:
    error = (await ask(compatible, "stubborn_seed", seed=7)).error
    assert type(error) is RequestRefused
    assert (error.field, error.detail) == ("seed", "Extra inputs")
    assert "“seed”" in error.message


@pytest.mark.parametrize("kind", ["openai", "deepseek", "llama", "none"])
async def test_cached_tokens(compatible: Compatible, kind: str) -> None:
    usage = (await ask(compatible, f"cached:kind={kind}")).finish.usage
    assert usage is not None
    assert usage.cached_tokens == (0 if kind == "none" else 20)
    assert usage.reasoning_tokens == (4 if kind == "openai" else 0)


# --- Reasons, and what must not be told -------------------------------------------------------

DETAILS = [
    ("PointerToNowhere: '/$defs/Zone' does not exist within #/$defs", "'/$defs/Zone'"),
    ("Unable to resolve $ref #/$defs/Missing", "#/$defs/Missing"),
    ("failed at http://10.0.0.1:8080/v1/x?key=1 now", "failed at … now"),
    ("no file /srv/models/x.gguf on gpu-1.corp.internal", "no file … on …"),
    ("bad key sk-proj-abcdef123456 given", "bad key … given"),
    ("user me@example.org from 192.168.1.7:5000 and localhost:11434", "user … from … and …"),
    ("<b>oops</b> C:\\models\\x", "…oops… …"),
    ("a" * 500, "aaa"),
]


@pytest.mark.parametrize(("text", "kept"), DETAILS)
async def test_programs_get_the_reason_without_addresses_paths_and_keys(
    compatible: Compatible, openai_server: ScriptedOpenAI, text: str, kept: str
) -> None:
    openai_server.refusal = (400, {"error": {"message": text, "param": "response_format"}})
    error = (await ask(compatible, "refused")).error
    assert type(error) is RequestRefused
    assert error.field == "response_format"
    assert kept in error.detail
    assert len(error.detail) <= 300
    for secret in ("10.0.0", "srv", "sk-", "corp", "@", "192.168", "11434", "<", "models"):
        assert secret not in error.detail


REASONS = [
    (500, "image input is not supported - hint: if this is unexpected", ModelCannotSee, 400),
    (400, "This model does not support image input", ModelCannotSee, 400),
    (501, "This server does not support embeddings. Start it so", NotSupported, 400),
    (400, "this model does not support embeddings", NotSupported, 400),
    (400, "System role not supported", SystemRoleRefused, 502),
    (500, "Jinja Exception: Only user and assistant roles are supported!", SystemRoleRefused, 502),
]


@pytest.mark.parametrize(("status", "text", "kind", "http_status"), REASONS)
async def test_what_a_model_cannot_do(
    compatible: Compatible,
    openai_server: ScriptedOpenAI,
    status: int,
    text: str,
    kind: type[ProviderError],
    http_status: int,
) -> None:
    openai_server.refusal = (status, {"error": {"message": text, "code": status}})
    error = (await ask(compatible, "refused")).error
    assert type(error) is kind
    assert error.http_status == http_status


# --- A user and a password in the address -----------------------------------------------------


@pytest.mark.parametrize("make", [openai_at, inference_at, ollama_at])
async def test_an_address_with_a_password(
    make: Any,
    openai_server: ScriptedOpenAI,
    ollama_server: ScriptedOllama,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is sent as a header with every request, and told nowhere."""
    server = ollama_server if make is ollama_at else openai_server
    url = server.url.replace("http://", "http://me:p%40ss-word@")
    async with aclosing(make(f"{url}/v1" if make is openai_at else url)) as provider:
        assert (await ask(provider, "normal")).content == REPLY_TEXT
        await provider.list_models()
        await provider.health()
        sent = {exchange.headers.get("authorization") for exchange in server.exchanges}
        assert sent == {f"Basic {b64encode(b'me:p@ss-word').decode()}"}
    nowhere = url.rpartition(":")[0] + ":9"
    async with aclosing(make(nowhere)) as provider:
        error = (await ask(provider, "normal")).error
    said: list[BaseException | None] = [error]
    while said[-1] is not None:
        said.append(said[-1].__cause__ or said[-1].__context__)
    assert "ss-word" not in " ".join(map(repr, said)) + caplog.text
