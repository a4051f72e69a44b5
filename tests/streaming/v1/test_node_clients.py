"""The clients for Node that people use, unchanged but for address and key, against a real server.

Their programs are in `tests/clients`, a package of its own.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness.place import Place
from tests.scripted.ollama_scripts import REPLY, THOUGHTS

CLIENTS = Path(__file__).parents[2] / "clients"
NODE = Path(sys.executable).parent / "node"
TEXT = "".join(REPLY)
MODELS = ("tools_many", "tool_loop", "form", "think", "error", "missing", "stall:after=3")
CITY = {"city": "Paris", "people": 2}

Run = Callable[..., Awaitable[Any]]


@pytest.fixture
async def run(place: Place) -> Run:
    """`run(program, scenario)` is what the program prints."""
    assert (CLIENTS / "node_modules").exists(), "`make test` installs them: npm ci in tests/clients"
    person = await place.person()
    for model in MODELS:
        place.offer(model)
    environment = {
        **os.environ,
        "OPENAI_BASE_URL": f"{place.server.url}/v1",
        "OPENAI_API_KEY": person.key,
        "NO_COLOR": "1",
        "AI_SDK_LOG_WARNINGS": "false",
    }

    async def run_program(program: str, *arguments: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            *(str(NODE), program, *arguments),
            cwd=CLIENTS,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await process.communicate()
        assert process.returncode == 0, complained.decode()
        return json.loads(said)

    return run_program


# --- openai --------------------------------------------------------------------------------------


async def test_openai(run: Run) -> None:
    answer = await run("openai.mjs", "create")
    assert (answer["text"], answer["reason"]) == (TEXT, "stop")
    assert answer["usage"]["completion_tokens"] == len(REPLY)


async def test_openai_stream_helper(run: Run) -> None:
    answer = await run("openai.mjs", "stream")
    assert answer["deltas"] == answer["text"] == TEXT
    assert answer["reason"] == "stop"
    assert answer["usage"]["completion_tokens"] == len(REPLY)


async def test_openai_tools(run: Run) -> None:
    calls = await run("openai.mjs", "tools")
    assert [json.loads(call["arguments"]) for call in calls] == [
        {"zone": "UTC"},
        {"zone": "CET"},
        {},
    ]
    assert await run("openai.mjs", "runTools") == "It is noon in UTC."


async def test_openai_parse_models_embeddings(run: Run) -> None:
    assert await run("openai.mjs", "parse") == CITY
    models = await run("openai.mjs", "models")
    assert "normal" in models["found"]
    assert models["one"] == "normal"
    assert models["id"].startswith("req_")
    assert await run("openai.mjs", "embeddings") == [[3, 0.5], [5, 0.5]]


async def test_openai_responses(run: Run) -> None:
    assert await run("openai.mjs", "responses") == TEXT
    whole, summarised = await run("openai.mjs", "reasoning")
    thoughts = "".join(THOUGHTS)
    assert (whole["text"], summarised["text"]) == (TEXT, TEXT)
    assert whole["content"] == [{"type": "reasoning_text", "text": thoughts}]
    assert summarised["summary"] == [{"type": "summary_text", "text": thoughts}]


async def test_openai_completions(run: Run) -> None:
    assert await run("openai.mjs", "completions") == [TEXT, TEXT]


async def test_openai_failures(run: Run) -> None:
    assert await run("openai.mjs", "earlyFailure") == {
        "kind": "NotFoundError",
        "status": 404,
        "code": "model_not_found",
    }
    assert await run("openai.mjs", "middleFailure") == {
        "text": "word0 word1 word2 ",
        "kind": "APIError",
        "code": "provider_failed",
    }


async def test_openai_leaves(run: Run, place: Place) -> None:
    assert await run("openai.mjs", "abort") == "word0 word1 word2 "
    assert await (await place.ollama.chat()).wait_ended() == "client_gone"


# --- Vercel's AI SDK --------------------------------------------------------------------------

PACKAGES = ("compatible", "responses", "chat")


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_ai_sdk(run: Run, package: str) -> None:
    wanted = {"text": TEXT, "reason": "stop", "tokens": len(REPLY)}
    assert await run("ai-sdk.mjs", "generate", package) == wanted
    assert await run("ai-sdk.mjs", "stream", package) == wanted


async def test_ai_sdk_tools(run: Run, package: str) -> None:
    """Two steps, the second with the answer of the first."""
    assert await run("ai-sdk.mjs", "tools", package) == "It is noon in UTC."


async def test_ai_sdk_object(run: Run, package: str) -> None:
    assert await run("ai-sdk.mjs", "object", package) == CITY


async def test_ai_sdk_reasoning(run: Run) -> None:
    answer = await run("ai-sdk.mjs", "reasoning", "compatible")
    assert answer == {"reasoning": "".join(THOUGHTS), "text": TEXT}


@pytest.mark.parametrize("package", ["compatible", "chat"])
async def test_ai_sdk_embeddings(run: Run, package: str) -> None:
    assert await run("ai-sdk.mjs", "embeddings", package) == [[3, 0.5], [5, 0.5]]


async def test_ai_sdk_failures(run: Run, package: str) -> None:
    early = await run("ai-sdk.mjs", "earlyFailure", package)
    assert early["status"] == 404
    assert early["message"].startswith("Model not found")
    middle = await run("ai-sdk.mjs", "middleFailure", package)
    assert middle["text"] == "word0 word1 word2 "
    assert "error" in middle["kinds"]
    assert middle["reason"] == "error"


async def test_ai_sdk_leaves(run: Run, place: Place, package: str) -> None:
    await run("ai-sdk.mjs", "abort", package)
    assert await (await place.ollama.chat()).wait_ended() == "client_gone"
