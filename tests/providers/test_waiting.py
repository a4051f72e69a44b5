"""Servers that are silent: loading, busy with what they hold back, or dead."""

import asyncio

import pytest

from providers import errors, openai_base, silence
from providers.base import Provider
from providers.inference import InferenceProvider
from providers.ollama import OllamaProvider
from providers.openai import OpenAIProvider
from tests.harness import WAIT_S
from tests.providers.replies import REPLY_TEXT, ask, request
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.openai import ScriptedOpenAI

Compatible = OpenAIProvider | InferenceProvider


# How long a server is dead before it is given up, where that is what a test waits for: as long as
# a busy machine may keep this process from hearing its answers.
SOON_S = 1.5


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "PROBE_EVERY_S", 0.05)
    monkeypatch.setattr(openai_base, "LOADING_EVERY_S", 0.02)


async def test_a_server_that_loads_its_model_is_waited_for(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    openai_server.loading = True
    stream = compatible.stream_chat(request("normal"))
    phases = [(await anext(stream)).phase, (await anext(stream)).phase]
    assert phases == ["prompt_eval", "loading"]
    openai_server.loading = False
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.content for chunk in chunks) == REPLY_TEXT
    assert [chunk.phase for chunk in chunks if chunk.phase] == ["generating"]


async def test_a_server_that_loads_is_healthy_and_has_no_list_yet(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    openai_server.loading = True
    await compatible.health()
    with pytest.raises(errors.ModelLoading):
        await compatible.list_models()


Silent = tuple[Provider, ScriptedOllama | ScriptedOpenAI]


@pytest.fixture(params=["ollama", "openai", "inference"])
def silent(
    request: pytest.FixtureRequest,
    ollama: OllamaProvider,
    ollama_server: ScriptedOllama,
    openai: OpenAIProvider,
    inference: InferenceProvider,
    openai_server: ScriptedOpenAI,
) -> Silent:
    made: dict[str, Silent] = {
        "ollama": (ollama, ollama_server),
        "openai": (openai, openai_server),
        "inference": (inference, openai_server),
    }
    return made[request.param]


async def test_silence_is_not_failure_while_the_server_answers(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice as long as a dead server is waited for, and then the reply goes on."""
    provider, server = silent
    monkeypatch.setattr(silence, "DEAD_AFTER_S", SOON_S)
    reply = asyncio.create_task(ask(provider, "holds_back"))
    await asyncio.wait({reply}, timeout=2 * SOON_S)
    assert not reply.done()
    server.gate("a").open()
    done = await reply
    assert done.content == "word0 "
    assert done.finish.reason == "stop"


@pytest.mark.parametrize("model", ["holds_back", "hang"])
async def test_a_server_that_answers_nobody_is_given_up(
    silent: Silent, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before the limits, which are half an hour and ten minutes."""
    provider, server = silent
    for path in ("/api/version", "/v1/models", "/inference/models"):
        server.hold(path)
    monkeypatch.setattr(silence, "DEAD_AFTER_S", SOON_S)
    monkeypatch.setattr("providers.ollama.HEALTH_S", 0.05)
    monkeypatch.setattr("providers.openai_base.HEALTH_S", 0.05)
    async with asyncio.timeout(WAIT_S):
        reply = await ask(provider, model)
    assert isinstance(reply.error, errors.ProviderTimeout)
    assert reply.content == ("word0 " if model == "holds_back" else "")


async def test_stop_works_in_silence(silent: Silent) -> None:
    provider, server = silent
    stream = provider.stream_chat(request("holds_back"))
    async for chunk in stream:
        if chunk.content:
            break
    await stream.aclose()
    assert await server.chats[0].wait_ended() == "client_gone"
    assert not [t for t in asyncio.all_tasks() if t.get_name() == "silence probe"]
