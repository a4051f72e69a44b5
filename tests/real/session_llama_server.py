"""llama.cpp's own server behind ours, as an operator points at it: `USE_OPENAI=on` and its address
in `OPENAI_BASE_URL`."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.harness.fold import Event
from tests.harness.place import Person, Place
from tests.harness.rest import ok
from tests.harness.sockets import Socket
from tests.real.conftest import Before
from tests.real.llama import LlamaServer
from tests.real.speaking import HI, PARAGRAPH, REPLY_S, say

# One server of each kind for these tests: they share a worker.
pytestmark = pytest.mark.xdist_group("llama-server")
# Of llama.cpp's poolings of a text's tokens into one vector.
MEAN = 1
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


async def begins(socket: Socket, content: str) -> Event:
    """Ask, and give the beginning of the reply, which is stopped at its first word: this model
    would go on for half a minute."""
    client_id = await socket.ask(content, model=None)
    start = await socket.next("message_start", REPLY_S, client_id=client_id)
    told = {"id": start["id"]}
    await socket.until(
        lambda: socket.heard("delta", **told) or socket.heard("message_end", **told),
        REPLY_S,
        "word of the reply",
    )
    await socket.stop(start["id"])
    end = await socket.next("message_end", REPLY_S, **told)
    assert end["status"] in ("stopped", "completed"), end["error"]
    # So small a model may also have nothing to say, and end at once.
    assert end["full_content"] or end["status"] == "completed"
    return start


async def test_doors_agree(
    person: Person, client: AsyncOpenAI, complete: Callable[..., Any]
) -> None:
    """One question by socket, by REST, and by `/v1`: the text, what was counted, and the window."""
    async with person.socket(await person.conversation()) as socket:
        start, end = await say(socket, "Hi")
    said = [delta["content_chunk"] for delta in socket.heard("delta")]
    assert len(said) > 2
    assert "".join(said) == end["full_content"]
    assert (end["status"], end["finish_reason"]) == ("completed", "stop")
    assert end["tokens"]["source"] == "provider"
    assert start["context"]["window"] == 1024

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


async def test_the_model(person: Person) -> None:
    """The window that the server has, of the 8,192 that the model was made for, and a name of a
    person's, where the server's is a path."""
    (model,) = ok(await person.rest.get("/v1/models"))["data"]
    assert model["contextLength"] == 1024
    assert model["displayLabel"] == "SmolLM2-135M-Instruct.Q4_1"


async def test_a_long_chat_goes_on(
    make_llama: Callable[..., LlamaServer], place_before: Before
) -> None:
    """Once the window is full, the history is fitted to it."""
    llama = make_llama(window=512)
    llama.start()
    async with place_before(llama.url) as place:
        person = await place.person()
        async with person.socket(await person.conversation()) as socket:
            for number in range(4):
                start = await begins(socket, f"{number}. {PARAGRAPH}")
        assert start["context"]["window"] == 512
        assert start["context"]["dropped_messages"] > 0


async def test_too_long(complete: Callable[..., Any]) -> None:
    """A program is told in words that it may look for."""
    with pytest.raises(openai.BadRequestError, match="maximum context length is 1024") as refused:
        await complete(messages=[{"role": "user", "content": PARAGRAPH * 10}])
    assert refused.value.code == "context_length_exceeded"


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


async def test_logprobs(complete: Callable[..., Any]) -> None:
    answer = await complete(logprobs=True, top_logprobs=2)
    content = answer.choices[0].logprobs.content
    assert "".join(item.token for item in content) == answer.choices[0].message.content
    assert {len(item.top_logprobs) for item in content} == {2}
    stream = await complete(logprobs=True, stream=True)
    chunks = [chunk async for chunk in stream]
    tokens = [
        item.token
        for chunk in chunks
        for choice in chunk.choices
        for item in (choice.logprobs.content if choice.logprobs else ())
    ]
    assert "".join(tokens) == answer.choices[0].message.content


async def test_json_schema(complete: Callable[..., Any]) -> None:
    city = {"type": "string", "enum": ["Paris", "Rome"]}
    schema = {"type": "object", "properties": {"city": city}, "required": ["city"]}
    form = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema}}
    answer = await complete(response_format=form)
    assert json.loads(answer.choices[0].message.content)["city"] in ("Paris", "Rome")
    form["json_schema"] = {"name": "city", "schema": {"$ref": "#/$defs/nowhere"}}
    with pytest.raises(openai.BadRequestError, match=r"cannot resolve \$ref #/\$defs/nowhere"):
        await complete(response_format=form)


async def test_tools_and_pictures(complete: Callable[..., Any]) -> None:
    """What the model's template has no place for, llama-server leaves out in silence; we say so."""
    with pytest.raises(openai.BadRequestError, match="does not support tools"):
        await complete(tools=[CLOCK])
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    with pytest.raises(openai.BadRequestError) as refused:
        await complete(messages=[{"role": "user", "content": [picture]}])
    assert refused.value.code == "model_cannot_see"


async def test_embeddings(
    client: AsyncOpenAI, make_llama: Callable[..., LlamaServer], place_before: Before
) -> None:
    model = (await client.models.list()).data[0].id
    with pytest.raises(openai.BadRequestError, match="embeddings"):
        await client.embeddings.create(model=model, input="one")
    llama = make_llama(window=512, embedding=True, pooling_type=MEAN)
    llama.start()
    async with place_before(llama.url) as place:
        person = await place.person()
        body = {"model": model, "input": ["one", "three"]}
        answer = ok(await person.rest.post("/v1/embeddings", body))
    assert [len(item["embedding"]) for item in answer["data"]] == [576, 576]
    assert answer["usage"]["prompt_tokens"] == 2


@pytest.mark.parametrize("template", ["gemma", "mistral"])
async def test_a_template_that_insists_on_turns(
    template: str, make_llama: Callable[..., LlamaServer], place_before: Before
) -> None:
    """A chat goes on after a reply that was stopped before its first token."""
    llama = make_llama(template=template)
    llama.start()
    async with place_before(llama.url) as place:
        person = await place.person()
        async with person.socket(await person.conversation()) as socket:
            await begins(socket, "Hello")
            llama.pause()
            await socket.ask("What is new?", model=None)
            start = await socket.next("message_start", REPLY_S)
            await socket.stop(start["id"])
            end = await socket.next("message_end", REPLY_S, id=start["id"])
            llama.resume()
            assert (end["status"], end["full_content"]) == ("stopped", "")
            await begins(socket, "Hi")
            await begins(socket, "And?")


async def test_a_server_that_is_loading_is_waited_for(
    make_llama: Callable[..., LlamaServer], place_before: Before
) -> None:
    """At its first start, when its models are not known yet, and at a later one."""
    llama = make_llama()
    async with place_before(llama.url) as place:
        person = await place.person()
        async with person.socket(await person.conversation()) as socket:
            with llama.loading():
                answer = asyncio.create_task(begins(socket, "Hi"))
                assert not (await asyncio.wait([answer], timeout=1))[0]
            await answer
            llama.stop()
            with llama.loading():
                answer = asyncio.create_task(begins(socket, "Hi"))
                await socket.until(
                    lambda: socket.heard("status", phase="loading"), REPLY_S, "phase loading"
                )
            await answer
