"""What a hostile or broken server sends is bounded, and brought into range where it is read."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from math import isfinite
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson
import pytest

from providers import bodies, errors, openai_base, stream_reader
from providers.base import Provider
from providers.bodies import TooMuch, read_whole
from providers.refusals import cleaned, read_response, refusal_error
from providers.reply_text import ReplyText
from providers.short_turns import OF_A_THREAD, OF_THE_LOOP, short_turns
from providers.stream_reader import StreamReader
from providers.tool_calls import ToolCalls
from providers.types import Chunk, Finish
from providers.values import MOST
from streaming.heavy_work import beside_the_loop
from tests.providers.connect import inference_at, ollama_at, openai_at
from tests.providers.replies import Reply, ask, is_plain
from tests.scripted.hostile import FIGURES, HUGE, JUNK
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.openai import ScriptedOpenAI

Served = tuple[Provider, ScriptedOllama | ScriptedOpenAI]


@pytest.fixture(params=["ollama", "openai", "inference"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    """Each provider with its server."""
    makers = {"ollama": ollama_at, "openai": openai_at, "inference": inference_at}
    server = ScriptedOllama() if request.param == "ollama" else ScriptedOpenAI()
    async with server:
        url = f"{server.url}/v1" if request.param == "openai" else server.url
        provider = makers[request.param](url)
        yield provider, server
        await provider.aclose()


def repeat(act: Callable[[], object], times: int) -> None:
    for _ in range(times):
        act()


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def assert_in_range(value: Any) -> None:
    """Everything in it can be computed with, stored and sent."""
    orjson.dumps(value)
    for leaf in leaves(value):
        if isinstance(leaf, float):
            assert isfinite(leaf)
        elif isinstance(leaf, int):
            assert 0 <= leaf < 2**53


def assert_good(reply: Reply) -> None:
    if reply.error is None:
        assert reply.finish
    else:
        assert is_plain(reply.error)
    for chunk in reply.chunks:
        assert_in_range(asdict(chunk))


# --- Figures and types --------------------------------------------------------------------------


async def test_odd_figures_of_a_reply(served: Served) -> None:
    """It is whole, with the counts that can be believed."""
    provider, _ = served
    counts = {1, 2, 12} if provider.name != "ollama" else {2, 12, 0}
    for index, figure in enumerate(FIGURES):
        reply = await ask(provider, f"figures:of={index}")
        assert_good(reply)
        assert reply.finish.reason == "stop"
        usage = reply.finish.usage
        if figure in (2.5, "12"):
            assert usage
            assert {usage.prompt_tokens, usage.completion_tokens} <= counts
        else:
            assert usage is None, figure


async def test_wrong_types_in_a_reply(served: Served) -> None:
    """In every place: it is whole, or fails with a sentence."""
    provider, _ = served
    for index in range(len(JUNK)):
        assert_good(await ask(provider, f"junk:of={index}", top_logprobs=1))
    for model in ("names", "deep_reply", "half", "latin", "brotli"):
        reply = await ask(provider, model)
        assert_good(reply)
        assert reply.content.startswith("word ") or model == "brotli"
        assert (reply.error is None) == (model == "names"), model


async def test_odd_figures_and_types_in_lists(served: Served) -> None:
    """The models that can be used are listed, with what is known of them."""
    provider, server = served
    for odd in [*FIGURES, *JUNK, "9" * 5000, "a\x1b[2J\u2028b", 0.5]:
        details = dict.fromkeys(("family", "format", "parameter_size", "context_length"), odd)
        known = {
            **dict.fromkeys(("created", "owned_by", "capabilities", "size", "digest"), odd),
            **dict.fromkeys(("modified_at", "context_length", "max_model_len", "n_ctx"), odd),
            "details": details,
            "meta": details,
            "remote_host": odd,
            "display_name": odd,
        }
        models = [{**known, "id": "good", "name": "good"}, {**known, "id": odd, "name": odd}, odd]
        info = {"general.architecture": odd, "llama.context_length": odd, "x.context_length": odd}
        props = {"default_generation_settings": {"n_ctx": odd}, "total_slots": odd}
        caps = {"chat_template_caps": odd, "modalities": odd, "chat_template": odd}
        parameters = f"num_ctx {odd!r}".replace("'", "")
        server.answers = {
            "/v1/models": {"object": "list", "data": models},
            "/inference/models": {"data": models},
            "/api/tags": {"models": models},
            "/api/ps": {"models": models},
            "/api/show": {"model_info": info, "parameters": parameters, "capabilities": odd},
            "/props": {**props, **caps},
            "/api/v0/models": {"data": models},
        }
        listed = await provider.list_models()
        assert "good" in [model.name for model in listed]
        for model in listed:
            assert_in_range(asdict(model))
            assert model.name.isprintable()
            assert model.context_length is None or 0 < model.context_length <= MOST
            window = await provider.window(model.name)
            assert window is None or 0 < window <= MOST
    for lists in ([], 7, {"data": 7, "models": 7}, {"data": {}, "models": {}}):
        server.answers = dict.fromkeys(server.answers, lists)
        with suppress(errors.ProviderError):
            assert await provider.list_models() == []


async def test_odd_vectors(served: Served) -> None:
    """A vector that cannot be read cannot be guessed: the request fails."""
    provider, server = served
    for odd in [[1e39], [HUGE**20], [float("nan")], ["many"], [None], None, 7, "1", {"a": 1}]:
        server.answers = {
            "/v1/embeddings": {"data": [{"index": odd, "embedding": odd}], "usage": odd},
            "/api/embed": {"embeddings": [odd], "prompt_eval_count": odd},
        }
        with pytest.raises(errors.ProviderError) as failure:
            await provider.embed("m", ["a"])
        assert is_plain(failure.value)


# --- Redirects ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
async def test_redirects_are_not_followed(served: Served, status: int) -> None:
    """By nothing that we ask for: the prompt would go where nobody has sent it."""
    provider, server = served
    async with ScriptedOpenAI() as elsewhere:
        server.elsewhere, server.moved = elsewhere.url, status
        reply = await ask(provider, "normal")
        assert isinstance(reply.error, errors.ProviderRedirected)
        assert is_plain(reply.error)
        assert "Set the address" in reply.error.message
        asked = [provider.list_models(), provider.health()]
        if provider.name != "inference":  # which has no embeddings
            asked.append(provider.embed("m", ["a"]))
        for question in asked:
            with pytest.raises(errors.ProviderRedirected):
                await question
        assert await provider.window("m") is None
        assert elsewhere.exchanges == []


# --- Bounds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["flood_line", "flood_lines", "flood_calls", "call_list"])
async def test_what_has_no_end_ends(served: Served, model: str) -> None:
    """Before it is joined or read, and the server is left."""
    provider, server = served
    reply = await ask(provider, model)
    assert isinstance(reply.error, errors.ReplyTooLong)
    assert is_plain(reply.error)
    assert await server.chats[0].wait_ended() in ("client_gone", "complete")


async def test_a_line_may_be_long(served: Served) -> None:
    """Up to the limit."""
    provider, _ = served
    for kilobytes, whole in ((4095, True), (4097, False)):
        reply = await ask(provider, f"long_line:kb={kilobytes}")
        assert (len(reply.content) == kilobytes * 1024 - 512) is whole
        assert isinstance(reply.error, errors.ReplyTooLong) is not whole


async def test_answers_that_are_read_whole_have_an_end(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, server = served
    large = {"data": [], "models": [], "x": "x" * bodies.WHOLE}
    paths = ("/v1/models", "/inference/models", "/api/tags", "/api/version")
    server.answers = dict.fromkeys(paths, large)
    for question in (provider.list_models(), provider.health()):
        with pytest.raises(errors.ReplyTooLong):
            await question
    assert bodies.most_of_vectors(1) < 9 * 2**20 < bodies.most_of_vectors(10_000) <= 64 * 2**20
    monkeypatch.setattr(bodies, "VECTORS", 1000)
    server.answers = dict.fromkeys(("/v1/embeddings", "/api/embed"), large)
    if provider.name != "inference":
        with pytest.raises(errors.ReplyTooLong):
            await provider.embed("m", ["a"])


async def test_a_whole_reply_with_an_endless_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tail is read for a moment, however much comes in it."""
    monkeypatch.setattr(openai_base, "TAIL_S", 0.1)
    async with ScriptedOpenAI() as server:
        provider = openai_at(f"{server.url}/v1")
        reply = await ask(provider, "flood_tail")
        assert reply.finish.reason == "stop"
        await provider.aclose()


