"""Whole replies of OpenAI-compatible servers, for both providers that read them."""

from collections.abc import Callable
from contextlib import aclosing

import pytest

from providers.inference import InferenceProvider
from providers.openai import OpenAIProvider
from providers.types import Usage
from tests.providers.connect import inference_at, openai_at
from tests.providers.replies import REPLY_TEXT, ask, request
from tests.scripted.ollama_scripts import ODD_TEXT, words
from tests.scripted.openai import ScriptedOpenAI

Compatible = OpenAIProvider | InferenceProvider


async def test_reply_text_and_usage(compatible: Compatible) -> None:
    reply = await ask(compatible, "normal", "Hello there")
    assert reply.content == REPLY_TEXT
    assert reply.finish.reason == "stop"
    assert reply.finish.usage == Usage(prompt_tokens=3, completion_tokens=6)


async def test_phases(compatible: Compatible) -> None:
    """Such a server does not tell loading from reading."""
    assert (await ask(compatible, "normal")).phases == ["prompt_eval", "generating"]


async def test_reply_comes_piece_by_piece(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    stream = compatible.stream_chat(request("gate:n=3"))
    gate = openai_server.gate("a")
    for word in words(3):
        gate.release()
        chunk = await anext(stream)
        while not chunk.content:
            chunk = await anext(stream)
        assert chunk.content == word
    await stream.aclose()


@pytest.mark.parametrize(
    "model",
    [
        *("nulls", "llama", "parts", "crlf", "camel", "whole", "camelwhole"),
        *("nodone", "nofinish", "nousage", "afterdone"),
    ],
)
async def test_odd_but_whole_reply(compatible: Compatible, model: str) -> None:
    """Nulls, parts, CRLF, camelCase, a missing end mark or reason, no stream at all."""
    reply = await ask(compatible, model)
    assert reply.content == REPLY_TEXT
    assert reply.finish.reason == "stop"


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("length", "length"),
        ("filter", "content_filter"),
        ("tool_calls", "tool_calls"),
        ("tools_whole", "tool_calls"),
        ("tools_parts", "tool_calls"),
    ],
)
async def test_finish_reason(compatible: Compatible, model: str, reason: str) -> None:
    assert (await ask(compatible, model)).finish.reason == reason


@pytest.mark.parametrize("model", ["reasoning", "reasoning_content"])
async def test_reasoning_is_never_content(compatible: Compatible, model: str) -> None:
    reply = await ask(compatible, model)
    assert (reply.reasoning, reply.content) == ("Let me think.", REPLY_TEXT)


async def test_reasoning_and_content_in_one_chunk(compatible: Compatible) -> None:
    reply = await ask(compatible, "both")
    assert (reply.reasoning, reply.content) == ("Let me think.", "Hello")


@pytest.mark.parametrize("model", ["whole", "camelwhole"])
async def test_usage_in_both_spellings(compatible: Compatible, model: str) -> None:
    assert (await ask(compatible, model)).finish.usage == Usage(10, 15)


async def test_usage_that_is_missing_is_not_made_up(compatible: Compatible) -> None:
    assert (await ask(compatible, "nousage")).finish.usage is None


async def test_keep_alives_are_passed_over(compatible: Compatible) -> None:
    """Also those on which the official client's own reader fails."""
    assert (await ask(compatible, "pings")).content == "beat " * 5


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
async def test_text_cut_at_any_byte(compatible: Compatible, size: int) -> None:
    assert (await ask(compatible, f"bytes:size={size}")).content == ODD_TEXT


async def test_line_separators_inside_text(compatible: Compatible) -> None:
    assert (await ask(compatible, "nel")).content == "one\u0085two\u2028three\u2029four"


async def test_connection_left_open_after_the_reply(
    compatible: Compatible, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No end mark comes, but the reply is complete: it is not lost for that."""
    monkeypatch.setattr("providers.openai_base.TAIL_S", 0.05)
    reply = await ask(compatible, "lingers")
    assert reply.content == REPLY_TEXT
    assert reply.finish.reason == "stop"


async def test_request_carries_the_parameters(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    """`window` is Ollama's and stays here."""
    await ask(compatible, "normal", "Hi", temperature=0.3, max_tokens=99, top_p=0.5, window=2048)
    assert openai_server.chats[0].json == {
        "model": "normal",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.3,
        "max_tokens": 99,
        "top_p": 0.5,
    }


async def test_request_without_parameters_sends_none(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    await ask(compatible, "normal")
    sent = openai_server.chats[0].json
    assert set(sent) == {"model", "messages", "stream", "stream_options"}


@pytest.mark.parametrize(
    ("model", "left_out"),
    [("stubborn", "temperature"), ("plain", "stream_options"), ("renamed", "max_tokens")],
)
async def test_parameter_that_the_server_refuses_is_left_out(
    compatible: Compatible, openai_server: ScriptedOpenAI, model: str, left_out: str
) -> None:
    """Learned from the refusal, once for each model; nobody sees the first try."""
    for _ in range(2):
        reply = await ask(compatible, model, temperature=0.3, max_tokens=99)
        assert reply.content == REPLY_TEXT
    sent = [left_out in exchange.json for exchange in openai_server.chats]
    assert sent == [True, False, False]
    renamed = openai_server.chats[-1].json.get("max_completion_tokens")
    assert renamed == (99 if model == "renamed" else None)
    await ask(compatible, "normal", temperature=0.3, max_tokens=99)
    assert left_out in openai_server.chats[-1].json


async def test_key_is_sent(compatible: Compatible, openai_server: ScriptedOpenAI) -> None:
    openai_server.keys = {"sk-secret-1", "sk-secret-2"}
    assert (await ask(compatible, "normal")).content == REPLY_TEXT


@pytest.mark.parametrize("provider", [openai_at, inference_at])
async def test_without_a_key_no_header_is_sent(
    openai_server: ScriptedOpenAI,
    provider: Callable[..., Compatible],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also not one from the environment, which belongs to another server."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    url = openai_server.url
    async with aclosing(provider(f"{url}/v1" if provider is openai_at else url)) as made:
        await ask(made, "normal")
        await made.list_models()
        assert all("authorization" not in exchange.headers for exchange in openai_server.exchanges)


async def test_paths_of_each(
    openai: OpenAIProvider, inference: InferenceProvider, openai_server: ScriptedOpenAI
) -> None:
    for provider in (openai, inference):
        await ask(provider, "normal")
        await provider.list_models()
    assert [exchange.path for exchange in openai_server.exchanges] == [
        "/v1/chat/completions",
        "/v1/models",
        "/inference/chat/completions",
        "/inference/models",
    ]
