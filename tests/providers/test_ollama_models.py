"""Which models Ollama offers, how long their context is, and whether it is there."""

import asyncio
from contextlib import aclosing

import pytest

from providers import errors, ollama_models
from providers import ollama as module
from providers.ollama import OllamaProvider
from tests.providers.connect import ollama_at
from tests.providers.replies import is_plain
from tests.scripted.ollama import ScriptedOllama, entry


async def test_list_tells_what_the_server_knows(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    ollama_server.models = [
        entry("llama3.2:latest", capabilities=("completion", "tools"), context_length=131072)
    ]
    (model,) = await ollama.list_models()
    assert (model.name, model.label) == ("llama3.2:latest", "llama3.2")
    assert model.context_length == 131072
    assert model.capabilities == ("completion", "tools")
    assert (model.size_bytes, model.parameter_size) == (2019393189, "3.2B")
    assert (model.family, model.format, model.quantization_level) == ("llama", "gguf", "Q4_K_M")
    assert model.created == 1785572430
    assert model.remote is False


async def test_list_keeps_the_order_and_may_be_empty(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    ollama_server.models = [entry("b:1b"), entry("a:1b")]
    assert [m.name for m in await ollama.list_models()] == ["b:1b", "a:1b"]
    ollama_server.models = []
    assert await ollama.list_models() == []


async def test_list_tells_what_only_embeds(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """And leaves out what does neither."""
    painter = entry("painter", capabilities=("image",))
    ollama_server.models = [entry("nomic", capabilities=("embedding",)), painter, entry("chat")]
    models = await ollama.list_models()
    assert [(model.name, model.chats) for model in models] == [("nomic", False), ("chat", True)]


async def test_list_marks_models_that_run_elsewhere(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """By what the server says, and by name where an older one does not."""
    ollama_server.models = [
        entry("mine", remote_host="https://ollama.com:443"),
        entry("gpt-oss:120b-cloud"),
        entry("kimi:cloud"),
        entry("local"),
    ]
    models = await ollama.list_models()
    assert [model.remote for model in models] == [True, True, True, False]


async def test_older_server_is_asked_about_each_model_once(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    ollama_server.old = True
    ollama_server.models = [
        entry("see", capabilities=("completion", "vision"), context_length=4096),
        entry("embed", capabilities=("embedding",)),
    ]
    model, embedder = await ollama.list_models()
    assert (embedder.chats, model.chats) == (False, True)
    assert (model.name, model.capabilities) == ("see", ("completion", "vision"))
    assert model.context_length == 4096
    await ollama.list_models()
    assert [e.path for e in ollama_server.exchanges].count("/api/show") == 2


async def test_a_length_that_the_list_lacks_is_asked_for_once(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """Most servers list what a model can do, and not how much it can read."""
    ollama_server.lists_lengths = False
    ollama_server.models = [entry("m:1b", context_length=4096)]
    for _ in range(2):
        (model,) = await ollama.list_models()
        assert (model.capabilities, model.context_length) == (("completion",), 4096)
    assert [e.path for e in ollama_server.exchanges].count("/api/show") == 1


async def test_older_server_is_not_flooded(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """The rest is listed all the same, without details, and asked about next time."""
    ollama_server.old = True
    ollama_server.models = [entry(f"m{index}:1b") for index in range(module.SHOWN_AT_MOST + 3)]
    models = await ollama.list_models()
    assert len(models) == module.SHOWN_AT_MOST + 3
    assert [bool(m.capabilities) for m in models].count(True) == module.SHOWN_AT_MOST
    assert all(model.capabilities for model in await ollama.list_models())


async def test_older_server_that_does_not_show(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """Models are listed without details; a family is known to embed only."""
    ollama_server.old = True
    ollama_server.models = [entry("gone:1b"), entry("embed", family="bert")]
    ollama_server.hold("/api/show")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LIST_S", 1.5)
        model, embedder = await ollama.list_models()
    assert (model.name, model.capabilities, model.context_length) == ("gone:1b", (), None)
    assert (model.chats, embedder.chats) == (True, False)


async def test_list_fails_with_an_error_of_ours(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    ollama_server.down = True
    with pytest.raises(errors.ProviderFailed) as failure:
        await ollama.list_models()
    assert is_plain(failure.value)


async def test_list_of_nonsense_is_empty() -> None:
    assert ollama_models.entries({"models": None}) == []
    assert ollama_models.entries({"models": [1, {"size": 3}]}) == []


async def test_window_that_is_configured(ollama_server: ScriptedOllama) -> None:
    """Without a question to the server."""
    provider = ollama_at(ollama_server.url, context_length=16384)
    assert await provider.window("normal") == 16384
    assert ollama_server.exchanges == []


async def test_window_of_a_loaded_model(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """Any other would make the server load it again."""
    ollama_server.loaded["llama3.2:latest"] = 32768
    assert await ollama.window("llama3.2") == 32768


@pytest.mark.parametrize(
    ("parameters", "window"),
    [
        ('stop "<|end|>"\nnum_ctx                        32768', 32768),
        ("num_ctx 2048", 2048),
        ("num_ctx 999999", 131072),
    ],
)
async def test_window_that_the_model_file_sets(
    ollama: OllamaProvider, ollama_server: ScriptedOllama, parameters: str, window: int
) -> None:
    """Also where it is loaded with another; never more than the model was made for."""
    ollama_server.models = [entry("m", context_length=131072, parameters=parameters)]
    ollama_server.loaded["m"] = 4096
    assert await ollama.window("m") == window


@pytest.mark.parametrize(
    ("context_length", "chosen", "window"),
    [
        (131072, 4096, 8192),
        (131072, 32768, 32768),
        (4096, 4096, 4096),
        (2048, 4096, 2048),
        (131072, None, 8192),
    ],
)
async def test_window_that_ollama_chooses_when_it_loads(
    ollama: OllamaProvider,
    ollama_server: ScriptedOllama,
    context_length: int,
    chosen: int | None,
    window: int,
) -> None:
    """The model is loaded only where that is allowed; more is asked for where it is little."""
    ollama_server.models = [entry("m", context_length=context_length)]
    ollama_server.chosen_window = chosen
    assert await ollama.window("m") is None
    assert "m" not in ollama_server.loaded
    assert await ollama.window("m", load=True) == window
    loads = [e.json for e in ollama_server.exchanges if e.path == "/api/generate"]
    assert loads == [{"model": "m", "stream": False}]
    assert await ollama.window("m") == window


async def test_window_of_a_model_that_cannot_be_loaded(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """Its reply will say why."""
    ollama_server.models = [entry("m")]
    ollama_server.refuses_load = True
    assert await ollama.window("m", load=True) is None


async def test_window_of_a_model_that_runs_elsewhere(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """All that it can do; it is never loaded here."""
    ollama_server.models = [entry("m:20b-cloud", context_length=131072)]
    assert await ollama.window("m:20b-cloud", load=True) == 131072
    assert all(e.path != "/api/generate" for e in ollama_server.exchanges)


async def test_windows_are_listed_where_they_are_known(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    ollama_server.models = [entry("a:latest", context_length=8192), entry("b", context_length=8192)]
    ollama_server.loaded["a:latest"] = 2048
    found = {m.name: (m.context_length, m.window) for m in await ollama.list_models()}
    assert found == {"a:latest": (8192, 2048), "b": (8192, None)}
    assert await ollama.window("b", load=True) == 8192
    assert {m.name: m.window for m in await ollama.list_models()} == {"a:latest": 2048, "b": 8192}


async def test_window_never_changes(ollama: OllamaProvider, ollama_server: ScriptedOllama) -> None:
    """Not even when somebody else has the model loaded with another, nor under its other name."""
    ollama_server.loaded["llama3.2:latest"] = 8192
    assert await ollama.window("llama3.2") == 8192
    ollama_server.loaded["llama3.2:latest"] = 2048
    assert await ollama.window("llama3.2") == 8192
    assert await ollama.window("llama3.2:latest") == 8192


async def test_window_is_the_same_for_all_who_ask_at_once(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """Also where the server loads it with another between the two."""
    ollama_server.loaded["llama3.2:latest"] = 4096
    running = ollama_server.hold("/api/ps")
    calls = [asyncio.create_task(ollama.window("llama3.2")) for _ in range(2)]
    while [exchange.path for exchange in ollama_server.exchanges].count("/api/ps") < 2:
        await asyncio.sleep(0)
    running.set()
    ollama_server.loaded["llama3.2:latest"] = 2048
    first, second = await asyncio.gather(*calls)
    assert first == second == await ollama.window("llama3.2")


async def test_window_unknown_is_none_and_not_remembered(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    assert await ollama.window("never-heard-of") is None
    ollama_server.loaded["llama3.2:latest"] = 8192
    ollama_server.down = True
    assert await ollama.window("llama3.2") is None
    ollama_server.down = False
    assert await ollama.window("llama3.2") == 8192


async def test_models_with_the_same_digest_are_told_apart(
    ollama: OllamaProvider, ollama_server: ScriptedOllama
) -> None:
    """Some servers give every model the same, or none."""
    ollama_server.old = True
    ollama_server.models = [entry(f"m{n}", context_length=1024 * n) for n in (1, 2, 3)]
    for digest in ("", "0" * 64):
        ollama_server.digest = digest
        models = await ollama.list_models()
        assert [(m.name, m.context_length) for m in models] == [
            ("m1", 1024),
            ("m2", 2048),
            ("m3", 3072),
        ]


async def test_window_gives_up_in_time(
    ollama: OllamaProvider, ollama_server: ScriptedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WINDOW_S", 0.05)
    ollama_server.hold("/api/show")
    assert await ollama.window("llama3.2") is None


async def test_health(
    ollama: OllamaProvider, ollama_server: ScriptedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quiet when it answers; else the error says why not."""
    await ollama.health()
    ollama_server.down = True
    with pytest.raises(errors.ProviderFailed):
        await ollama.health()
    ollama_server.hold("/api/version")
    monkeypatch.setattr(module, "HEALTH_S", 0.05)
    with pytest.raises(errors.ProviderTimeout):
        await ollama.health()


async def test_health_when_nothing_listens() -> None:
    async with ScriptedOllama() as server:
        url = server.url
    async with aclosing(ollama_at(url)) as provider:
        with pytest.raises(errors.ProviderUnavailable):
            await provider.health()


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost:11434/", "http://localhost:11434"),
        ("localhost", "http://localhost:11434"),
        ("gpu.example:8080", "http://gpu.example:8080"),
        (":11435", "http://127.0.0.1:11435"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("https://gpu.example/ollama", "https://gpu.example/ollama"),
        ("[::1]:11434", "http://[::1]:11434"),
        ("", "http://127.0.0.1:11434"),
    ],
)
def test_address(given: str, url: str) -> None:
    """Every form that `OLLAMA_HOST` may have."""
    assert ollama_models.address(given) == url
