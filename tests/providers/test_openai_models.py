"""Which models OpenAI-compatible servers offer."""

from contextlib import aclosing

import pytest

from providers import errors, openai_base
from providers.inference import InferenceProvider
from providers.openai import OpenAIProvider
from tests.providers.connect import openai_at
from tests.providers.replies import is_plain
from tests.scripted.openai import ScriptedOpenAI

Compatible = OpenAIProvider | InferenceProvider


async def test_list_in_the_order_of_the_server(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    openai_server.models = ["b", "a"]
    models = await compatible.list_models()
    assert [(model.name, model.label) for model in models] == [("b", "b"), ("a", "a")]
    assert models[0].created == 1785572430


@pytest.mark.parametrize(
    "names", ["parameterSize quantizationLevel", "parameter_size quantization_level"]
)
async def test_list_tells_what_the_server_knows(
    compatible: Compatible, openai_server: ScriptedOpenAI, names: str
) -> None:
    """In either spelling."""
    size, level = names.split()
    metadata = {"family": "llama", "format": "GGUF", size: "3.2B", level: "Q4_0"}
    openai_server.models = [{"id": "m", "displayLabel": "M 3.2B", "metadata": metadata}]
    (model,) = await compatible.list_models()
    assert (model.label, model.family, model.format) == ("M 3.2B", "llama", "GGUF")
    assert (model.parameter_size, model.quantization_level) == ("3.2B", "Q4_0")


async def test_list_that_is_null_is_empty(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    """Ollama's way to say that there are none."""
    openai_server.models = None
    assert await compatible.list_models() == []


@pytest.mark.parametrize(
    "more",
    [
        {"max_model_len": 4096},
        {"context_length": 4096},
        {"contextLength": 4096},
        {"context_window": 4096},
        {"meta": {"n_ctx_train": 4096}},
    ],
)
async def test_window_is_what_the_list_says(
    compatible: Compatible, openai_server: ScriptedOpenAI, more: dict[str, object]
) -> None:
    openai_server.models = [{"id": "m", **more}, "n"]
    assert await compatible.window("m") is None
    await compatible.list_models()
    assert await compatible.window("m") == 4096
    assert await compatible.window("n") is None


async def test_list_fails_with_an_error_of_ours(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    openai_server.keys = {"another"}
    with pytest.raises(errors.ProviderAuthFailed) as failure:
        await compatible.list_models()
    assert is_plain(failure.value)
    with pytest.raises(errors.ProviderAuthFailed):
        await compatible.health()


async def test_list_at_an_address_of_something_else(openai_server: ScriptedOpenAI) -> None:
    async with aclosing(openai_at(f"{openai_server.url}/elsewhere")) as provider:
        with pytest.raises(errors.ProviderFailed, match="address"):
            await provider.list_models()


async def test_health(compatible: Compatible) -> None:
    await compatible.health()


async def test_health_gives_up_in_time(
    compatible: Compatible, openai_server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_base, "HEALTH_S", 0.05)
    openai_server.hold("/v1/models")
    openai_server.hold("/inference/models")
    with pytest.raises(errors.ProviderTimeout):
        await compatible.health()


async def test_configured_model_comes_first(openai_server: ScriptedOpenAI) -> None:
    openai_server.models = ["a", "b"]
    async with aclosing(openai_at(f"{openai_server.url}/v1", chat_model="b")) as provider:
        assert [model.name for model in await provider.list_models()] == ["b", "a"]


async def test_configured_model_that_is_not_listed(openai_server: ScriptedOpenAI) -> None:
    """Some servers list nothing."""
    openai_server.models = None
    async with aclosing(openai_at(f"{openai_server.url}/v1", chat_model="mine")) as provider:
        assert [model.name for model in await provider.list_models()] == ["mine"]


async def test_openai_itself(
    openai_server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its list holds much that cannot chat; its models are far away; it calls the limit of
    tokens by its new name."""
    async with aclosing(openai_at("https://api.openai.com/v1", api_key="sk-secret-1")) as provider:
        assert provider.label == "OpenAI"
        fitted = provider._refused_fields.apply({"model": "gpt-5", "max_tokens": 9}, set())
        assert fitted == {"model": "gpt-5", "max_completion_tokens": 9}
        names = ["gpt-5", "text-embedding-3-small", "gpt-4o-realtime-preview", "whisper-1", "o3"]
        openai_server.models = list(names)
        monkeypatch.setattr(provider._server, "url", f"{openai_server.url}/v1")
        models = await provider.list_models()
        assert [model.name for model in models if model.chats] == ["gpt-5", "o3"]
        assert [model.name for model in models if not model.chats] == ["text-embedding-3-small"]
        assert all(model.remote for model in models)
