"""Real model servers, and our server with one of them behind it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from providers.local_fetch import fetch, model_path
from tests.harness.place import Place
from tests.harness.server import ChatServer
from tests.real import agent as _agent  # noqa: F401 - adds its script
from tests.real.llama import MODELS, LlamaServer
from tests.real.running import Desk
from tests.scripted.ollama import ScriptedOllama, entry
from tests.scripted.openai import ScriptedOpenAI


@pytest.fixture(scope="session")
def weights() -> Path:
    fetch(MODELS, print)
    return model_path(MODELS)


@pytest.fixture
def make_llama(weights: Path) -> Iterator[Callable[..., LlamaServer]]:
    """Makes a llama-server for one test alone; not yet started."""
    made: list[LlamaServer] = []

    def make(**settings: Any) -> LlamaServer:
        made.append(LlamaServer(weights, **settings))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture(scope="module")
def llama(weights: Path) -> Iterator[LlamaServer]:
    """A llama-server with a window of 1,024 tokens and one place, that other tests use too."""
    server = LlamaServer(weights)
    try:
        server.start()
        yield server
    finally:
        server.close()


def before(model_server: str, **settings: Any) -> dict[str, Any]:
    """The settings of a server that has this model server alone, as an operator would write them:
    `USE_OPENAI=on OPENAI_BASE_URL=…`."""
    return {
        "USE_OPENAI": "on",
        "OPENAI_BASE_URL": model_server,
        "OPENAI_API_KEY": "",
        "OPENAI_CHAT_MODEL": "",
        "CHAT_DEFAULT_PROVIDER": "",
        "CHAT_DEFAULT_MODEL": "",
        "INFERENCE_SERVICE_URL": "",
        "INFERENCE_SERVICE_API_KEY": "",
        **settings,
    }


Before = Callable[..., AbstractAsyncContextManager[Place]]


@asynccontextmanager
async def place_of(server: ChatServer) -> AsyncIterator[Place]:
    """The place of one test at a server with real models behind it: the scripted ones of the
    place are not running."""
    place = Place([server], ScriptedOllama(), ScriptedOpenAI())
    try:
        yield place
    finally:
        await place.aclose()


@pytest.fixture
def place_before(own_server: Callable[..., ChatServer]) -> Before:
    """`place_before(url)` is a place at a server of this test alone, in front of that model
    server."""

    @asynccontextmanager
    async def make(url: str, **settings: Any) -> AsyncIterator[Place]:
        server = own_server("uvicorn", **before(url, **settings))
        server.start()
        async with place_of(server) as place:
            yield place

    return make


@pytest.fixture(scope="module")
def llama_chat_server(
    llama: LlamaServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ChatServer]:
    server = ChatServer("uvicorn", tmp_path_factory.mktemp("before-llama"), **before(llama.url))
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
async def llama_place(llama_chat_server: ChatServer) -> AsyncIterator[Place]:
    """The place of one test at a server in front of `llama`."""
    async with place_of(llama_chat_server) as place:
        yield place


@pytest.fixture
async def desk(daphne_place: Place, tmp_path: Path) -> Desk:
    """A person's machine, with the address and the key of the usual server, whose model is
    scripted."""
    for model in ("tool_loop", "form", "think", "missing", "toolong", "embedder"):
        daphne_place.offer(model)
    capabilities = ("completion", "tools")
    daphne_place.ollama.models.append(
        entry("agent", capabilities=capabilities, context_length=131_072)
    )
    # As Ollama loads it on a machine with room: agents' first prompts alone are some 10,000 tokens.
    daphne_place.ollama.loaded["agent"] = 32_768
    person = await daphne_place.person()
    return Desk(daphne_place, person.key, tmp_path / "home")
