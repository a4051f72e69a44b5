"""A provider that speaks OpenAI's chat completions, but for how its requests are sent.

`openai` sends them with the official client, `inference` with a plain HTTP client. Reading the
stream, the limits on silence and the meaning of failures are the same for both.
"""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import Any

from providers import errors, openai_chunks, openai_request, openai_servers, transport, values
from providers.base import Provider
from providers.config import Timeouts
from providers.refusals import Refusal
from providers.refused_fields import RefusedFields
from providers.reply_text import ReplyText
from providers.silence import SilenceLimit, no_answer
from providers.stream_reader import BodyForm, StreamReader
from providers.types import ChatRequest, Chunk, Embeddings, Model

# Limits in seconds for questions that need no model.
HEALTH_S = 2.0
LIST_S = 10.0
# And for what may come after a complete reply (the usage, the end mark).
TAIL_S = 5.0
# Between two requests to a server that is loading its model.
LOADING_EVERY_S = 1.0

FAILURES: tuple[type[Exception], ...] = (*transport.FAILURES, transport.RefusalError)


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """A response whose headers have come; `pieces` are its bytes as they arrive."""

    content_type: str
    pieces: AsyncGenerator[bytes]


class OpenAIBase(Provider):
    """Subclasses `_send` a chat and `_fetch_models`; both may raise anything in
    `transport.FAILURES`, a `transport.RefusalError` or a `ProviderError`."""

    parameters = frozenset({"seed", "stop", "response_format"})

    def __init__(
        self,
        server: transport.ServerClient,
        timeouts: Timeouts,
        *,
        remote: bool | None = None,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self._server = server
        self._timeouts = timeouts
        self.patience_s = timeouts.first_byte_timeout_s
        self._remote = remote
        self._refused_fields = RefusedFields(renamed)
        self._listed: dict[str, int | None] = {}  # windows by model, from the last list
        self._slots: dict[str, int | None] = {}
        self._without_tools: set[str] = set()  # models whose server would leave tools out
        self._learned: dict[str, tuple[int | None, int]] = {}  # and from refusals: listed, learned
        self._closes_alone: set[str] = set()

    @abstractmethod
    def _send(self, body: dict[str, Any]) -> AbstractAsyncContextManager[StreamedResponse]:
        """Post `body`; entered when the headers have come, and closes the response at its end."""

    @abstractmethod
    async def _fetch_models(self) -> bytes:
        """The body of the list of models."""

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        """See `Provider`. Tells `loading` while the server says so."""
        if request.tools and request.model in self._without_tools:
            raise errors.NotSupported(f"The model “{request.model}” does not support tools.")
        yield Chunk(phase="prompt_eval")
        silence = SilenceLimit(self._timeouts, self.health)
        text = ReplyText(request.model, self._closes_alone)
        try:
            async with silence, aclosing(self._reply(request, silence)) as chunks:
                async for chunk in chunks:
                    yield text.clean(chunk)
        except TimeoutError as exc:
            raise silence.error(self.label) from exc
        except errors.ContextTooLong as exc:
            self._remember_window(request.model, exc.window)
            raise
        except FAILURES as exc:
            begun, model = silence.begun, request.model
            error = transport.to_provider_error(exc, self.label, model, begun=begun)
            if isinstance(error, errors.ContextTooLong):
                self._remember_window(model, error.window)
            raise error from exc

    async def _reply(self, request: ChatRequest, silence: SilenceLimit) -> AsyncGenerator[Chunk]:
        """Ask for the reply, again without the fields that are refused, and again while the server
        loads its model; then read it."""
        wanted = openai_request.body(request)
        refused = self._refused_fields.of(request.model)
        reply = openai_chunks.CompletionParser(self.label, request.model)
        reader = StreamReader()
        loading = False
        async with AsyncExitStack() as stack:
            while True:
                body = self._refused_fields.apply(wanted, refused)
                try:
                    with silence.limit():
                        answer = await stack.enter_async_context(self._send(body))
                    if "html" in answer.content_type:
                        raise transport.RefusalError(Refusal(status=200, is_page=True))
                    break
                except transport.RefusalError as exc:
                    if exc.refusal.is_loading:
                        if not loading:
                            loading = True
                            yield Chunk(phase="loading")
                        with silence.limit():
                            await asyncio.sleep(LOADING_EVERY_S)
                    elif not self._refused_fields.add(exc.refusal, body, refused, request.model):
                        raise
            pieces = await stack.enter_async_context(aclosing(answer.pieces))
            tail_until: float | None = None
            while not reply.done:
                if reply.has_reason and tail_until is None:
                    tail_until = asyncio.get_running_loop().time() + TAIL_S
                if tail_until is None:
                    with silence.limit():
                        piece = await anext(pieces, None)
                else:
                    try:
                        async with asyncio.timeout_at(tail_until):
                            piece = await anext(pieces, None)
                    except FAILURES:
                        break  # a stream that fails after the reply has ended has just ended
                events = reader.end() if piece is None else reader.feed(piece)
                for chunk in reply.read(events, streamed=reader.form is BodyForm.EVENTS):
                    silence.begun = True
                    yield chunk
                if piece is None:
                    break
            else:
                await transport.read_to_end(pieces)
        yield reply.end(window=self._known_window(request.model))

    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:
        raise errors.NotSupported(f"{self.label} does not make embeddings.")

    async def list_models(self) -> list[Model]:
        """See `Provider`; in the order of the server. Raises `ModelLoading` while it loads."""
        data = await self._list(LIST_S)
        models = openai_chunks.models(data, remote=self._remote)
        if not self._remote:
            models = await openai_servers.completed(models, data, self._server)
        self._listed = {model.name: model.window or model.context_length for model in models}
        self._slots = {model.name: model.slots for model in models}
        self._without_tools = {model.name for model in models if model.takes_tools is False}
        self._closes_alone |= {model.name for model in models if model.opens_thought}
        return models

    async def _list(self, within_s: float) -> object:
        try:
            async with asyncio.timeout(within_s):
                return values.decoded(await self._fetch_models())
        except TimeoutError as exc:
            raise no_answer(self.label, within_s) from exc
        except FAILURES as exc:
            raise transport.to_provider_error(exc, self.label, "", begun=False) from exc

    async def window(self, model: str, *, load: bool = False) -> int | None:
        """Return the window that a refusal named, else the listed one. The server sets it, so it is
        never sent."""
        return self._known_window(model)

    def _known_window(self, model: str) -> int | None:
        listed = self._listed.get(model)
        learned_from, learned = self._learned.get(model, (None, None))
        return learned if learned and learned_from == listed else listed

    def _remember_window(self, model: str, window: int | None) -> None:
        """Believe a refusal more than the list, until the list says something else."""
        if window is not None:
            self._learned[model] = (self._listed.get(model), window)

    def replies_at_once(self, model: str) -> int | None:
        return self._slots.get(model)

    async def native_url(self) -> str:
        """See `Provider`."""
        return await openai_servers.ollama_at(self._server)

    async def health(self) -> None:
        with suppress(errors.ModelLoading):
            await self._list(HEALTH_S)

    async def aclose(self) -> None:
        await self._server.aclose()
