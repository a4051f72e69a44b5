"""Providers by the address of their server."""

from typing import Any

from providers.config import InferenceSettings, OllamaSettings, OpenAISettings
from providers.inference import InferenceProvider
from providers.ollama import OllamaProvider
from providers.openai import OpenAIProvider


def ollama_at(url: str, **settings: Any) -> OllamaProvider:
    return OllamaProvider(OllamaSettings(base_url=url, **settings))


def openai_at(url: str, **settings: Any) -> OpenAIProvider:
    return OpenAIProvider(OpenAISettings(base_url=url, **settings))


def inference_at(url: str, **settings: Any) -> InferenceProvider:
    return InferenceProvider(InferenceSettings(url=url, **settings))
