"""The settings of each provider; `building` makes the providers.

Values only; `project.settings` reads the environment. Times are seconds. A new setting
is a field here, read where the settings are built, and used by its provider.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

OLLAMA_URL = "http://localhost:11434"
OPENAI_URL = "https://api.openai.com/v1"


class ProviderSettings(Protocol):
    """`configured` says whether there is to be a provider with these settings."""

    @property
    def configured(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """`first_byte_timeout_s` covers queueing, loading the model and reading the prompt, during
    which Ollama sends nothing; `gap_timeout_s` is the longest silence inside a reply."""

    first_byte_timeout_s: float = 1800.0
    gap_timeout_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How else a server is reached than by its address. `label` is its name in sentences for
    people, `ca` certificates (PEM) of authorities that are trusted besides the usual ones; the
    headers and query parameters are sent with every request."""

    label: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca: str = field(default="", repr=False)


USUAL = Access()


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaSettings(Timeouts):
    """`context_length` is the window of every model; without it each model has its own."""

    base_url: str = field(default=OLLAMA_URL, repr=False)
    api_key: str = field(default="", repr=False)
    context_length: int | None = None
    access: Access = USUAL

    configured = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAISettings(Timeouts):
    """`chat_model` is listed first, also where the server does not list it. `models` are listed
    where the server has no list."""

    configured: bool = True
    base_url: str = field(default=OPENAI_URL, repr=False)
    api_key: str = field(default="", repr=False)
    chat_model: str = ""
    models: tuple[str, ...] = ()
    access: Access = USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceSettings:
    """`timeout_s` is both the wait for the first text and the longest silence after it."""

    url: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    timeout_s: float = 30.0
    access: Access = USUAL

    @property
    def configured(self) -> bool:
        return bool(self.url)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoSettings:
    configured = True
