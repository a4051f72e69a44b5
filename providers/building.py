"""Makes providers from their settings."""

from collections.abc import Mapping

from providers import light_clients, light_openai
from providers.base import Provider
from providers.config import (
    EchoSettings,
    InferenceSettings,
    LocalSettings,
    OllamaSettings,
    OpenAISettings,
    ProviderSettings,
)


def build(settings: Mapping[str, ProviderSettings]) -> dict[str, Provider]:
    """Return the configured providers by name, in the order of `settings`. Opens nothing: the first
    request makes the connections, in its event loop."""
    return {name: _make(name, entry) for name, entry in settings.items() if entry.configured}


def _make(name: str, settings: ProviderSettings) -> Provider:
    # Each module is imported when it is needed: a client library takes up to a third of a second,
    # and most installations use one of them.
    light_clients.load_aiohttp()
    match settings:
        case OllamaSettings():
            light_clients.load_ollama()
            from providers.ollama import OllamaProvider

            return OllamaProvider(settings, name)
        case OpenAISettings():
            light_openai.load()
            from providers.openai import OpenAIProvider

            return OpenAIProvider(settings, name)
        case InferenceSettings():
            from providers.inference import InferenceProvider

            return InferenceProvider(settings, name)
        case LocalSettings():
            light_openai.load()
            from providers.local import LocalProvider

            return LocalProvider(settings, name)
        case EchoSettings():
            from providers.echo import EchoProvider

            return EchoProvider(name)
    raise TypeError(type(settings))
