"""Whole replies of Ollama, in every form in which they come."""

import pytest

from providers.ollama import OllamaProvider
from providers.types import Usage
from tests.providers.connect import ollama_at
from tests.providers.replies import REPLY_TEXT, ask, request
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.ollama_scripts import ODD_TEXT, SCRIPTS, Line, words


async def test_reply_text_usage_and_durations(ollama: OllamaProvider) -> None:
    """The pieces joined are the reply; the counts and seconds are those of the last line."""
    reply = await ask(ollama, "normal", "Hello there")
    assert reply.content == REPLY_TEXT
    assert reply.finish.reason == "stop"
    assert reply.finish.usage == Usage(prompt_tokens=3, completion_tokens=6)
    assert (reply.finish.load_s, reply.finish.prompt_s, reply.finish.generate_s) == (0.5, 0.25, 2.0)


async def test_reply_comes_piece_by_piece(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """A token is delivered when it is sent, not when the next one is."""
    stream = ollama.stream_chat(request("gate:n=3"))
    gate = ollama_server.gate("a")
    for word in words(3):
        gate.release()
        chunk = await anext(stream)
        while not chunk.content:
            chunk = await anext(stream)
        assert chunk.content == word
    await stream.aclose()


async def test_request_carries_the_parameters(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """Ours are put into Ollama's words."""
    await ask(ollama, "normal", "Hi", temperature=0.3, max_tokens=99, top_p=0.5, window=2048)
    sent = ollama_server.chats[0].json
    assert sent["options"] == {
        "temperature": 0.3,
        "top_p": 0.5,
        "num_predict": 99,
        "num_ctx": 2048,
    }
    assert sent["messages"] == [{"role": "user", "content": "Hi"}]
    assert sent["stream"] is True


async def test_request_without_parameters_sends_none(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """`None` leaves the choice to the server; `think` too, which other models would refuse."""
    await ask(ollama, "normal")
    assert not ollama_server.chats[0].json["options"]
    assert "think" not in ollama_server.chats[0].json


async def test_thinking_is_reasoning_and_never_content(ollama: OllamaProvider) -> None:
    reply = await ask(ollama, "think")
    assert (reply.reasoning, reply.content) == ("Let me think.", REPLY_TEXT)


async def test_thinking_and_content_in_one_line(ollama: OllamaProvider) -> None:
    reply = await ask(ollama, "think_both")
    assert (reply.reasoning, reply.content) == ("Let me think.", "Hello")


async def test_thinking_until_the_limit(ollama: OllamaProvider) -> None:
    """All tokens went into thinking: no content, and the reason says why."""
    reply = await ask(ollama, "think_length")
    assert (reply.reasoning, reply.content) == ("Let me think.", "")
    assert reply.finish.reason == "length"


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("normal", "stop"),
        ("length", "length"),
        ("load", "stop"),
        ("unload", "stop"),
        ("noreason", "stop"),
        ("tools_done", "tool_calls"),
    ],
)
async def test_done_reason(ollama: OllamaProvider, model: str, reason: str) -> None:
    assert (await ask(ollama, model)).finish.reason == reason


@pytest.mark.parametrize(
    "model",
    ["last_content", "nometrics", "extra", "cloud", "afterdone", "crlf", "gaps", "logprobs"],
)
async def test_odd_but_whole_reply(ollama: OllamaProvider, model: str) -> None:
    """Nothing is lost or added by a last line with text, fields that we do not know, lines after
    the end, CRLF, or empty lines."""
    reply = await ask(ollama, model)
    assert reply.content == REPLY_TEXT
    assert reply.finish.reason == "stop"


async def test_counts_left_out_are_not_made_up(ollama: OllamaProvider) -> None:
    finish = (await ask(ollama, "nometrics")).finish
    assert (finish.usage, finish.load_s, finish.generate_s) == (None, None, None)


async def test_empty_reply_is_whole(ollama: OllamaProvider) -> None:
    reply = await ask(ollama, "empty")
    assert (reply.content, reply.finish.reason) == ("", "stop")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
async def test_text_cut_at_any_byte(ollama: OllamaProvider, size: int) -> None:
    """Segments that cut characters and JSON make no difference."""
    assert (await ask(ollama, f"bytes:size={size}")).content == ODD_TEXT


@pytest.mark.parametrize(
    ("model", "text"),
    [("nel", "one\u0085two Â é"), ("linesep", "one\u2028two\u2029three — â")],
)
async def test_unescaped_line_separator_inside_text(
    ollama: OllamaProvider, model: str, text: str
) -> None:
    """Characters at which httpx would split a line, whole and cut at every byte."""
    reply = await ask(ollama, model)
    assert reply.content == text + text
    assert reply.finish.reason == "stop"


async def test_line_of_one_mebibyte(ollama: OllamaProvider) -> None:
    assert len((await ask(ollama, "big")).content) == 1 << 20


async def test_many_lines_in_one_segment(ollama: OllamaProvider) -> None:
    assert (await ask(ollama, "fast:n=640")).content == "".join(words(640))


@pytest.mark.parametrize("text", ["7", '{"error": "too late"}', '{"message": 7}', "not JSON"])
async def test_odd_line_after_a_whole_reply(
    ollama: OllamaProvider, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """It is no part of the reply."""

    async def whole_and_more(line: Line) -> None:
        await line.say("Hello")
        await line.done()
        await line.raw(f"{text}\n")

    monkeypatch.setitem(SCRIPTS, "whole_and_more", whole_and_more)
    reply = await ask(ollama, "whole_and_more")
    assert (reply.error, reply.content, reply.finish.reason) == (None, "Hello", "stop")


async def test_client_is_built_once(ollama: OllamaProvider, ollama_server: ScriptedOllama) -> None:
    """And not before the first request: a provider can be made without a loop."""
    unused = ollama_at(ollama_server.url)
    assert unused._client is None
    await ask(ollama, "normal")
    client = ollama._client
    await ask(ollama, "normal")
    assert ollama._client is client is not None
