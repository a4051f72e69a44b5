"""A provider that speaks OpenAI's chat completions, but for how its requests are sent.

`openai` sends them with the official client, `inference` with a plain HTTP client. Reading the
stream, the limits on silence and the meaning of failures are the same for both.
"""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any

import orjson

from providers import errors, openai_chunks, openai_request, transport
from providers.base import Provider
from providers.config import Timeouts
from providers.refusals import Refusal
from providers.sse import DocumentReader, EventReader
from providers.types import ChatRequest, Chunk, Embeddings, Model

# Limits in seconds for questions that need no model.
HEALTH_S = 2.0
LIST_S = 10.0
# And for what may come after a complete reply (the usage, the end mark).
TAIL_S = 5.0

FAILURES: tuple[type[Exception], ...] = (*transport.FAILURES, transport.RefusalError)


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """A response whose headers have come; `pieces` are its bytes as they arrive."""

    content_type: str
    pieces: AsyncGenerator[bytes]


class OpenAIBase(Provider):
    """Subclasses `_send` a chat and `_fetch_models`; both may raise anything in
    `transport.FAILURES`, a `transport.RefusalError` or a `ProviderError`."""

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
        self._remote = remote
        self._refused_fields = openai_chunks.RefusedFields(renamed)
        self._windows: dict[str, int | None] = {}

    @abstractmethod
    def _send(self, body: dict[str, Any]) -> AbstractAsyncContextManager[StreamedResponse]:
        """Post `body`; entered when the headers have come, and closes the response at its end."""

    @abstractmethod
    async def _fetch_models(self) -> bytes:
        """The body of the list of models."""

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        """See `Provider`. Does not tell loading from reading the prompt."""
        silence = transport.SilenceLimit(self._timeouts)
        wanted = openai_request.body(request)
        yield Chunk(phase="prompt_eval")
        try:
            while True:
                try:
                    async with aclosing(self._attempt(request, wanted, silence)) as chunks:
                        async for chunk in chunks:
                            yield chunk
                    return
                except transport.RefusalError as refused:
                    if not self._may_retry(request.model, refused.refusal):
                        raise
        except TimeoutError as exc:
            raise silence.error(self.label) from exc
        except FAILURES as exc:
            raise transport.to_provider_error(
                exc, self.label, request.model, begun=silence.begun
            ) from exc

    def _may_retry(self, model: str, refusal: Refusal) -> bool:
        return refusal.status in (400, 422) and self._refused_fields.remember(
            model, refusal.parameter
        )

    async def _attempt(
        self, request: ChatRequest, wanted: dict[str, Any], silence: transport.SilenceLimit
    ) -> AsyncGenerator[Chunk]:
        reply = openai_chunks.CompletionParser(self.label, request.model)
        async with AsyncExitStack() as stack:
            async with silence.limit():
                sending = self._send(self._refused_fields.apply(wanted))
                answer = await stack.enter_async_context(sending)
            if "html" in answer.content_type:
                raise transport.RefusalError(Refusal(status=200, is_page=True))
            reader = DocumentReader() if "json" in answer.content_type else EventReader()
            pieces = await stack.enter_async_context(aclosing(answer.pieces))
            while not reply.done:
                piece = await self._next(pieces, silence, reply)
                for event in reader.end() if piece is None else reader.feed(piece):
                    chunk = reply.feed(event)
                    if chunk is not None:
                        silence.begun = True
                        yield chunk
                    if reply.done:
                        break
                if piece is None:
                    break
        yield reply.end()

    async def _next(
        self,
        pieces: AsyncGenerator[bytes],
        silence: transport.SilenceLimit,
        reply: openai_chunks.CompletionParser,
    ) -> bytes | None:
        """The next bytes. A stream that fails after the reply has ended has just ended."""
        try:
            async with asyncio.timeout(TAIL_S) if reply.has_reason else silence.limit():
                return await anext(pieces, None)
        except FAILURES:
            if not reply.has_reason:
                raise
            return None

    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:

        raise errors.NotSupported(f"{self.label} does not make embeddings.")

    async def list_models(self) -> list[Model]:
        """In the order of the server."""
        models = await self._list(LIST_S)
        self._windows = {m.name: m.window or m.context_length for m in models}
        return models

    async def _list(self, within_s: float) -> list[Model]:
        try:
            async with asyncio.timeout(within_s):
                data = orjson.loads(await self._fetch_models())
        except TimeoutError as exc:
            raise transport.no_answer(self.label, within_s) from exc
        except FAILURES as exc:
            raise transport.to_provider_error(exc, self.label, "", begun=False) from exc
        return openai_chunks.models(data, remote=self._remote)

    async def window(self, model: str, *, load: bool = False) -> int | None:
        """What the last list said; the server sets it, so it is never sent."""
        return self._windows.get(model)

    async def health(self) -> None:
        await self._list(HEALTH_S)

    async def aclose(self) -> None:
        await self._server.aclose()
