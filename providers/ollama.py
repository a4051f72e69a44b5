"""Ollama, through its official client. The only file that knows that client.

What the client lacks is added here and in the transport: limits on silence, streams that are
closed when nobody reads them, a stream that ends without `done` taken as broken, lines with odd
characters, and every failure as one of our errors.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, suppress
from typing import Any, cast

import ollama

from providers import bodies, errors, ollama_chat, ollama_models, transport, values
from providers.base import Provider
from providers.config import OllamaSettings
from providers.ndjson import LineSafeTransport
from providers.ollama_models import short_name
from providers.ollama_store import OllamaStore
from providers.refusals import read_error, refusal_error
from providers.refused_fields import RefusedFields
from providers.reply_text import ReplyText
from providers.silence import SilenceLimit, no_answer
from providers.tool_calls import ToolCalls
from providers.types import ChatRequest, Chunk, Embeddings, Model, Phase

# Silence before we ask what the server is doing, and between two questions, in seconds. A loaded
# model answers a short prompt sooner, and then nothing extra is sent.
LOOK_AFTER_S = 0.4
LOOK_AGAIN_S = 1.0
# Limits in seconds for questions that need no model.
HEALTH_S = 2.0
WINDOW_S = 2.0
LIST_S = 10.0
# Of servers that list models without all that is to be known: how many to ask about at a time.
SHOWN_AT_MOST = 8
# The window we ask for where Ollama itself chooses less (4k to 256k, by the machine's memory).
LEAST_WINDOW = 8192

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
    sets_window = True
    has_aliases = True
    has_suffix = True
    parameters = frozenset({"seed", "stop", "top_k", "repeat_penalty", "response_format"})

    def __init__(self, settings: OllamaSettings, name: str = "ollama") -> None:
        self.name = name
        self._settings = settings
        self.label = settings.access.label or self.label
        self._server = transport.ServerClient(
            ollama_models.address(settings.base_url),
            self.label,
            transport.bearer(settings.api_key),
            access=settings.access,
            trust_env=False,
            wrap=LineSafeTransport,
        )
        self.store = OllamaStore(self._server, self.label, self._forget)
        self._client: ollama.AsyncClient | None = None
        self._windows: dict[str, int] = {}
        self._shown: dict[str, Mapping[str, Any]] = {}
        self._refused_fields = RefusedFields()
        self._cannot_think: set[str] = set()  # models that are known not to think
        self._closes_alone: set[str] = set()

    def same_model(self, a: str, b: str) -> bool:
        """`:latest` may be left out."""
        return short_name(a) == short_name(b)

    def replies_at_once(self, model: str) -> int | None:
        """One: Ollama does not tell its `OLLAMA_NUM_PARALLEL`, which is 1 by default."""
        return None if ollama_models.is_cloud_name(model) else 1

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        """See `Provider`. Tells `loading` or `prompt_eval` while the server is silent."""
        silence = SilenceLimit(self._settings, self.health)
        text = ReplyText(short_name(request.model), self._closes_alone)
        try:
            async with silence, aclosing(self._reply(request, silence)) as chunks:
                async for chunk in chunks:
                    yield text.clean(chunk)
        except TimeoutError as exc:
            raise silence.error(self.label) from exc
        except _FAILURES as exc:
            error = self._error_for(exc, request.model, begun=silence.begun)
            if isinstance(error, errors.ContextTooLong) and error.window is not None:
                self._windows[short_name(request.model)] = error.window
            raise error from exc

    async def _reply(self, request: ChatRequest, silence: SilenceLimit) -> AsyncGenerator[Chunk]:
        """Ask for the reply, and again without the fields that are refused; then read it."""
        thinks = short_name(request.model) not in self._cannot_think
        wanted = ollama_chat.body(request, thinks=thinks)
        refused = self._refused_fields.of(request.model)
        async with AsyncExitStack() as stack:
            while True:
                body = self._refused_fields.apply(wanted, refused)
                lines = await stack.enter_async_context(aclosing(await self._send(body)))
                # In a task, so that the phase can be told while the first line is awaited.
                first = asyncio.create_task(
                    self._next(lines, silence), name=f"{self.name} first line"
                )
                try:
                    async with aclosing(self._phases(first, request.model)) as phases:
                        async for phase in phases:
                            yield Chunk(phase=phase)
                    line = await first
                    break
                except transport.RefusalError as exc:
                    if not self._refused_fields.add(exc.refusal, body, refused, request.model):
                        raise
                finally:
                    await _finished(first)
            generating: Phase | None = "generating"
            tools = ToolCalls()
            while True:
                chunk = _chunk(line, tools, generating)
                if chunk is not None:
                    yield chunk
                    generating = None
                if line.get("done"):
                    break
                line = await self._next(lines, silence)
            with suppress(*_FAILURES):  # later lines are not part of the reply
                await transport.read_to_end(lines)
        finish = ollama_chat.finish(line, request, called=bool(tools))
        yield Chunk(tool_parts=tools.end(), finish=finish)

    async def _send(self, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        """The lines of the reply to `body`, which is sent when the first is asked for."""
        client = await self._opened()
        path = "/api/chat" if "messages" in body else "/api/generate"
        # Below `chat`, which drops from a tool's schema what it does not know itself, and takes a
        # picture's base64 for the path of a file if there is such a file. As plain dictionaries:
        # its types drop the ids of tool calls and fail on what other servers write differently,
        # such as arguments as text, or times with decimals.
        stream = await client._request(dict, "POST", path, json=body, stream=True)
        return cast("AsyncGenerator[dict[str, Any]]", stream)

    async def _next(
        self, lines: AsyncGenerator[dict[str, Any]], silence: SilenceLimit
    ) -> dict[str, Any]:
        """The next line. Raises `StreamBroken` when there is none: none is asked for after the line
        that is `done`."""
        with silence.limit():
            line = await anext(lines, None)
        if line is None:
            raise errors.StreamBroken(f"{self.label} ended the reply before it was complete.")
        silence.begun = True
        return line

    async def _phases(self, first: asyncio.Task[Any], model: str) -> AsyncGenerator[Phase]:
        """Yield the phases of the server until `first` is done, each once."""
        reported: Phase | None = None
        pause = LOOK_AFTER_S
        while True:
            await asyncio.wait({first}, timeout=pause)
            if first.done():
                return
            look = asyncio.create_task(self._phase(model), name=f"{self.name} phase")
            try:
                await asyncio.wait({first, look}, return_when=asyncio.FIRST_COMPLETED)
                phase = look.result() if look.done() else reported
            finally:
                await _finished(look)
            if first.done():
                return
            if phase is not None and phase != reported:
                reported = phase
                yield phase
            if reported == "prompt_eval":
                return
            pause = LOOK_AGAIN_S

    async def _phase(self, model: str) -> Phase:
        """Return `loading` while the model is not loaded, else (or if unknown) `prompt_eval`."""
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
        limit_s = self._settings.first_byte_timeout_s
        body: dict[str, Any] = {"model": model, "input": list(texts)}
        if dimensions is not None:
            body["dimensions"] = dimensions
        most = bodies.most_of_vectors(len(texts))
        answer = await self._ask("POST", "/api/embed", body, limit_s, most)
        try:
            vectors = await asyncio.to_thread(values.vectors, answer.get("embeddings"))
        except ValueError:
            vectors = ()
        if len(vectors) != len(texts):
            raise errors.StreamBroken(f"{self.label} sent something that cannot be read.")
        return Embeddings(vectors, values.count(answer.get("prompt_eval_count")))

    async def list_models(self) -> list[Model]:
        """The newest first, as the server lists them."""
        tags, running = await asyncio.gather(self._get("/api/tags", LIST_S), self._running())
        entries = ollama_models.entries(tags)
        unknown = [entry for entry in entries if self._lacks(entry)][:SHOWN_AT_MOST]
        await asyncio.gather(*(self._look_up(entry) for entry in unknown))
        listed = (
            ollama_models.to_model(
                entry,
                self._shown.get(_key(entry)) or {},
                self._known_window(ollama_models.name_of(entry), running),
            )
            for entry in entries
        )
        models = [model for model in listed if model is not None]
        self._cannot_think = ollama_models.that_cannot_think(models)
        return models

    async def _running(self) -> Mapping[str, Any]:
        try:
            return await self._get("/api/ps", WINDOW_S)
        except errors.ProviderError:
            return {}

    def _lacks(self, entry: Mapping[str, Any]) -> bool:
        whole = "capabilities" in entry and ollama_models.listed_length(entry)
        return not whole and _key(entry) not in self._shown

    async def _look_up(self, entry: Mapping[str, Any]) -> None:
        """Remember what the server says of a model. A failure is ignored: the model is listed all
        the same."""
        try:
            shown = await self._show(ollama_models.name_of(entry), LIST_S)
        except errors.ProviderError:
            return
        self._shown[_key(entry)] = shown

    def _known_window(self, model: str, running: Mapping[str, Any]) -> int | None:
        if chosen := self._settings.context_length or self._windows.get(short_name(model)):
            return chosen
        loaded = ollama_models.find(running, model) or {}
        return values.positive(loaded.get("context_length"))

    async def window(self, model: str, *, load: bool = False) -> int | None:
        """The configured length, else the model's own setting (`num_ctx`), else that of the loaded
        model, else (with `load`) what Ollama chooses when it loads it, but at least 8,192 where the
        model can do that. Never another for as long as this provider lives, since a change reloads
        the model; unless a refusal names another."""
        if self._settings.context_length is not None:
            return self._settings.context_length
        key = short_name(model)
        if key not in self._windows:
            try:
                window = await self._find_window(model, load)
            except (TimeoutError, errors.ProviderError):
                return None
            if window is None:
                return None
            self._windows.setdefault(key, window)  # another call may have been quicker
        return self._windows[key]

    async def _find_window(self, model: str, load: bool) -> int | None:
        async with asyncio.timeout(WINDOW_S) as limit:
            shown = await self._show(model, WINDOW_S)
            longest = ollama_models.context_length(shown)
            if chosen := ollama_models.chosen_window(shown):
                return min(chosen, longest or chosen)
            if ollama_models.is_cloud_name(model):  # runs elsewhere, with all that it can do
                return longest
            if loaded := await self._loaded_window(model):
                return loaded
            if not load:
                return None
            limit.reschedule(None)
            limit_s = self._settings.first_byte_timeout_s
            await self._ask("POST", "/api/generate", {"model": model, "stream": False}, limit_s)
            window = await self._loaded_window(model) or 0
        return max(window, min(LEAST_WINDOW, longest or window)) or None

    async def _loaded_window(self, model: str) -> int | None:
        entry = ollama_models.find(await self._get("/api/ps", WINDOW_S), model) or {}
        return values.positive(entry.get("context_length"))

    async def has_model(self, model: str) -> bool:
        """See `Provider`; the list leaves out other spellings."""
        try:
            await self._show(model, WINDOW_S)
        except errors.ProviderError:
            return False
        return True

    async def health(self) -> None:
        await self._get("/api/version", HEALTH_S)

    async def version(self) -> str:
        return values.word((await self._get("/api/version", HEALTH_S)).get("version"))

    def _forget(self, model: str) -> None:
        """Know nothing of a model that was pulled or deleted."""
        self._windows.pop(short_name(model), None)

    async def aclose(self) -> None:
        await self._server.aclose()

    async def _opened(self) -> ollama.AsyncClient:
        await self._server.open()
        if self._client is None:
            self._client = client = ollama.AsyncClient(self._server.url, **self._server.options)
            headers = dict(client._client.headers)

            def stream(_: str, path: str, json: object) -> AbstractAsyncContextManager[Any]:
                return self._server.post(path, json, headers)

            # httpx would put the same address and headers together for each request, which takes
            # as long as the rest of sending it.
            client._client.stream = stream
        return self._client

    async def _get(self, path: str, within_s: float) -> Mapping[str, Any]:
        return await self._ask("GET", path, None, within_s)

    async def _show(self, model: str, within_s: float) -> Mapping[str, Any]:
        return await self._ask("POST", "/api/show", {"model": model}, within_s)

    async def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        within_s: float,
        most: int = bodies.WHOLE,
    ) -> Mapping[str, Any]:
        """Return a JSON object from the server. Raises `ProviderError`. Uses the plain client: the
        official one drops capabilities and where a model runs, and reads without an end."""
        try:
            async with asyncio.timeout(within_s):
                answer = await self._server.fetch(method, path, json=body, most=most)
            data = values.decoded(answer)
        except TimeoutError as exc:
            raise no_answer(self.label, within_s) from exc
        except _FAILURES as exc:
            model = str((body or {}).get("model", ""))
            raise self._error_for(exc, model, begun=False) from exc
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


def _chunk(line: Mapping[str, Any], tools: ToolCalls, phase: Phase | None) -> Chunk | None:
    """What a line adds to the reply. Raises one of `_ODD_LINE`."""
    message = ollama_chat.message(line)
    content = message.get("content") or ""
    reasoning = message.get("thinking") or ""
    if not isinstance(content, str) or not isinstance(reasoning, str):
        raise TypeError("not a text")
    parts = tools.feed(message.get("tool_calls"), whole=True)
    if not (content or reasoning or parts):
        return None
    logprobs = values.logprobs(line.get("logprobs"))
    return Chunk(content, reasoning, phase, tool_parts=parts, logprobs=logprobs)


def _key(entry: Mapping[str, Any]) -> str:
    """By name and digest: some servers give all models the same digest, or none."""
    return f"{ollama_models.name_of(entry)} {entry.get('digest')}"


async def _finished(task: asyncio.Task[Any]) -> None:
    """Cancel a task that is no longer needed, and read its error so that asyncio logs none."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
