"""The provider without a model, and which providers the settings make."""

from pathlib import Path

import pytest

from providers import echo
from providers.building import build
from providers.config import (
    EchoSettings,
    InferenceSettings,
    LocalSettings,
    OllamaSettings,
    OpenAISettings,
    ProviderSettings,
)
from providers.echo import EchoProvider
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


def test_build_makes_what_is_configured(tmp_path: Path) -> None:
    """In the order of the settings, without a loop, and without opening anything."""
    settings: dict[str, ProviderSettings] = {
        "openai": OpenAISettings(configured=False),
        "inference": InferenceSettings(),
        "ollama": OllamaSettings(),
        "local": LocalSettings(directory=tmp_path),
        "echo": EchoSettings(),
    }
    assert list(build(settings)) == ["ollama", "echo"]
    settings["openai"] = OpenAISettings(api_key="sk-secret")
    settings["inference"] = InferenceSettings(url="http://127.0.0.1:8001")
    providers = build(settings)
    assert list(providers) == ["openai", "inference", "ollama", "echo"]
    assert all(provider.name == name for name, provider in providers.items())


def test_without_an_address_it_is_openai_itself() -> None:
    provider = build({"openai": OpenAISettings()})["openai"]
    assert provider.label == "OpenAI"


def test_settings_show_no_keys_and_no_passwords() -> None:
    """A settings object may end up in a log."""
    address = "http://me:secret@host"
    for settings in (
        OpenAISettings(api_key="sk-secret", base_url=address),
        InferenceSettings(api_key="sk-secret", url=address),
        OllamaSettings(base_url=address),
    ):
        assert "secret" not in repr(settings)
