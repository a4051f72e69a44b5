"""Which providers there are, from settings that somebody else has read."""

from dataclasses import dataclass, field

from providers.base import Provider
from providers.echo import EchoProvider
from providers.ollama import OllamaProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """Values only; reading the environment is the caller's. Times are seconds.

    `first_byte_timeout_s` covers loading a model, waiting for a slot and reading the prompt, in
    which Ollama sends nothing at all; `gap_timeout_s` is the longest silence inside a reply.
    `inference_timeout_s` is both for the inference service.
    """

    ollama_base_url: str = "http://localhost:11434"
    ollama_context_length: int | None = None
    openai_enabled: bool = False
    openai_api_key: str = field(default="", repr=False)
    openai_base_url: str = ""  # empty: OpenAI itself
    openai_chat_model: str = ""
    inference_url: str = ""
    inference_api_key: str = field(default="", repr=False)
    inference_timeout_s: float = 30.0
    first_byte_timeout_s: float = 300.0
    gap_timeout_s: float = 60.0


def build(settings: ProviderSettings) -> dict[str, Provider]:
    """The configured providers by name. Opens nothing: connections are made by the first
    request, in the loop that makes it. "ollama" and "echo" are always there."""
    providers: list[Provider] = [
        OllamaProvider(
            settings.ollama_base_url,
            context_length=settings.ollama_context_length,
            first_byte_timeout_s=settings.first_byte_timeout_s,
            gap_timeout_s=settings.gap_timeout_s,
        )
    ]
    if settings.openai_enabled:
        # Imported here: the library takes a third of a second, and most installations never use it.
        from providers.openai import OpenAIProvider

        providers.append(
            OpenAIProvider(
                settings.openai_base_url,
                api_key=settings.openai_api_key,
                chat_model=settings.openai_chat_model,
                first_byte_timeout_s=settings.first_byte_timeout_s,
                gap_timeout_s=settings.gap_timeout_s,
            )
        )
    if settings.inference_url:
        from providers.inference import InferenceProvider

        providers.append(
            InferenceProvider(
                settings.inference_url,
                api_key=settings.inference_api_key,
                timeout_s=settings.inference_timeout_s,
            )
        )
    providers.append(EchoProvider())
    return {provider.name: provider for provider in providers}
