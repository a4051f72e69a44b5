"""The scripted servers are such as the official clients accept: they cannot drift into a fiction.

The same conversations run against the embedded model's server in its own tests.
"""

import asyncio
import json
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import ollama as ollama_library
import openai as openai_library
import pytest

from tests.harness import WAIT_S
from tests.providers.replies import REPLY_TEXT
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.openai import ScriptedOpenAI
from tests.scripted.server import in_thread, parse_scenario

_HELLO = [{"role": "user", "content": "Hello there"}]


@pytest.fixture
async def ollama_client(
    ollama_server: ScriptedOllama,
) -> AsyncIterator[ollama_library.AsyncClient]:
    client = ollama_library.AsyncClient(ollama_server.url, verify=False, trust_env=False)
    yield client
    await client.close()


@pytest.fixture
async def openai_client(
    openai_server: ScriptedOpenAI,
) -> AsyncIterator[openai_library.AsyncOpenAI]:
    async with openai_library.AsyncOpenAI(
        api_key="sk-1", base_url=f"{openai_server.url}/v1", max_retries=0
    ) as client:
        yield client


async def test_ollama_client_streams(ollama_client: ollama_library.AsyncClient) -> None:
    stream = await ollama_client.chat("normal", _HELLO, stream=True)
    parts = [part async for part in stream]
    assert "".join(part.message.content or "" for part in parts) == REPLY_TEXT
    assert (parts[-1].done, parts[-1].done_reason, parts[-1].eval_count) == (True, "stop", 6)
    assert parts[-1].prompt_eval_count == 3


async def test_ollama_client_without_a_stream(ollama_client: ollama_library.AsyncClient) -> None:
    whole = await ollama_client.chat("think", _HELLO)
    assert (whole.message.content, whole.message.thinking) == (REPLY_TEXT, "Let me think.")


@pytest.mark.parametrize("model", ["tools", "tools_done"])
async def test_ollama_client_reads_tool_calls(
    ollama_client: ollama_library.AsyncClient, model: str
) -> None:
    stream = await ollama_client.chat(model, _HELLO, stream=True)
    calls = [call async for part in stream for call in part.message.tool_calls or ()]
    assert [call.function.arguments for call in calls] == [{"zone": "UTC"}]


async def test_ollama_client_reads_logprobs(ollama_client: ollama_library.AsyncClient) -> None:
    stream = await ollama_client.chat("logprobs", _HELLO, stream=True)
    found = [part.logprobs async for part in stream if part.logprobs]
    assert found[0][0].token == "Hello"


@pytest.mark.parametrize(("model", "status"), [("missing", 404), ("busy", 503), ("error", -1)])
async def test_ollama_client_raises_its_error(
    ollama_client: ollama_library.AsyncClient, model: str, status: int
) -> None:
    with pytest.raises(ollama_library.ResponseError) as failure:
        async for _ in await ollama_client.chat(model, _HELLO, stream=True):
            pass
    assert failure.value.status_code == status


async def test_ollama_client_lists_shows_and_pulls(
    ollama_client: ollama_library.AsyncClient, ollama_server: ScriptedOllama
) -> None:
    ollama_server.loaded["llama3.2:latest"] = 4096
    assert (await ollama_client.list()).models[0].model == "llama3.2:latest"
    assert (await ollama_client.show("llama3.2")).capabilities == ["completion"]
    assert (await ollama_client.ps()).models[0].context_length == 4096
    statuses = [part.status async for part in await ollama_client.pull("m", stream=True)]
    assert statuses[-1] == "success"
    with pytest.raises(ollama_library.ResponseError, match="does not exist"):
        _ = [part async for part in await ollama_client.pull("missing", stream=True)]


async def test_openai_client_streams(openai_client: openai_library.AsyncOpenAI) -> None:
    stream = await openai_client.chat.completions.create(
        model="normal", messages=_HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    said = [c.choices[0].delta.content for c in chunks if c.choices]
    assert "".join(text or "" for text in said) == REPLY_TEXT
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 6


async def test_openai_client_raises_its_errors(
    openai_client: openai_library.AsyncOpenAI,
) -> None:
    with pytest.raises(openai_library.NotFoundError):
        await openai_client.chat.completions.create(model="missing", messages=_HELLO, stream=True)
    with pytest.raises(openai_library.APIError, match="failed"):
        async for _ in await openai_client.chat.completions.create(
            model="error", messages=_HELLO, stream=True
        ):
            pass


async def test_openai_client_lists(openai_client: openai_library.AsyncOpenAI) -> None:
    assert [model.id async for model in openai_client.models.list()] == ["normal", "reasoning"]


def test_scenario_names() -> None:
    assert parse_scenario("paced:n=5,gap=0.02") == ("paced", {"n": "5", "gap": "0.02"})
    assert parse_scenario("normal:latest") == ("normal", {})


def test_server_in_a_thread_for_tests_without_a_loop() -> None:
    """Told and asked over HTTP, as from another process."""
    with in_thread(ScriptedOllama("gate")) as server:
        server.gate("a").release(2)
        _post(f"{server.url}/_test/release?gate=a&n=all", {})
        body = _post(f"{server.url}/api/chat", {"model": "gate:n=3", "messages": _HELLO})
        assert len(body.splitlines()) == 4
        exchanges = json.loads(_post(f"{server.url}/_test/exchanges", {}))
    assert [(e["path"], e["sent"], e["ended"]) for e in exchanges] == [("/api/chat", 3, "complete")]


@pytest.mark.parametrize("module", ["ollama", "openai"])
async def test_server_by_hand(module: str) -> None:
    """`python -m tests.scripted.…` prints its address and serves."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.scripted.{module}", "--port", "0"),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    path = "/api/tags" if module == "ollama" else "/v1/models"
    assert "normal" in await asyncio.to_thread(_get, url + path)
    process.terminate()
    await process.wait()


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=WAIT_S) as response:
        return str(response.read().decode())


def _post(url: str, data: object) -> str:
    request = urllib.request.Request(url, json.dumps(data).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=WAIT_S) as response:
        return str(response.read().decode())
