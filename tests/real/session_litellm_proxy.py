"""LiteLLM's proxy between our server and a real llama-server."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.harness.place import Person, Place
from tests.harness.server import ChatServer
from tests.real.conftest import before, place_of
from tests.real.litellm_proxy import KEY, LiteLLMProxy
from tests.real.llama import LlamaServer
from tests.real.speaking import HI, PARAGRAPH, say


@pytest.fixture(scope="module")
def chat_server(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    """Ours, before the proxy, before a llama-server that ends replies early."""
    llama = LlamaServer(weights, window=512, n_predict=16)
    proxy = LiteLLMProxy(llama.url)
    settings = before(proxy.url, OPENAI_API_KEY=KEY)
    server = ChatServer("uvicorn", tmp_path_factory.mktemp("before-litellm"), **settings)
    try:
        llama.start()
        proxy.start()
        server.start()
        yield server
    finally:
        server.close()
        proxy.close()
        llama.close()


@pytest.fixture
async def place(chat_server: ChatServer) -> AsyncIterator[Place]:
    async with place_of(chat_server) as place:
        yield place


@pytest.fixture
async def person(place: Place) -> Person:
    return await place.person()


@pytest.fixture
async def client(place: Place, person: Person) -> AsyncIterator[AsyncOpenAI]:
    url = f"{place.server.url}/v1"
    async with AsyncOpenAI(base_url=url, api_key=person.key, max_retries=0) as made:
        yield made


async def test_streams(person: Person, client: AsyncOpenAI) -> None:
    async with person.socket(await person.conversation()) as socket:
        _, end = await say(socket, "Hi")
    assert socket.heard("delta")  # how many pieces share one depends on how fast they come
    assert (end["status"], end["tokens"]["source"]) == ("completed", "provider")
    options: Any = {"include_usage": True}
    stream = await client.chat.completions.create(
        model="small", messages=HI, temperature=0, stream=True, stream_options=options
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == end["full_content"]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == end["tokens"]["prompt"]


async def test_a_long_chat_goes_on(person: Person) -> None:
    """The proxy does not say how large the window is; its refusals do."""
    async with person.socket(await person.conversation()) as socket:
        for number in range(5):
            start, end = await say(socket, f"{number}. {PARAGRAPH}", max_tokens=256)
            assert end["status"] == "completed", end["error"]
    assert start["context"]["window"] == 512
    assert start["context"]["dropped_messages"] > 0


async def test_refusals(client: AsyncOpenAI) -> None:
    long: Any = [{"role": "user", "content": PARAGRAPH * 10}]
    with pytest.raises(openai.BadRequestError) as too_long:
        await client.chat.completions.create(model="small", messages=long)
    assert too_long.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="embeddings"):
        await client.embeddings.create(model="small", input="one")
    with pytest.raises(openai.NotFoundError) as missing:
        await client.chat.completions.create(model="nowhere", messages=HI)
    assert missing.value.code == "model_not_found"
