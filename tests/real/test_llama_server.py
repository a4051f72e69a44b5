"""llama.cpp's own server behind ours, as an operator points at it: `USE_OPENAI=on` and its address
in `OPENAI_BASE_URL`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from openai import AsyncOpenAI

from tests.harness.place import Person, Place
from tests.harness.rest import ok
from tests.real.llama import LlamaServer
from tests.real.speaking import HI, REPLY_S, say

# One server of each kind for these tests: they share a worker.
pytestmark = pytest.mark.xdist_group("llama-server")
CLOCK: Any = {
    "type": "function",
    "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture
async def person(llama_place: Place) -> Person:
    return await llama_place.person()


@pytest.fixture
async def client(llama_place: Place, person: Person) -> AsyncIterator[AsyncOpenAI]:
    url = f"{llama_place.server.url}/v1"
    async with AsyncOpenAI(base_url=url, api_key=person.key, max_retries=0) as made:
        yield made


@pytest.fixture
async def complete(client: AsyncOpenAI) -> Callable[..., Any]:
    """`complete(…)` is the answer to "Hi" by the server's one model."""
    model = (await client.models.list()).data[0].id

    async def create(**more: Any) -> Any:
        more = {"model": model, "messages": HI, "temperature": 0, "max_tokens": 40, **more}
        return await client.chat.completions.create(**more)

    return create


async def test_doors_agree(
    person: Person, client: AsyncOpenAI, complete: Callable[..., Any]
) -> None:
    """One question by socket, by REST, and by `/v1`: the text, what was counted, and the window."""
    async with person.socket(await person.conversation()) as socket:
        _, end = await say(socket, "Hi")
    said = [delta["content_chunk"] for delta in socket.heard("delta")]
    assert len(said) > 2
    assert "".join(said) == end["full_content"]
    assert (end["status"], end["finish_reason"]) == ("completed", "stop")
    assert end["tokens"]["source"] == "provider"

    chat = await person.conversation()
    parameters = {"temperature": 0}
    result = ok(await person.rest.generate(chat, "Hi", model=None, parameters=parameters))
    assert result["message"]["content"] == end["full_content"]
    assert result["tokens"] == end["tokens"] | {"cached": result["tokens"].get("cached")}

    whole = await complete()
    assert whole.choices[0].message.content == end["full_content"]
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage.prompt_tokens == end["tokens"]["prompt"]
    assert whole.usage.completion_tokens == end["tokens"]["completion"]
    stream = await complete(stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == end["full_content"]
    assert chunks[-1].usage.completion_tokens == end["tokens"]["completion"]
    answer = await client.responses.create(model=whole.model, input="Hi", temperature=0)
    assert answer.output_text == end["full_content"]


async def test_stop_frees_the_server(person: Person, llama: LlamaServer) -> None:
    async with person.socket(await person.conversation()) as socket:
        await socket.ask("Tell me a very long story.", model=None)
        start = await socket.next("message_start", REPLY_S)
        await socket.next("delta", REPLY_S)
        assert await asyncio.to_thread(llama.busy)
        await socket.stop(start["id"])
        end = await socket.next("message_end", REPLY_S)
    assert end["status"] == "stopped"
    async with asyncio.timeout(10):
        while await asyncio.to_thread(llama.busy):
            await asyncio.sleep(0.05)
