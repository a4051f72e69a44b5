"""LiteLLM's client, unchanged but for address and key."""

import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness.place import Place
from tests.scripted.ollama_scripts import REPLY
from tests.streaming.v1.client import HELLO

# Its own models, which it looks at in a way that pydantic will drop.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Accessing the 'model_(computed_)?fields':pydantic.warnings.PydanticDeprecatedSince211"
)
TEXT = "".join(REPLY)
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}


@pytest.fixture(scope="module")
def litellm() -> Any:
    """The module. It takes seconds to load: only a process that tests with it does."""
    # Else it fetches a list of prices when it is imported.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    return litellm


@pytest.fixture
async def ask(place: Place, litellm: Any) -> AsyncIterator[Any]:
    person = await place.person()

    async def completion(model: str, **more: Any) -> Any:
        place.offer(model)
        base = {"api_base": f"{place.server.url}/v1", "api_key": person.key, "num_retries": 0}
        return await litellm.acompletion(f"openai/{model}", messages=HELLO, **base, **more)

    yield completion
    await litellm.close_litellm_async_clients()


async def test_whole(ask: Any) -> None:
    answer = await ask("normal")
    assert answer.choices[0].message.content == TEXT
    assert answer.usage.completion_tokens == len(REPLY)


async def test_stream(ask: Any, litellm: Any) -> None:
    options = {"include_usage": True}
    chunks = [chunk async for chunk in await ask("normal", stream=True, stream_options=options)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT
    rebuilt: Any = litellm.stream_chunk_builder(chunks)
    assert rebuilt.choices[0].finish_reason == "stop"
    assert rebuilt.usage.completion_tokens == len(REPLY)


async def test_tools(ask: Any, litellm: Any) -> None:
    chunks = [chunk async for chunk in await ask("tools_many", stream=True, tools=[CLOCK])]
    rebuilt: Any = litellm.stream_chunk_builder(chunks)
    calls = rebuilt.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments) for call in calls] == [
        {"zone": "UTC"},
        {"zone": "CET"},
        {},
    ]
    assert rebuilt.choices[0].finish_reason == "tool_calls"


async def test_failures(ask: Any, litellm: Any) -> None:
    with pytest.raises(litellm.NotFoundError):
        await ask("missing")
    with pytest.raises(litellm.BadGatewayError):
        await ask("memory")
    stream = await ask("error", stream=True)
    with pytest.raises(litellm.exceptions.MidStreamFallbackError, match="stopped with an error"):
        _ = [chunk async for chunk in stream]
