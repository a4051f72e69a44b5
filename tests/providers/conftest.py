"""Scripted servers and the providers that talk to them, each test with its own."""

from collections.abc import AsyncIterator

import pytest

from providers.inference import InferenceProvider
from providers.ollama import OllamaProvider
from providers.openai import OpenAIProvider
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.openai import ScriptedOpenAI


@pytest.fixture
async def ollama_server() -> AsyncIterator[ScriptedOllama]:
    async with ScriptedOllama() as server:
        yield server


@pytest.fixture
async def ollama(ollama_server: ScriptedOllama) -> AsyncIterator[OllamaProvider]:
    provider = OllamaProvider(ollama_server.url)
    yield provider
    await provider.aclose()


@pytest.fixture
async def openai_server() -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
async def openai(openai_server: ScriptedOpenAI) -> AsyncIterator[OpenAIProvider]:
    provider = OpenAIProvider(f"{openai_server.url}/v1", api_key="sk-secret-1")
    yield provider
    await provider.aclose()


@pytest.fixture
async def inference(openai_server: ScriptedOpenAI) -> AsyncIterator[InferenceProvider]:
    provider = InferenceProvider(openai_server.url, api_key="sk-secret-2")
    yield provider
    await provider.aclose()


@pytest.fixture(params=["openai", "inference"])
async def compatible(
    request: pytest.FixtureRequest, openai_server: ScriptedOpenAI
) -> AsyncIterator[OpenAIProvider | InferenceProvider]:
    """Each provider that reads OpenAI's chunks."""
    provider: OpenAIProvider | InferenceProvider
    if request.param == "openai":
        provider = OpenAIProvider(f"{openai_server.url}/v1", api_key="sk-secret-1")
    else:
        provider = InferenceProvider(openai_server.url, api_key="sk-secret-2")
    yield provider
    await provider.aclose()
