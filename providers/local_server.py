"""The child process of the embedded model: the Ollama protocol in front of a llama.cpp engine.

The engine (`xllamacpp`: llama.cpp's own server, in this process) does the work; it listens on a
port and with a key that only this process knows. This front translates (`local_dialect`) and lets
in as many requests as the engine has slots; the others wait in line without a byte sent, as in
Ollama.

Imports nothing of Django, so that it starts fast.
"""

import argparse
import asyncio
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from providers.local_dialect import (
    MODEL,
    Json,
    Refusal,
    check_model,
    done_line,
    line,
    now,
    reason_of,
    refusal_of,
    text_of,
    to_engine,
)
from providers.local_fetch import MODEL_SHA256

CONTEXT = 2048  # tokens for each request; one slow core reads 1,000 of them in about 7 s
SLOTS = 2
_BATCH = 32  # tokens read between two looks at whether the caller is still there (about 0.2 s)
_MAX_THREADS = 4  # more do not make so small a model faster
_CACHE_MIB = 256  # of prompts already read, so that the next turn of a conversation starts at once
_MAX_BODY = 16 * 1024 * 1024


@dataclass(frozen=True)
class Engine:
    """A loaded model. It ends when `server` is let go."""

    server: Any
    url: str
    key: str


def load(path: Path) -> Engine:
    """Load the weights (about 0.5 s). Raises `RuntimeError` when the engine cannot."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT * SLOTS
    params.n_parallel = SLOTS
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
    params.cache_ram_mib = _CACHE_MIB
    params.verbosity = 0
    params.ui = False
    key = secrets.token_urlsafe(32)
    params.api_keys = [key]
    server = xllamacpp.Server(params)
    return Engine(server, server.listening_address, key)


def _threads() -> int:
    """All cores but one: the engine's threads spin while they wait for each other, and on a core
    that something else needs (our own server, the browser) that makes all of them crawl."""
    return min(_MAX_THREADS, max(1, (os.cpu_count() or 1) - 1))


class Front:
    """The handlers, over one session to the engine."""

    def __init__(self, session: aiohttp.ClientSession, facts: Json, template: str) -> None:
        self._session = session
        self._slots = asyncio.Semaphore(SLOTS)
        self._facts = facts
        self._template = template
        self._loaded_at = now()

    async def root(self, request: web.Request) -> web.Response:
        return web.Response(text="Ollama is running")

    async def version(self, request: web.Request) -> web.Response:
        return web.json_response({"version": "0.33.0"})  # the Ollama whose protocol this speaks

    async def tags(self, request: web.Request) -> web.Response:
        entry = {**self._entry(), "modified_at": self._loaded_at, "capabilities": ["completion"]}
        return web.json_response({"models": [entry]})

    async def ps(self, request: web.Request) -> web.Response:
        entry = {**self._entry(), "size_vram": 0, "context_length": CONTEXT}
        return web.json_response({"models": [{**entry, "expires_at": "9999-12-31T23:59:59Z"}]})

    async def show(self, request: web.Request) -> web.Response:
        check_model(await _body(request))
        return web.json_response(
            {
                "license": "Apache-2.0",
                "template": self._template,
                "details": self._details(),
                "model_info": {
                    "general.architecture": "llama",
                    "general.parameter_count": self._facts["n_params"],
                    # What a request has here, of the 8,192 that the model was trained for.
                    "llama.context_length": CONTEXT,
                    "llama.embedding_length": self._facts["n_embd"],
                },
                "capabilities": ["completion"],
                "modified_at": self._loaded_at,
            }
        )

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Cancelled when the caller goes away; the engine stops within a batch of tokens."""
        started = time.monotonic_ns()
        body = await _body(request)
        check_model(body)
        messages = body.get("messages") or []
        if not isinstance(messages, list):
            raise Refusal("messages must be an array")
        if not messages:
            return web.json_response(line("", done=True, done_reason="load"))
        order = to_engine(body, CONTEXT)
        async with self._slots, aclosing(self._generate(order, started)) as lines:
            if body.get("stream", True) is False:
                return await _whole(lines)
            return await _streamed(lines, request)

    async def _generate(self, order: Json, started: int) -> AsyncGenerator[Json]:
        """The lines of a reply as the engine makes them, a finished one last, or a `Refusal`."""
        reason = "stop"
        async with self._session.post("/v1/chat/completions", json=order) as answer:
            if answer.status != 200:
                complaint = json.loads(await answer.text())
                raise refusal_of(complaint.get("error"), answer.status)
            async for chunk in _events(answer.content):
                if "error" in chunk:
                    raise refusal_of(chunk["error"], 500)
                if text := text_of(chunk):
                    yield line(text)
                reason = reason_of(chunk) or reason
                if usage := chunk.get("usage"):
                    elapsed = time.monotonic_ns() - started
                    yield done_line(reason, usage, chunk.get("timings", {}), elapsed)
                    return
        raise Refusal("the engine ended in the middle of a reply", 500)

    def _entry(self) -> Json:
        return {
            "name": MODEL,
            "model": MODEL,
            "size": self._facts["size"],
            "digest": MODEL_SHA256,
            "details": self._details(),
        }

    def _details(self) -> Json:
        return {
            "parent_model": "",
            "format": "gguf",
            "family": "llama",
            "families": ["llama"],
            "parameter_size": f"{self._facts['n_params'] / 1e6:.0f}M",
            "quantization_level": self._facts["ftype"],
            "context_length": CONTEXT,
        }


