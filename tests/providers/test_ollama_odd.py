"""What Ollama and servers that speak its protocol really send, and what Ollama is asked for."""

import pytest

from providers import errors
from providers.ollama import OllamaProvider
from providers.types import ChatMessage, ChatRequest, ChatToolCall
from tests.providers.replies import REPLY_TEXT, answer, ask
from tests.scripted.ollama import ScriptedOllama, entry

UTC = '{"zone":"UTC"}'


@pytest.mark.parametrize(
    ("model", "reasoning", "content"),
    [
        ("halves", "", "a \U0001f600 b"),
        ("lone_half", "", "a � b"),
        ("thought_halves", "\U0001f600", "a"),
        ("thought_twice", "Let me think.", "Hello"),
        ("as_events", "", REPLY_TEXT),
        ("pretty", "", REPLY_TEXT),
        ("fractions", "", "a"),
    ],
)
async def test_texts(ollama: OllamaProvider, model: str, reasoning: str, content: str) -> None:
    reply = await ask(ollama, model)
    assert (reply.reasoning, reply.content) == (reasoning, content)
    assert reply.finish.reason == "stop"


async def test_fractions_are_times_and_counts(ollama: OllamaProvider) -> None:
    finish = (await ask(ollama, "fractions")).finish
    assert finish.usage is not None
    assert (finish.usage.prompt_tokens, finish.usage.completion_tokens) == (3, 1)
    assert finish.load_s == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("model", "calls"),
    [
        ("text_arguments", [("clock", UTC)]),
        ("null_arguments", [("clock", "{}"), ("dice", "{}"), ("coin", "{}")]),
        ("signed", [("clock", "{}")]),
    ],
)
async def test_tool_calls(ollama: OllamaProvider, model: str, calls: list[tuple[str, str]]) -> None:
    reply = await ask(ollama, model)
    assert [(name, arguments) for _, name, arguments in reply.calls] == calls
    assert reply.finish.reason == "tool_calls"


async def test_what_a_provider_needs_back(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """The id and the signature of a call, and the thoughts before it."""
    reply = await ask(ollama, "signed")
    [part] = [part for chunk in reply.chunks for part in chunk.tool_parts if part.extra_content]
    assert (part.id, part.extra_content) == ("call_9", {"signature": "c2ln"})
    call = ChatToolCall("call_9", "clock", "null", part.extra_content)
    said = ChatMessage("assistant", "", tool_calls=(call,), reasoning="Let me look.")
    await answer(ollama, ChatRequest("normal", (ChatMessage("user", "Hi"), said)))
    sent = ollama_server.chats[-1].json["messages"][1]
    assert sent["thinking"] == "Let me look."
    assert sent["tool_calls"][0]["extra_content"] == {"signature": "c2ln"}
    assert sent["tool_calls"][0]["function"]["arguments"] == {}


# --- Fields that are refused --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "effort", "field"), [("no_think", "high", "think"), ("strict", None, "truncate")]
)
async def test_a_refused_field_is_left_out_and_remembered(
    ollama: OllamaProvider,
    ollama_server: ScriptedOllama,
    model: str,
    effort: str | None,
    field: str,
) -> None:
    for _ in range(2):
        assert (await ask(ollama, model, reasoning_effort=effort)).content == REPLY_TEXT
    assert [field in chat.json for chat in ollama_server.chats] == [True, False, False]


# --- The window ---------------------------------------------------------------------------------


async def test_nothing_is_cut_without_a_word(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    await ask(ollama, "normal")
    assert ollama_server.chats[0].json["truncate"] is False


@pytest.mark.parametrize(
    ("window", "prompt", "wanted", "asked"),
    [
        (512, 216, 1024, 296),
        (512, 216, None, 296),
        (512, 216, 100, 100),
        (512, 600, 100, 1),
        (None, 216, 1024, 1024),
        (512, None, 1024, 1024),
    ],
)
async def test_no_more_is_asked_for_than_the_window_has_room_for(
    ollama: OllamaProvider,
    ollama_server: ScriptedOllama,
    window: int | None,
    prompt: int | None,
    wanted: int | None,
    asked: int,
) -> None:
    reply = await ask(ollama, "full", window=window, prompt_tokens=prompt, max_tokens=wanted)
    assert ollama_server.chats[0].json["options"]["num_predict"] == asked
    assert reply.finish.reason == "length"
    assert reply.finish.window_full is (asked != wanted or prompt is None)


async def test_a_full_window_is_told_where_the_prompt_was_longer_than_thought(
    ollama: OllamaProvider,
) -> None:
    reply = await ask(ollama, "full", window=512, prompt_tokens=100, max_tokens=400)
    assert reply.finish.window_full


async def test_a_refusal_teaches_the_window(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """Its numbers are in the error, and the window is that of the next request."""
    ollama_server.models = [entry("toolong", context_length=8192)]
    ollama_server.loaded["toolong"] = 8192
    assert await ollama.window("toolong") == 8192
    error = (await ask(ollama, "toolong")).error
    assert isinstance(error, errors.ContextTooLong)
    assert (error.window, error.prompt_tokens) == (4096, 9001)
    assert await ollama.window("toolong:latest") == 4096
