"""The settings of each provider, and the providers made of them.

Values only: whoever builds the settings has read the environment. Times are seconds. A new setting
is a field here, read where the settings are built, and used by its provider.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from providers.base import Provider

OLLAMA_URL = "http://localhost:11434"
OPENAI_URL = "https://api.openai.com/v1"


class ProviderSettings(Protocol):
    """`provider` imports the provider's module, since a client library takes up to a third of a
    second to import and most installations use one of them."""

    @property
    def configured(self) -> bool: ...

    def provider(self, name: str) -> "Provider": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """`first_byte_timeout_s` covers queueing, loading the model and reading the prompt, during
    which Ollama sends nothing; `gap_timeout_s` is the longest silence inside a reply."""

    first_byte_timeout_s: float = 1800.0
    gap_timeout_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaSettings(Timeouts):
    """`context_length` is the window of every model; without it each model has its own."""

    base_url: str = field(default=OLLAMA_URL, repr=False)
    context_length: int | None = None

    configured = True

    def provider(self, name: str) -> "Provider":
        from providers.ollama import OllamaProvider

        return OllamaProvider(self, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAISettings(Timeouts):
    """`chat_model` is listed first, also where the server does not list it."""

    configured: bool = True
    base_url: str = field(default=OPENAI_URL, repr=False)
    api_key: str = field(default="", repr=False)
    chat_model: str = ""

    def provider(self, name: str) -> "Provider":
        from providers.openai import OpenAIProvider

        return OpenAIProvider(self, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceSettings:
    """`timeout_s` is both the wait for the first text and the longest silence after it."""

    url: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    timeout_s: float = 30.0

    @property
    def configured(self) -> bool:
        return bool(self.url)

    def provider(self, name: str) -> "Provider":
        from providers.inference import InferenceProvider

        return InferenceProvider(self, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """The embedded model, whose files are in `directory`."""

    directory: Path
    enabled: bool = True

    @property
    def configured(self) -> bool:
        """Whether it may be used and has been fetched."""
        from providers.local_fetch import fetched

        return self.enabled and fetched(self.directory)

    def provider(self, name: str) -> "Provider":
        from providers.local import LocalProvider

        return LocalProvider(self, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoSettings:
    configured = True

    def provider(self, name: str) -> "Provider":
        from providers.echo import EchoProvider

        return EchoProvider(name)


def build(settings: Mapping[str, ProviderSettings]) -> dict[str, "Provider"]:
    """Return the configured providers by name, in the order of `settings`. Opens nothing: the first
    request makes the connections, in its event loop."""
    return {name: entry.provider(name) for name, entry in settings.items() if entry.configured}
