"""The embedded model, for real: its child process, what it generates, and how it ends."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.errors import ContextTooLong, ModelNotFound
from providers.local_fetch import model_path
from providers.local_model import LocalModel, LocalModelError, fetch
from providers.local_server import CONTEXT, SLOTS
from providers.ollama import OllamaProvider
from providers.types import ChatMessage, ChatRequest

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "var" / "models"
MODEL = "smollm2:135m"
# One engine at a time: two on one machine take each other's cores.
pytestmark = pytest.mark.xdist_group("local-model")
# At 150 to 250 tokens a second this keeps a slot for five seconds and more before it answers.
SLOW_TO_READ = " ".join(f"thing{number} or" for number in range(300))


@pytest.fixture(scope="module")
def models() -> Path:
    fetch(MODELS, print)
    return MODELS


@pytest.fixture(scope="module")
def url(models: Path) -> Iterator[str]:
    model = LocalModel(models)
    yield asyncio.run(model.start())
    asyncio.run(model.stop())


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        yield client


def chat(content: str, *, stream: bool = True, **options: Any) -> dict[str, Any]:
    return {
        "model": MODEL,
        "stream": stream,
        "messages": [{"role": "user", "content": content}],
        "options": options,
    }


async def lines(client: httpx.AsyncClient, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    async with client.stream("POST", "/api/chat", json=body) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/x-ndjson"
        async for line in response.aiter_lines():
            yield json.loads(line)


async def answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(url)).text == "Ollama is running"
        except httpx.TransportError:
            return False


async def gone(url: str) -> bool:
    for _ in range(100):
        if not await answers(url):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_says_what_it_is(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).text == "Ollama is running"
    assert "version" in (await client.get("/api/version")).json()
    [entry] = (await client.get("/api/tags")).json()["models"]
    assert entry["name"] == entry["model"] == MODEL
    assert entry["details"]["parameter_size"] == "135M"
    assert entry["details"]["quantization_level"] == "Q4_1"
    assert entry["capabilities"] == ["completion"]
    [loaded] = (await client.get("/api/ps")).json()["models"]
    assert loaded["context_length"] == CONTEXT
    shown = (await client.post("/api/show", json={"model": MODEL})).json()
    assert shown["model_info"]["llama.context_length"] == CONTEXT
    assert shown["capabilities"] == ["completion"]
    assert "<|im_start|>" in shown["template"]


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"", 400, "missing request body"),
        (b"{", 400, "not valid JSON"),
        (b"[" * 100_000, 400, "not valid JSON"),
        (b"[]", 400, "must be a JSON object"),
        ({}, 400, "model is required"),
        ({"model": "llama3.2"}, 404, "model 'llama3.2' not found"),
        ({"messages": "hello"}, 400, "must be an array"),
        ({"messages": [{"role": "king", "content": "x"}]}, 400, "invalid role: king"),
        ({"messages": [{"role": "user", "content": 7}]}, 400, "content must be a string"),
        ({"messages": [{"role": "user", "images": ["aGk="]}]}, 400, "does not support images"),
        ({**chat("x"), "think": True}, 400, "does not support thinking"),
        ({**chat("x"), "tools": [{}]}, 400, "does not support tools"),
        ({**chat("x"), "format": "json"}, 400, "does not support format"),
        ({**chat("x"), "options": []}, 400, "options must be an object"),
        (chat("x", temperature="hot"), 400, 'option "temperature" must be of type float32'),
        (chat("x", num_predict=1.5), 400, 'option "num_predict" must be of type integer'),
        (chat("x", stop=7), 400, 'option "stop" must be of type array'),
        (chat("too long " * CONTEXT), 400, "longer than the context length"),
    ],
)
async def test_refuses_with_a_sentence(
    client: httpx.AsyncClient, body: Any, status: int, text: str
) -> None:
    if isinstance(body, dict) and "messages" in body:
        body.setdefault("model", MODEL)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = await client.post("/api/chat", content=content)
    assert response.status_code == status
    assert text in response.json()["error"]


async def test_streams_a_token_a_line_and_counts_them(client: httpx.AsyncClient) -> None:
    arrived: list[float] = []
    got: list[dict[str, Any]] = []
    body = chat("Tell me about the sea.", num_predict=120, temperature=0.0)
    async for line in lines(client, body):
        arrived.append(time.monotonic())
        got.append(line)
    *pieces, last = got
    text = "".join(piece["message"]["content"] for piece in pieces)
    assert len(text) > 40
    assert len(pieces) > 20
    assert not any(piece["done"] for piece in pieces)
    assert arrived[-1] - arrived[0] > 0.1, "all of it came at once"
    assert last["done"] is True
    assert last["done_reason"] == "length"
    assert last["eval_count"] == 120
    assert last["prompt_eval_count"] > 10
    times = [last[f"{what}_duration"] for what in ("prompt_eval", "eval", "total")]
    assert 0 < times[0] + times[1] <= times[2]

    whole = (await client.post("/api/chat", json={**body, "stream": False})).json()
    assert whole["message"] == {"role": "assistant", "content": text}
    assert (whole["done_reason"], whole["eval_count"]) == ("length", 120)


async def test_stops_by_itself_and_at_a_stop_word(client: httpx.AsyncClient) -> None:
    by_itself = chat("Hi", stream=False, temperature=0.0)
    reply = (await client.post("/api/chat", json=by_itself)).json()
    assert reply["done_reason"] == "stop"
    assert "<|im_end|>" not in reply["message"]["content"]
    at_a_word = chat("Count from one to ten.", stream=False, temperature=0.0, stop=["e"])
    reply = (await client.post("/api/chat", json=at_a_word)).json()
    assert reply["done_reason"] == "stop"
    assert "e" not in reply["message"]["content"]


async def test_one_seed_one_text(client: httpx.AsyncClient) -> None:
    body = chat("Invent a name.", stream=False, seed=7, num_predict=12, temperature=1.0)
    texts = {
        (await client.post("/api/chat", json=body)).json()["message"]["content"] for _ in range(2)
    }
    assert len(texts) == 1


async def test_no_messages_only_load(client: httpx.AsyncClient) -> None:
    reply = (await client.post("/api/chat", json={"model": MODEL})).json()
    assert (reply["done"], reply["done_reason"]) == (True, "load")


async def test_several_at_once_and_the_others_in_line(client: httpx.AsyncClient) -> None:
    spans: list[tuple[float, float]] = []

    async def one() -> None:
        began = 0.0
        async for _ in lines(client, chat("Tell me a story.", num_predict=15)):
            began = began or time.monotonic()
        spans.append((began, time.monotonic()))

    await asyncio.gather(*(one() for _ in range(SLOTS + 2)))
    spans.sort()
    first_end = min(end for _, end in spans)
    assert spans[1][0] < first_end, "the second one waited for the first"
    # An end and the beginning after it may be read in one turn of the loop, in either order.
    assert spans[SLOTS][0] >= first_end - 0.1, "more ran at once than there are slots"


async def test_who_goes_away_frees_the_engine(client: httpx.AsyncClient) -> None:
    """While the prompt is read as well as while it writes, streamed or not."""
    slow = [
        asyncio.create_task(client.post("/api/chat", json=chat(f"{n} {SLOW_TO_READ}", stream=s)))
        for n, s in enumerate((True, False))
    ]
    async with aclosing(lines(client, chat("Tell me a long story."))) as writing:
        queued = asyncio.create_task(anext(writing))  # behind those two
        await asyncio.sleep(0.3)
        assert not queued.done()
        began = time.monotonic()
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        assert not (await queued)["done"]
        # Reading both to their ends would have taken ten to twenty seconds.
        assert time.monotonic() - began < 5
    began = time.monotonic()
    await asyncio.gather(
        *(client.post("/api/chat", json=chat("Hi", num_predict=1)) for _ in range(SLOTS))
    )
    assert time.monotonic() - began < 5


async def test_through_the_ollama_provider(url: str) -> None:
    provider = OllamaProvider(url, name="local")
    try:
        await provider.health()
        [model] = await provider.list_models()
        assert (model.name, model.parameter_size) == (MODEL, "135M")
        assert model.context_length == CONTEXT
        assert await provider.window(MODEL) == CONTEXT
        question = (ChatMessage("user", "Name three colours."),)
        request = ChatRequest(MODEL, question, temperature=0.0, max_tokens=16, window=CONTEXT)
        chunks = [chunk async for chunk in provider.stream_chat(request)]
        assert len("".join(chunk.content for chunk in chunks)) > 5
        finish = chunks[-1].finish
        assert finish is not None
        assert finish.usage is not None
        assert 0 < finish.usage.completion_tokens <= 16
        too_long = ChatRequest(MODEL, (ChatMessage("user", "long " * 2 * CONTEXT),))
        with pytest.raises(ContextTooLong):
            await anext(provider.stream_chat(too_long))
        with pytest.raises(ModelNotFound):
            await anext(provider.stream_chat(ChatRequest("llama3.2", question)))
    finally:
        await provider.aclose()


async def test_starts_share_one_child_which_is_started_again_when_it_dies(models: Path) -> None:
    model = LocalModel(models)
    try:
        urls = await asyncio.gather(*(model.start() for _ in range(5)))
        assert len(set(urls)) == 1
        child = model._child
        assert child is not None
        child._process.kill()
        child._process.wait()
        assert not await answers(urls[0])
        assert await model.start() == urls[0], "a new child keeps the port"
        assert model._child is not child
        assert await answers(urls[0])
    finally:
        await model.stop()
    assert not await answers(urls[0])
    await model.stop()  # twice does no harm


async def test_a_cancelled_start_leaves_nothing_behind(models: Path) -> None:
    model = LocalModel(models)
    starting = asyncio.create_task(model.start())
    joining = asyncio.create_task(model.start())
    await asyncio.sleep(0.05)
    child = model._child
    assert child is not None
    starting.cancel()
    assert await answers(await joining), "cancelling one start took the other one along"

    await model.stop()
    assert not child.alive()

    hasty = asyncio.create_task(model.start())
    await asyncio.sleep(0.05)
    child = model._child
    assert child is not None
    await model.stop()
    assert not child.alive()
    with pytest.raises(LocalModelError):
        await hasty


async def test_a_model_that_cannot_be_started_says_so(models: Path, tmp_path: Path) -> None:
    with pytest.raises(LocalModelError, match="not been fetched"):
        await LocalModel(tmp_path).start()
    model_path(tmp_path).write_bytes(model_path(models).read_bytes()[:100_000])
    with pytest.raises(LocalModelError, match="could not be started"):
        await LocalModel(tmp_path).start()


async def test_goes_with_its_parent(models: Path) -> None:
    code = (
        "import asyncio, pathlib, time; from providers.local_model import LocalModel\n"
        f"print(asyncio.run(LocalModel(pathlib.Path({str(models)!r})).start()), flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().decode().strip()
        assert await answers(url)
        parent.kill()
    assert await gone(url)


def test_the_child_knows_no_django() -> None:
    code = (
        "import sys, providers.local_model, providers.local_server; print('django' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"False\n"
