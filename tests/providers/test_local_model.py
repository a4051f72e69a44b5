"""The embedded model, for real: its child process, what it generates, and how it ends."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from providers.config import LocalSettings
from providers.errors import ContextTooLong, ModelNotFound, NotSupported
from providers.local import LocalProvider
from providers.local_fetch import LocalModelError, fetch, model_path
from providers.local_model import LocalModel
from providers.local_server import CONTEXT, MODEL, SLOTS
from tests.harness import WAIT_S
from tests.providers.replies import Reply, ask, request

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "var" / "models"
# One engine at a time: two on one machine take each other's cores.
pytestmark = pytest.mark.xdist_group("local-model")
# At 150 to 250 tokens a second this keeps a slot for five seconds and more before it answers.
SLOW_TO_READ = " ".join(f"thing{number} or" for number in range(300))


@pytest.fixture(scope="module")
def models() -> Path:
    fetch(MODELS, print)
    return MODELS


@pytest.fixture
async def local(models: Path) -> AsyncIterator[LocalProvider]:
    provider = LocalProvider(LocalSettings(directory=models))
    yield provider
    await provider.aclose()


async def answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as client:
        try:
            return (await client.get(f"{url}/health")).json() == {"status": "ok"}
        except httpx.TransportError:
            return False


async def gone(url: str) -> bool:
    for _ in range(100):
        if not await answers(url):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_says_what_it_is(local: LocalProvider) -> None:
    """What is listed is what the running server says."""
    [model] = await local.list_models()
    assert (model.name, model.parameter_size, model.quantization_level) == (MODEL, "135M", "Q4_1")
    assert model.window == await local.window(MODEL) == CONTEXT
    assert local.notice is not None
    await local.health()
    assert local._server is not None
    [served] = await local._server.list_models()
    assert (served.name, served.context_length) == (MODEL, model.context_length)
    assert await local._server.window(MODEL) == CONTEXT


async def test_streams_and_counts(local: LocalProvider) -> None:
    sampling = {"temperature": 0.0, "max_tokens": 120}
    reply = await ask(local, MODEL, "Tell me about the sea.", **sampling)
    pieces = [chunk for chunk in reply.chunks if chunk.content]
    assert len(reply.content) > 40
    assert len(pieces) > 20
    assert reply.finish.reason == "length"
    usage = reply.finish.usage
    assert usage is not None
    assert (usage.completion_tokens, usage.prompt_tokens > 10) == (120, True)
    again = await ask(local, MODEL, "Tell me about the sea.", **sampling)
    assert again.content == reply.content
    assert again.finish.usage is not None
    assert again.finish.usage.cached_tokens > 0


async def test_stops_by_itself_and_at_a_stop_word(local: LocalProvider) -> None:
    reply = await ask(local, MODEL, "Hi", temperature=0.0)
    assert reply.finish.reason == "stop"
    assert "<|im_end|>" not in reply.content
    reply = await ask(local, MODEL, "Count from one to ten.", temperature=0.0, stop=("e",))
    assert reply.finish.reason == "stop"
    assert "e" not in reply.content


async def test_refuses_with_an_error(local: LocalProvider) -> None:
    reply = await ask(local, MODEL, "long " * 2 * CONTEXT)
    assert isinstance(reply.error, ContextTooLong)
    assert reply.error.window == CONTEXT
    assert (reply.error.prompt_tokens or 0) > CONTEXT
    assert isinstance((await ask(local, "llama3.2")).error, ModelNotFound)
    with pytest.raises(NotSupported):
        await local.embed(MODEL, ["one"])


async def test_several_at_once_and_the_others_in_line(local: LocalProvider) -> None:
    spans: list[tuple[float, float]] = []

    async def one() -> None:
        began = 0.0
        asked = request(MODEL, "Tell me a story.", max_tokens=15)
        async with aclosing(local.stream_chat(asked)) as chunks:
            async for chunk in chunks:
                if chunk.content:
                    began = began or time.monotonic()
        spans.append((began, time.monotonic()))

    await local.warm_up()
    await asyncio.gather(*(one() for _ in range(SLOTS + 2)))
    spans.sort()
    first_end = min(end for _, end in spans)
    assert spans[1][0] < first_end, "the second one waited for the first"
    # An end and the beginning after it may be read in one turn of the loop, in either order.
    assert spans[SLOTS][0] >= first_end - 0.1, "more ran at once than there are slots"


async def test_stop_frees_the_slot(local: LocalProvider) -> None:
    """While the prompt is read, of those who wait, and while the model writes."""
    await local.warm_up()
    slow = [
        asyncio.create_task(ask(local, MODEL, f"{number} {SLOW_TO_READ}"))
        for number in range(SLOTS)
    ]
    asked = request(MODEL, "Tell me a long story.")
    async with aclosing(local.stream_chat(asked)) as writing:
        queued = asyncio.create_task(_first_text(writing))  # behind those two
        await asyncio.sleep(0.3)
        assert not queued.done()
        before = worked(local)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        await queued
        # Reading both to their ends would have taken two to four times as much.
        assert worked(local) - before < 10
    before = worked(local)
    replies: list[Reply] = await asyncio.gather(
        *(ask(local, MODEL, "Hi", max_tokens=1) for _ in range(SLOTS))
    )
    assert worked(local) - before < 10
    assert all(reply.finish for reply in replies)


def worked(local: LocalProvider) -> float:
    """How long the model's process has used a processor, in seconds: unlike the time of the clock,
    it does not depend on what else the machine does."""
    child = local._model._child
    assert child is not None
    fields = Path(f"/proc/{child._process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _first_text(chunks: AsyncIterator[object]) -> None:
    async for chunk in chunks:
        if getattr(chunk, "content", ""):
            return


async def test_a_dead_child_is_replaced(local: LocalProvider) -> None:
    """The next request starts another and goes to it."""
    assert (await ask(local, MODEL, "Hi", max_tokens=2)).finish
    child = local._model._child
    assert child is not None
    child._process.kill()
    child._process.wait()
    assert (await ask(local, MODEL, "Hi", max_tokens=2)).finish
    assert local._model._child is not child


async def test_starts_share_one_child_which_is_started_again_when_it_dies(models: Path) -> None:
    model = LocalModel(models)
    try:
        addresses = await asyncio.gather(*(model.start() for _ in range(5)))
        assert len(set(addresses)) == 1
        url = addresses[0].url
        child = model._child
        assert child is not None
        child._process.kill()
        child._process.wait()
        assert not await answers(url)
        url = (await model.start()).url
        assert model._child is not child
        assert await answers(url)
    finally:
        await model.stop()
    assert not await answers(url)
    await model.stop()  # twice does no harm


async def test_a_cancelled_start_leaves_nothing_behind(models: Path) -> None:
    model = LocalModel(models)
    starting = asyncio.create_task(model.start())
    joining = asyncio.create_task(model.start())
    await asyncio.sleep(0.05)
    child = model._child
    assert child is not None
    starting.cancel()
    assert await answers((await joining).url), "cancelling one start took the other one along"

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
        f"print(asyncio.run(LocalModel(pathlib.Path({str(models)!r})).start()).url, flush=True)\n"
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
