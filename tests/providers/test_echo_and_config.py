"""The provider without a model, and which providers the settings make."""

import pytest

from providers import echo
from providers.config import ProviderSettings, build
from providers.echo import EchoProvider
from providers.openai import OpenAIProvider
from providers.types import Usage
from tests.providers.replies import ask


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> EchoProvider:
    monkeypatch.setattr(echo, "PACE_S", 0)
    return EchoProvider()


@pytest.mark.parametrize("text", ["Hello there", "  spaces\n\nand  lines\t", "\n", "👩‍👩‍👧 你好"])
async def test_echo_says_the_last_message_back(provider: EchoProvider, text: str) -> None:
    """Word by word, and joined exactly that."""
    reply = await ask(provider, "echo", "before", text)
    assert reply.content == text
    assert reply.finish.reason == "stop"


async def test_echo_counts_characters_by_four(provider: EchoProvider) -> None:
    reply = await ask(provider, "echo", "abcdefgh", "ijkl")
    assert reply.finish.usage == Usage(prompt_tokens=3, completion_tokens=1)


async def test_echo_of_nothing_says_so(provider: EchoProvider) -> None:
    assert (await ask(provider, "echo", "")).content == "(The message was empty.)"


async def test_echo_offers_one_model(provider: EchoProvider) -> None:
    assert [model.name for model in await provider.list_models()] == ["echo"]
    assert await provider.window("echo") is None
    await provider.health()
    await provider.aclose()


def test_build_makes_what_is_configured() -> None:
    """Without a loop, and without opening anything."""
    assert list(build(ProviderSettings())) == ["ollama", "echo"]
    everything = ProviderSettings(
        openai_enabled=True, openai_api_key="sk-secret", inference_url="http://127.0.0.1:8001"
    )
    providers = build(everything)
    assert list(providers) == ["ollama", "openai", "inference", "echo"]
    assert all(provider.name == name for name, provider in providers.items())


def test_build_without_an_address_means_openai_itself() -> None:
    provider = build(ProviderSettings(openai_enabled=True))["openai"]
    assert isinstance(provider, OpenAIProvider)
    assert provider.label == "OpenAI"


def test_settings_do_not_show_keys() -> None:
    """A settings object may end up in a log."""
    settings = ProviderSettings(openai_api_key="sk-secret", inference_api_key="sk-secret")
    assert "secret" not in repr(settings)
