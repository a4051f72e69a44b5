"""Scripted servers and the providers that talk to them, each test with its own."""

from collections.abc import AsyncIterator

import pytest

from providers.inference import InferenceProvider
from providers.ollama import OllamaProvider
from providers.openai import OpenAIProvider
from tests.providers.connect import inference_at, ollama_at, openai_at
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.openai import ScriptedOpenAI


@pytest.fixture
async def ollama_server() -> AsyncIterator[ScriptedOllama]:
    async with ScriptedOllama() as server:
        yield server


@pytest.fixture
async def ollama(ollama_server: ScriptedOllama) -> AsyncIterator[OllamaProvider]:
    provider = ollama_at(ollama_server.url)
    yield provider
    await provider.aclose()


@pytest.fixture
async def openai_server() -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
async def openai(openai_server: ScriptedOpenAI) -> AsyncIterator[OpenAIProvider]:
    provider = openai_at(f"{openai_server.url}/v1", api_key="sk-secret-1")
    yield provider
    await provider.aclose()


@pytest.fixture
async def inference(openai_server: ScriptedOpenAI) -> AsyncIterator[InferenceProvider]:
    provider = inference_at(openai_server.url, api_key="sk-secret-2")
    yield provider
    await provider.aclose()


@pytest.fixture(params=["openai", "inference"])
async def compatible(
    request: pytest.FixtureRequest, openai_server: ScriptedOpenAI
) -> AsyncIterator[OpenAIProvider | InferenceProvider]:
    """Each provider that reads OpenAI's chunks."""
    made: dict[str, OpenAIProvider | InferenceProvider] = {
        "openai": openai_at(f"{openai_server.url}/v1", api_key="sk-secret-1"),
        "inference": inference_at(openai_server.url, api_key="sk-secret-2"),
    }
    yield made[request.param]
    for provider in made.values():
        await provider.aclose()
