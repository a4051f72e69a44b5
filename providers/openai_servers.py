"""Asks known OpenAI-compatible servers about their models, at addresses of their own.

OpenAI's list of models has no window and no capabilities. llama-server tells them at `/props`, LM
Studio and Ollama in lists of their own. A server that does not answer has nothing to add.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from providers import ollama_models, transport, values
from providers.errors import ProviderError
from providers.types import Model

# For all questions together, in seconds.
ASK_S = 2.0

_FAILURES: tuple[type[Exception], ...] = (
    *transport.FAILURES,
    transport.RefusalError,
    ProviderError,
)


async def completed(
    models: list[Model], data: object, server: transport.ServerClient
) -> list[Model]:
    """Return the models of a list with what the server tells elsewhere. `data` is that list as it
    came: who owns the models tells which server it is."""
    entries = values.mappings(values.mapping(data).get("data"))
    owners = {values.word(entry.get("owned_by")) for entry in entries}
    try:
        async with asyncio.timeout(ASK_S):
            if "llamacpp" in owners and len(models) == 1:
                return [_from_props(models[0], await _get(server, "/props"))]
            if "library" in owners:
                running, tags = await asyncio.gather(
                    _get(server, "/api/ps"), _get(server, "/api/tags")
                )
                return [_from_ollama(model, running, tags) for model in models]
            if "organization_owner" in owners:
                listed = await _get(server, "/api/v0/models")
                return [_from_lm_studio(model, listed) for model in models]
    except _FAILURES:
        pass
    return models


async def _get(server: transport.ServerClient, path: str) -> Mapping[str, Any]:
    root = server.url.removesuffix("/v1")
    return values.mapping(values.decoded(await server.fetch("GET", f"{root}{path}")))


async def ollama_at(server: transport.ServerClient) -> str:
    """Return the address of an Ollama whose `/v1` the server is; empty where it is none."""
    root = server.url.removesuffix("/v1")
    if root == server.url:
        return ""
    try:
        async with asyncio.timeout(ASK_S):
            # llama-server and others have addresses of Ollama's, too, but not both of these.
            answers = [await _get(server, path) for path in ("/api/version", "/api/ps")]
    except _FAILURES:
        return ""
    return root if values.word(answers[0].get("version")) and "models" in answers[1] else ""


def _from_props(model: Model, props: Mapping[str, Any]) -> Model:
    """llama-server's `/props`."""
    generation = values.mapping(props.get("default_generation_settings"))
    caps = values.mapping(props.get("chat_template_caps"))
    abilities = {
        "vision": values.mapping(props.get("modalities")).get("vision"),
        "tools": caps.get("supports_tools"),
    }
    system_role, tools = caps.get("supports_system_role"), caps.get("supports_tools")
    return replace(
        model,
        window=values.positive(generation.get("n_ctx")) or model.window,
        slots=values.positive(props.get("total_slots")),
        system_role=system_role if isinstance(system_role, bool) else None,
        takes_tools=tools if isinstance(tools, bool) else None,
        opens_thought=_opens_thought(generation, values.text(props.get("chat_template"))),
        capabilities=("completion", *(name for name, there in abilities.items() if there)),
    )


def _opens_thought(generation: Mapping[str, Any], template: str) -> bool:
    """Whether the template writes an opening tag before a reply, and the server leaves the closing
    one in the text."""
    reasoning_format = values.mapping(generation.get("params")).get("reasoning_format")
    _, _, before_reply = template.rpartition("add_generation_prompt")
    return (
        reasoning_format == "none" and "<think>" in before_reply and "</think>" not in before_reply
    )


def _from_ollama(model: Model, running: Mapping[str, Any], tags: Mapping[str, Any]) -> Model:
    """Ollama's own lists, which it also has beside `/v1`."""
    loaded = ollama_models.find(running, model.name) or {}
    entry = ollama_models.find(tags, model.name)
    listed = entry and ollama_models.to_model(entry, {})
    more = listed or model
    window = values.positive(loaded.get("context_length"))
    return replace(more, name=model.name, window=window, created=model.created)


def _from_lm_studio(model: Model, listed: Mapping[str, Any]) -> Model:
    """LM Studio's list. A model that is not loaded has no window yet."""
    entries = values.mappings(listed.get("data"))
    entry = next((item for item in entries if item.get("id") == model.name), None)
    if entry is None:
        return model
    kind = entry.get("type")
    tools = "tool_use" in values.words(entry.get("capabilities"))
    abilities = ("vision",) * (kind == "vlm") + ("tools",) * tools
    return replace(
        model,
        window=values.positive(entry.get("loaded_context_length")) or model.window,
        context_length=values.positive(entry.get("max_context_length")),
        capabilities=("embedding",) if kind == "embeddings" else ("completion", *abilities),
        family=values.word(entry.get("arch")),
        quantization_level=values.word(entry.get("quantization")),
    )
