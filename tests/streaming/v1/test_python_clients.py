"""The Python clients that people use, unchanged but for address and key, against a real server."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel

from tests.harness import WAIT_S
from tests.harness.place import Person, Place
from tests.scripted.ollama_scripts import REPLY, THOUGHTS
from tests.streaming.v1.client import HELLO

TEXT = "".join(REPLY)
Hello: Any = HELLO
CLOCK: Any = {
    "type": "function",
    "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}},
}


class City(BaseModel):
    city: str
    people: int


@pytest.fixture
async def person(place: Place) -> Person:
    for model in ("tool_loop", "tools_many", "form", "think", "error", "memory", "missing", "hang"):
        place.offer(model)
    return await place.person()


@pytest.fixture
async def client(place: Place, person: Person) -> AsyncIterator[AsyncOpenAI]:
    url = f"{place.server.url}/v1"
    async with AsyncOpenAI(base_url=url, api_key=person.key, max_retries=0) as made:
        yield made


async def test_create(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="normal", messages=Hello)
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == len(REPLY)


async def test_stream(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="normal", messages=Hello, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == TEXT
    assert chunks[-1].usage is not None


async def test_stream_helper(client: AsyncOpenAI) -> None:
    """It puts deltas together, and breaks on whatever is repeated or missing."""
    options: Any = {"include_usage": True}
    async with client.chat.completions.stream(
        model="tools_many", messages=Hello, tools=[CLOCK], stream_options=options
    ) as stream:
        kinds = [event.type async for event in stream]
        answer = await stream.get_final_completion()
    message = answer.choices[0].message
    assert message.role == "assistant"
    assert message.tool_calls is not None
    assert [call.function.name for call in message.tool_calls] == ["clock", "clock", "dice"]
    assert json.loads(message.tool_calls[1].function.arguments) == {"zone": "CET"}
    assert answer.usage is not None
    assert "tool_calls.function.arguments.done" in kinds


async def test_reasoning(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="think", messages=Hello)
    assert answer.choices[0].message.model_extra is not None
    assert answer.choices[0].message.model_extra["reasoning_content"] == "".join(THOUGHTS)


async def test_tools_to_the_end(client: AsyncOpenAI) -> None:
    """The model asks, the program answers, the model says it."""
    messages: Any = list(HELLO)
    answer = await client.chat.completions.create(
        model="tool_loop", messages=messages, tools=[CLOCK]
    )
    call = answer.choices[0].message.tool_calls[0]  # type: ignore[index]
    messages += [
        answer.choices[0].message,
        {"role": "tool", "tool_call_id": call.id, "content": "noon"},
    ]
    answer = await client.chat.completions.create(
        model="tool_loop", messages=messages, tools=[CLOCK]
    )
    assert answer.choices[0].message.content == "It is noon."


async def test_parse(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.parse(model="form", messages=Hello, response_format=City)
    assert answer.choices[0].message.parsed == City(city="Paris", people=2)


async def test_models_and_raw_response(client: AsyncOpenAI) -> None:
    listed = [model.id async for model in client.models.list()]
    assert "normal" in listed
    assert (await client.models.retrieve("normal")).owned_by == "ollama"
    raw = await client.chat.completions.with_raw_response.create(model="normal", messages=Hello)
    assert raw.headers["x-request-id"].startswith("req_")
    answer = raw.parse()
    assert answer._request_id == raw.headers["x-request-id"]


async def test_embeddings(client: AsyncOpenAI) -> None:
    """The client asks for base64 by itself, and unpacks it."""
    answer = await client.embeddings.create(model="embedder", input=["one", "three"])
    assert [item.embedding for item in answer.data] == [[3.0, 0.5], [5.0, 0.5]]


async def test_failure_in_the_middle(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="error", messages=Hello, stream=True)
    said = []

    async def read_on() -> None:
        async for chunk in stream:
            said.append(chunk.choices[0].delta.content)

    with pytest.raises(openai.APIError) as caught:
        await read_on()
    assert "".join(said) == "word0 word1 word2 "
    assert caught.value.code == "provider_failed"


@pytest.mark.parametrize("stream", [True, False])
async def test_early_failures(client: AsyncOpenAI, *, stream: bool) -> None:
    create: Any = client.chat.completions.create
    with pytest.raises(openai.NotFoundError) as missing:
        await create(model="missing", messages=HELLO, stream=stream)
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.InternalServerError) as failed:
        await create(model="memory", messages=HELLO, stream=stream)
    assert failed.value.status_code == 502
    with pytest.raises(openai.BadRequestError):
        await create(model="normal", messages=[], stream=stream)
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="wrong").models.list()


async def test_retries(place: Place, client: AsyncOpenAI) -> None:
    """What may pass is asked for again; what will not is not."""
    patient = client.with_options(max_retries=2)
    create: Any = patient.chat.completions.create
    with pytest.raises(openai.APIError):
        await create(model="memory", messages=HELLO)
    assert len(place.ollama.chats) == 3
    place.offer("signin")
    with pytest.raises(openai.APIError):
        await create(model="signin", messages=HELLO)
    assert len(place.ollama.chats) == 4


async def test_timeout(place: Place, client: AsyncOpenAI) -> None:
    """A client that gives up is gone, and so is its request."""
    create: Any = client.with_options(timeout=httpx.Timeout(30, read=2)).chat.completions.create
    with pytest.raises(openai.APITimeoutError):
        await create(model="hang", messages=HELLO)
    assert await (await place.ollama.chat()).wait_ended() == "client_gone"


async def test_responses(client: AsyncOpenAI) -> None:
    answer = await client.responses.create(model="normal", input="Hello there")
    assert answer.output_text == TEXT
    parsed = await client.responses.parse(model="form", input="Hello", text_format=City)
    assert parsed.output_parsed == City(city="Paris", people=2)


@pytest.mark.parametrize("model", ["normal", "think", "tools_many"])
async def test_responses_stream_helper(client: AsyncOpenAI, model: str) -> None:
    tools: Any = [{"type": "function", **CLOCK["function"], "strict": False}]
    async with client.responses.stream(model=model, input="Hello there", tools=tools) as stream:
        said = "".join(
            [event.delta async for event in stream if event.type == "response.output_text.delta"]
        )
        answer = await stream.get_final_response()
    assert answer.output_text == said
    if model == "tools_many":
        assert [item.type for item in answer.output] == ["function_call"] * 3
    else:
        assert said == TEXT


# --- LangChain -----------------------------------------------------------------------------------
# It takes a second to load: only a process that tests with it does.


def clock(zone: str) -> str:
    """Tells the time in a zone."""
    return f"noon in {zone}"


@pytest.fixture
async def connection() -> AsyncIterator[httpx.AsyncClient]:
    """LangChain would keep connections of its own, and leave them open."""
    async with httpx.AsyncClient(timeout=WAIT_S) as made:
        yield made


@pytest.fixture
def langchain(place: Place, person: Person, connection: httpx.AsyncClient) -> Any:
    from langchain_openai import ChatOpenAI

    def make(model: str, **more: Any) -> ChatOpenAI:
        key: Any = person.key
        base = f"{place.server.url}/v1"
        more = {"http_async_client": connection, "max_retries": 0, **more}
        return ChatOpenAI(model=model, base_url=base, api_key=key, **more)

    return make


async def test_langchain_says(langchain: Any) -> None:
    model = langchain("normal", stream_usage=True)
    answer = await model.ainvoke("Hello there")
    assert answer.content == TEXT
    assert answer.usage_metadata["output_tokens"] == len(REPLY)
    whole: Any = None
    async for chunk in model.astream("Hello there"):
        whole = chunk if whole is None else whole + chunk
    assert whole.content == TEXT
    assert whole.usage_metadata["output_tokens"] == len(REPLY)
    assert whole.response_metadata["finish_reason"] == "stop"


async def test_langchain_tools(langchain: Any) -> None:
    from langchain_core.tools import tool

    tells = tool(clock)
    model = langchain("tool_loop").bind_tools([tells])
    messages: list[Any] = [("user", "What time is it?")]
    asked: Any = None
    async for chunk in model.astream(messages):
        asked = chunk if asked is None else asked + chunk
    (call,) = asked.tool_calls
    assert (call["name"], call["args"]) == ("clock", {"zone": "UTC"})
    answer = await model.ainvoke([*messages, asked, tells.invoke(call)])
    assert answer.content == "It is noon in UTC."


async def test_langchain_structured(langchain: Any) -> None:
    for method in ("json_schema", "json_mode"):
        model = langchain("form").with_structured_output(City, method=method)
        assert await model.ainvoke("Hello") == City(city="Paris", people=2)


async def test_langchain_failures(langchain: Any) -> None:
    with pytest.raises(openai.APIError):
        _ = [chunk async for chunk in langchain("error").astream("Hello")]
    with pytest.raises(openai.NotFoundError):
        await langchain("missing").ainvoke("Hello")


async def test_langchain_embeddings(
    place: Place, person: Person, connection: httpx.AsyncClient
) -> None:
    from langchain_openai import OpenAIEmbeddings

    key: Any = person.key
    made = OpenAIEmbeddings(
        model="embedder",
        base_url=f"{place.server.url}/v1",
        api_key=key,
        check_embedding_ctx_length=False,
        http_async_client=connection,
    )
    assert await made.aembed_documents(["one", "three"]) == [[3.0, 0.5], [5.0, 0.5]]