def test_lines_that_come_byte_by_byte() -> None:
    """Their bytes are joined once."""
    reader, data = StreamReader(), b"data: " + b"x" * 200_000 + b"\n\n"
    started = time.process_time()
    events = [event for byte in data for event in reader.feed(bytes([byte]))]
    assert len(events[0]) == 200_000
    assert time.process_time() - started < 20
    many = StreamReader()
    with pytest.raises(TooMuch):
        repeat(lambda: [*many.feed(b"data: x\n" * 1000)], stream_reader.LINE)


@pytest.mark.parametrize("start", [b"", b"data: "])
def test_a_line_of_too_many_values(start: bytes) -> None:
    """Nothing else runs while one is read. What stands in a text costs nothing."""
    text = b'{"a": "' + b"[,{" * 500_000 + b'"}\n\n'
    assert [*StreamReader().feed(start + text)]
    with pytest.raises(TooMuch):
        [*StreamReader().feed(start + b"[" + b"[]," * 200_000 + b"0]\n\n")]


@pytest.mark.parametrize("readers", [1, 8])
async def test_bytes_that_are_always_there_leave_others_their_turn(readers: int) -> None:
    """A few pieces are read between two turns of another task, by all readers together."""

    class Always(aiohttp.StreamReader):
        def __init__(self) -> None:
            pass

        async def read(self, n: int = -1) -> bytes:
            return b"x" * n

    class Answer:
        content = Always()

    class Inner:
        _aiohttp_response = Answer()

    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def read() -> None:
        body = bodies._BodyStream(Inner(), inflates=False)  # type: ignore[arg-type]
        with pytest.raises(TooMuch):
            await read_whole(aiter(body), 10 * bodies.FAIR)

    task = asyncio.create_task(other())
    await asyncio.gather(*(read() for _ in range(readers)))
    task.cancel()
    assert turns >= 5 * readers


