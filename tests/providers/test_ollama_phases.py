"""What people are told while Ollama is silent."""

import asyncio

import pytest

from providers import ollama as module
from providers.ollama import OllamaProvider
from providers.types import Phase
from tests.providers.replies import ask, request
from tests.scripted.ollama import ScriptedOllama

MODEL = "gate:id=a,n=2"


@pytest.fixture
def curious(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at once and often."""
    monkeypatch.setattr(module, "LOOK_AFTER_S", 0.001)
    monkeypatch.setattr(module, "LOOK_AGAIN_S", 0.001)


@pytest.mark.usefixtures("curious")
async def test_loading_then_prompt_eval_then_generating(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """Each is told once, when `/api/ps` shows it; the last comes with the first text."""
    stream = ollama.stream_chat(request(MODEL))
    assert (await anext(stream)).phase == "loading"
    ollama_server.loaded[MODEL] = 4096
    assert (await anext(stream)).phase == "prompt_eval"
    ollama_server.gate("a").open()
    first = await anext(stream)
    assert (first.phase, first.content) == ("generating", "word0 ")
    rest = [chunk async for chunk in stream]
    assert not any(chunk.phase for chunk in rest)


@pytest.mark.usefixtures("curious")
async def test_loaded_model_is_reading_the_prompt(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    ollama_server.loaded[MODEL] = 4096
    assert await _first_phase(ollama) == "prompt_eval"


@pytest.mark.usefixtures("curious")
async def test_names_with_and_without_the_default_tag_are_the_same(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    ollama_server.loaded["Hang:latest"] = 4096
    stream = ollama.stream_chat(request("hang"))
    assert (await anext(stream)).phase == "prompt_eval"
    await stream.aclose()


@pytest.mark.usefixtures("curious")
async def test_cloud_model_is_never_loading(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """It does not run here, so it is not in the list, and the list is not asked for."""
    stream = ollama.stream_chat(request("hang:20b-cloud"))
    assert (await anext(stream)).phase == "prompt_eval"
    await stream.aclose()
    assert all(exchange.path != "/api/ps" for exchange in ollama_server.exchanges)


@pytest.mark.usefixtures("curious")
async def test_unknown_phase_is_prompt_eval(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """The question failed; the reply does not."""
    ollama_server.down = True
    stream = ollama.stream_chat(request(MODEL))
    assert (await anext(stream)).phase == "prompt_eval"
    ollama_server.gate("a").open()
    assert [chunk async for chunk in stream][-1].finish


@pytest.mark.usefixtures("curious")
async def test_unanswered_question_does_not_delay_the_text(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    ollama_server.hold("/api/ps")
    stream = ollama.stream_chat(request(MODEL))
    first = asyncio.ensure_future(anext(stream))
    while not any(exchange.path == "/api/ps" for exchange in ollama_server.exchanges):
        await asyncio.sleep(0)
    ollama_server.gate("a").open()
    async with asyncio.timeout(module.HEALTH_S / 2):
        assert (await first).content == "word0 "
    await stream.aclose()


async def test_quick_reply_asks_nothing_else(
    ollama: OllamaProvider, ollama_server: ScriptedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_AFTER_S", 10.0)
    reply = await ask(ollama, "normal")
    assert reply.phases == ["generating"]
    assert [exchange.path for exchange in ollama_server.exchanges] == ["/api/chat"]


@pytest.mark.usefixtures("curious")
@pytest.mark.parametrize("silent", [True, False])
async def test_no_task_is_left_behind(
    ollama: OllamaProvider, ollama_server: ScriptedOllama, silent: bool
) -> None:
    """Closed while it waits for the first line, and while it asks what the server does."""
    if silent:
        ollama_server.hold("/api/ps")
    stream = ollama.stream_chat(request("hang"))
    first = asyncio.ensure_future(anext(stream))
    await ollama_server.chat()
    if not silent:
        assert (await first).phase == "loading"
        await stream.aclose()
    else:
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    assert not [t for t in asyncio.all_tasks() if t.get_name().startswith("ollama")]


async def _first_phase(ollama: OllamaProvider) -> Phase | None:
    stream = ollama.stream_chat(request(MODEL))
    phase = (await anext(stream)).phase
    await stream.aclose()
    return phase
