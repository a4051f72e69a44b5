"""Ollama, through its official client. The only file that knows that client.

What the client lacks is added here and in the transport: limits on silence, streams that are
closed when nobody reads them, a stream that ends without `done` taken as broken, lines with odd
characters, and every failure as one of our errors.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

import ollama

from providers import errors, ollama_chat, ollama_models, transport
from providers.base import Provider
from providers.config import OllamaSettings
from providers.ndjson import LineSafeTransport
from providers.refusals import read_error, refusal_error
from providers.tool_calls import ToolCalls
from providers.types import ChatRequest, Chunk, Embeddings, Model, Phase

# Silence before we ask what the server is doing, and between two questions, in seconds. A loaded
# model answers a short prompt sooner, and then nothing extra is sent.
LOOK_AFTER_S = 0.4
LOOK_AGAIN_S = 1.0
# Patience, in seconds, with questions that need no model.
HEALTH_S = 2.0
WINDOW_S = 2.0
LIST_S = 10.0
# Of servers that list models without all that is to be known: how many to ask about at a time.
SHOWN_AT_MOST = 8
# The context we ask for when nobody has chosen one: memory grows with it, and Ollama's own
# choice (4k to 256k) depends on the machine and cannot be asked for before the model is loaded.
DEFAULT_WINDOW = 8192

# The client takes a line apart without looking: an odd one fails in one of these ways.
_ODD_LINE: tuple[type[Exception], ...] = (AttributeError, TypeError, KeyError)
_FAILURES: tuple[type[Exception], ...] = (
    *transport.FAILURES,
    *_ODD_LINE,
    transport.RefusalError,
    ollama.ResponseError,
    ollama.RequestError,
)


class OllamaProvider(Provider):
    label = "Ollama"
    health_is_cheaper = True
    has_aliases = True

    def __init__(self, settings: OllamaSettings, name: str = "ollama") -> None:
        self.name = name
        self._settings = settings
        self._server = transport.ServerClient(
            ollama_models.address(settings.base_url),
            self.label,
            trust_env=False,
            wrap=LineSafeTransport,
        )
        self._client: ollama.AsyncClient | None = None
        self._windows: dict[str, int] = {}
        self._shown: dict[str, Mapping[str, Any]] = {}
        self._cannot_think: set[str] = set()  # models that are known not to think

    def same_model(self, a: str, b: str) -> bool:
        """`:latest` may be left out."""
        return ollama_models.short_name(a) == ollama_models.short_name(b)

    def replies_at_once(self, model: str) -> int | None:
        """One: Ollama does not tell its `OLLAMA_NUM_PARALLEL`, which is 1 by default."""
        return None if ollama_models.is_cloud_name(model) else 1

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        """See `Provider`. Tells `loading` or `prompt_eval` while the server is silent."""
        silence = transport.SilenceLimit(self._settings)
        try:
            async with aclosing(self._replies(request, silence)) as replies:
                # In a task, so that the phase can be told while the first line is awaited.
                first = asyncio.create_task(anext(replies), name=f"{self.name} first line")
                try:
                    async with aclosing(self._phases(first, request.model)) as phases:
                        async for phase in phases:
                            yield Chunk(phase=phase)
                    reply = await first
                finally:
                    await _finished(first)
                generating: Phase | None = "generating"
                tools = ToolCalls()
                while True:
                    content = reply.message.content or ""
                    reasoning = reply.message.thinking or ""
                    # The client drops what a call is told by, so each gets an id and index of ours.
                    parts = tuple(
                        tools.whole(call.function.name, dict(call.function.arguments))
                        for call in reply.message.tool_calls or ()
                    )
                    if content or reasoning or parts:
                        yield Chunk(content, reasoning, phase=generating, tool_parts=parts)
                        generating = None
                    if reply.done:
                        yield Chunk(finish=ollama_chat.finish(reply, called=bool(tools)))
                        return
                    reply = await anext(replies)
        except TimeoutError as exc:
            raise silence.error(self.label) from exc
        except _FAILURES as exc:
            raise self._error_for(exc, request.model, begun=silence.begun) from exc

    async def _replies(
        self, request: ChatRequest, silence: transport.SilenceLimit
    ) -> AsyncGenerator[ollama.ChatResponse]:
        """The lines of the reply. It raises when they end: who reads it stops at the one that is
        `done`, and whatever comes after that is no part of the reply."""
        client = await self._opened()
        stream = cast(
            "AsyncGenerator[ollama.ChatResponse]",
            # Below `chat`, which drops from a tool's schema whatever it does not know itself, and
            # takes a picture's base64 for the path of a file if there is one.
            await client._request(
                ollama.ChatResponse,
                "POST",
                "/api/chat",
                json=ollama_chat.body(
                    request,
                    thinks=ollama_models.short_name(request.model) not in self._cannot_think,
                ),
                stream=True,
            ),
        )
        async with aclosing(stream):
            while True:
                async with silence.limit():
                    reply = await anext(stream, None)
                if reply is None:
                    raise errors.StreamBroken(
                        f"{self.label} ended the reply before it was complete."
                    )
                silence.begun = True
                yield reply

    async def _phases(self, first: asyncio.Task[Any], model: str) -> AsyncGenerator[Phase]:
        """What the server does until `first` is done, each phase once."""
        told: Phase | None = None
        pause = LOOK_AFTER_S
        while True:
            await asyncio.wait({first}, timeout=pause)
            if first.done():
                return
            look = asyncio.create_task(self._phase(model), name=f"{self.name} phase")
            try:
                await asyncio.wait({first, look}, return_when=asyncio.FIRST_COMPLETED)
                phase = look.result() if look.done() else told
            finally:
                await _finished(look)
            if first.done():
                return
            if phase is not None and phase != told:
                told = phase
                yield phase
            if told == "prompt_eval":
                return
            pause = LOOK_AGAIN_S

    async def _phase(self, model: str) -> Phase:
        """Loading or not. Where it cannot be known, `prompt_eval`."""
        if ollama_models.is_cloud_name(model):  # runs elsewhere, and is never loaded here
            return "prompt_eval"
        try:
            loaded = await self._get("/api/ps", HEALTH_S)
        except errors.ProviderError:
            return "prompt_eval"
        return "prompt_eval" if ollama_models.find(loaded, model) is not None else "loading"

    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:
        """See `Provider`. The model is loaded first if it has to be."""
        try:
            client = await self._opened()
            async with asyncio.timeout(self._settings.first_byte_timeout_s):
                found = await client.embed(model, list(texts), dimensions=dimensions)
        except TimeoutError as exc:
            limit_s = self._settings.first_byte_timeout_s
            raise transport.no_answer(self.label, limit_s) from exc
        except _FAILURES as exc:
            raise self._error_for(exc, model, begun=False) from exc
        vectors = tuple(tuple(vector) for vector in found.embeddings)
        if len(vectors) != len(texts):
            raise errors.StreamBroken(f"{self.label} sent something that cannot be read.")
        return Embeddings(vectors, found.prompt_eval_count)

    async def list_models(self) -> list[Model]:
        """The newest first, as the server lists them."""
        entries = ollama_models.entries(await self._get("/api/tags", LIST_S))
        unknown = [entry for entry in entries if self._lacks(entry)][:SHOWN_AT_MOST]
        await asyncio.gather(*(self._look_up(entry) for entry in unknown))
        found = (
            ollama_models.to_model(entry, self._shown.get(str(entry.get("digest"))) or {})
            for entry in entries
        )
        models = [model for model in found if model is not None]
        self._cannot_think = ollama_models.that_cannot_think(models)
        return models

    def _lacks(self, entry: Mapping[str, Any]) -> bool:
        whole = "capabilities" in entry and ollama_models.listed_length(entry)
        return not whole and str(entry.get("digest")) not in self._shown

    async def _look_up(self, entry: Mapping[str, Any]) -> None:
        """Remember what the server says of one model; a failure is no reason to list less."""
        try:
            shown = await self._show(str(entry["name"]), LIST_S)
        except errors.ProviderError:
            return
        self._shown[str(entry.get("digest"))] = shown

    async def window(self, model: str, *, load: bool = False) -> int | None:
        """The configured length, else that of the loaded model, else the model's own up to 8192;
        never another for as long as this provider lives, since a change reloads the model."""
        if self._settings.context_length is not None:
            return self._settings.context_length
        key = ollama_models.short_name(model)
        if key not in self._windows:
            try:
                async with asyncio.timeout(WINDOW_S):
                    found = await self._find_window(model)
            except (TimeoutError, errors.ProviderError):
                return None
            if found is None:
                return None
            self._windows.setdefault(key, found)  # another call may have been quicker
        return self._windows[key]

    async def _find_window(self, model: str) -> int | None:
        entry = ollama_models.find(await self._get("/api/ps", WINDOW_S), model)
        if entry is not None and (length := ollama_models.positive(entry.get("context_length"))):
            return length
        shown = await self._show(model, WINDOW_S)
        chosen = ollama_models.chosen_window(shown)
        longest = ollama_models.context_length(shown)
        if chosen is None and longest is None:
            return None
        return min(chosen or DEFAULT_WINDOW, longest or chosen or DEFAULT_WINDOW)

    async def health(self) -> None:
        await self._get("/api/version", HEALTH_S)

    async def aclose(self) -> None:
        await self._server.aclose()

    async def _opened(self) -> ollama.AsyncClient:
        await self._server.open()
        if self._client is None:
            self._client = ollama.AsyncClient(self._server.url, **self._server.options)
        return self._client

    async def _get(self, path: str, within_s: float) -> Mapping[str, Any]:
        return await self._ask("GET", path, None, within_s)

    async def _show(self, model: str, within_s: float) -> Mapping[str, Any]:
        return await self._ask("POST", "/api/show", model, within_s)

    async def _ask(
        self, method: str, path: str, model: str | None, within_s: float
    ) -> Mapping[str, Any]:
        """A JSON object from the server, or the `ProviderError` that says why not. By a plain
        client: the official one does not pass on capabilities and where a model runs."""
        try:
            client = await self._server.open()
            async with asyncio.timeout(within_s):
                body = None if model is None else {"model": model}
                data = (await client.request(method, path, json=body)).json()
        except TimeoutError as exc:
            raise transport.no_answer(self.label, within_s) from exc
        except _FAILURES as exc:
            raise self._error_for(exc, model or "", begun=False) from exc
        if not isinstance(data, Mapping):
            raise errors.ProviderFailed(f"{self.label} sent something that cannot be read.")
        return data

    def _error_for(self, exc: Exception, model: str, *, begun: bool) -> errors.ProviderError:
        if isinstance(exc, ollama.ResponseError):  # an error line; its text may be decoded JSON
            return refusal_error(read_error({"error": exc.error}), self.label, model)
        if isinstance(exc, ollama.RequestError):
            return errors.RequestRefused(f"{self.label} cannot be asked this.")
        if isinstance(exc, _ODD_LINE):
            return errors.StreamBroken(f"{self.label} sent something that cannot be read.")
        return transport.to_provider_error(exc, self.label, model, begun=begun)


async def _finished(task: asyncio.Task[Any]) -> None:
    """End a task that nobody waits for any more, and look at its error so that none is logged."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