async def _body(request: web.Request) -> Json:
    try:
        text = await request.text()
        body = json.loads(text) if text else None
    except (ValueError, RecursionError) as error:
        raise Refusal("the request body is not valid JSON") from error
    if body is None:
        raise Refusal("missing request body")
    if not isinstance(body, dict):
        raise Refusal("the request body must be a JSON object")
    return body


async def _events(content: aiohttp.StreamReader) -> AsyncIterator[Json]:
    async for raw in content:
        if raw.startswith(b"data: {"):
            yield json.loads(raw[6:])


async def _whole(lines: AsyncGenerator[Json]) -> web.Response:
    pieces: list[str] = []
    async for entry in lines:
        pieces.append(entry["message"]["content"])
    entry["message"]["content"] = "".join(pieces)
    return web.json_response(entry)


async def _streamed(lines: AsyncGenerator[Json], request: web.Request) -> web.StreamResponse:
    """Headers go out with the first line, so that a failure before it has its status."""
    first = await anext(lines)
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    await _write(response, first)
    try:
        async for entry in lines:
            await _write(response, entry)
    except (Refusal, aiohttp.ClientError) as error:
        await _write(response, {"error": str(error)})
    return response


async def _write(response: web.StreamResponse, entry: Json) -> None:
    await response.write(json.dumps(entry).encode() + b"\n")


@web.middleware
async def _refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return web.json_response({"error": str(refusal)}, status=refusal.status)
    except aiohttp.ClientError as error:
        return web.json_response({"error": f"the engine failed: {error}"}, status=500)


@asynccontextmanager
async def _front(engine: Engine) -> AsyncIterator[Front]:
    headers = {"Authorization": f"Bearer {engine.key}"}
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(engine.url, headers=headers, timeout=timeout) as session:
        async with session.get("/v1/models") as answer:
            facts = (await answer.json())["data"][0]["meta"]
        async with session.get("/props") as answer:
            template = (await answer.json())["chat_template"]
        yield Front(session, facts, template)


async def serve(engine: Engine, port: int) -> None:
    """Serve until the process ends. A port that somebody else has is replaced by a free one."""
    async with _front(engine) as front:
        app = web.Application(client_max_size=_MAX_BODY, middlewares=[_refusals])
        app.router.add_get("/", front.root)
        app.router.add_get("/api/version", front.version)
        app.router.add_get("/api/tags", front.tags)
        app.router.add_get("/api/ps", front.ps)
        app.router.add_post("/api/show", front.show)
        app.router.add_post("/api/chat", front.chat)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"port {runner.addresses[0][1]}", flush=True)
        await asyncio.Event().wait()


def _leave_with_parent() -> None:
    """Whoever started us holds the other end of stdin: when it closes, nobody needs us."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m providers.local_model", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the GGUF file")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    arguments = parser.parse_args()
    threading.Thread(target=_leave_with_parent, name="leash", daemon=True).start()
    try:
        engine = load(arguments.model)
    except RuntimeError as error:
        sys.exit(f"The model could not be loaded: {error}")
    asyncio.run(serve(engine, arguments.port))