async def test_others_get_their_turn_while_the_reader_of_a_body_works() -> None:
    content = asyncio.StreamReader()
    content.feed_data(b"x" * 10 * bodies.PIECE)
    content.feed_eof()
    inner = SimpleNamespace(_aiohttp_response=SimpleNamespace(content=content))
    body = bodies._BodyStream(inner, inflates=False)  # type: ignore[arg-type]
    turns: list[int] = []
    read = 0
    async for piece in body:
        read += len(piece)
        asyncio.get_running_loop().call_soon(turns.append, read)
        time.sleep(2 * bodies.FAIR_S)
    assert turns == [bodies.PIECE * number for number in range(1, len(turns) + 1)]
    assert len(turns) >= 9


async def test_threads_take_short_turns_while_bytes_are_always_there() -> None:
    usual = sys.getswitchinterval()
    content = asyncio.StreamReader()
    content.feed_data(b"x" * 4 * bodies.PIECE)
    inner = SimpleNamespace(_aiohttp_response=SimpleNamespace(content=content))
    body = bodies._BodyStream(inner, inflates=False)  # type: ignore[arg-type]
    turns: list[float] = []
    async for piece in body:
        turns.append(sys.getswitchinterval())
        if len(turns) == 4:  # nothing is there: the next piece is waited for
            loop = asyncio.get_running_loop()
            loop.call_later(2 * bodies.WAITED_S, content.feed_data, piece)
            loop.call_later(2 * bodies.WAITED_S, content.feed_eof)
        time.sleep(2 * bodies.FAIR_S)
    assert turns == [usual, *[OF_THE_LOOP] * 3, usual]
    assert sys.getswitchinterval() == usual


async def test_the_shortest_turn_that_anyone_wants_is_taken() -> None:
    usual = sys.getswitchinterval()
    with short_turns(OF_THE_LOOP):
        assert await beside_the_loop(sys.getswitchinterval) == OF_A_THREAD
        assert sys.getswitchinterval() == OF_THE_LOOP
    assert sys.getswitchinterval() == usual


def test_thoughts_take_time_that_grows_with_them() -> None:
    """In the field, in tags, in both, and in messages that come in pieces."""
    piece, count = "word " * 20, 50_000
    starts = [
        (Chunk(), Chunk("", piece)),
        (Chunk("<think>"), Chunk(piece)),
        (Chunk("<think>", piece), Chunk(piece, piece)),
        (Chunk("<think>"), Chunk(" \n" * 50)),
        (Chunk(" "), Chunk(" \n" * 50)),
    ]
    started = time.process_time()
    for first, next_ in starts:
        text = ReplyText("m", set())
        for chunk in (first, *[next_] * count, Chunk(finish=Finish("stop"))):
            text.clean(chunk)
    assert time.process_time() - started < 30


def test_calls_without_names_are_not_held_for_ever() -> None:
    calls = ToolCalls()
    nameless = [{"index": 0, "function": {"arguments": "x" * 1000}}]
    with pytest.raises(TooMuch):
        repeat(lambda: calls.feed(nameless), 1000)
    spaces = ToolCalls()
    spaces.feed([{"index": 0, "id": "a", "function": {"name": "clock", "arguments": "nul"}}])
    for _ in range(10):
        spaces.feed([{"index": 0, "function": {"arguments": " " * 1000}}])
    assert len(spaces._calls[0].held) < 10


@pytest.mark.parametrize(
    "text",
    [start + unit * 64_000 for start in ("", "http", "a@") for unit in "aA0.-/\\:@<["],
)
def test_a_server_cannot_make_its_refusal_costly(text: str) -> None:
    """Whatever it says is looked through within a moment."""
    started = time.process_time()
    refusal = read_response(400, {}, json.dumps({"error": text}).encode())
    error = refusal_error(refusal, "Ollama", "m")
    assert len(error.detail) <= 300
    assert len(cleaned(text)) <= 300
    assert time.process_time() - started < 2
