"""A provider that speaks OpenAI's chat completions, but for how its requests are sent.

`openai` sends them with the official client, `inference` with a plain one; what is read, when
patience ends and what a failure means is the same for both, and is here.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any

import orjson

from providers import errors, openai_chunks, openai_request, transport
from providers.complaints import Complaint
from providers.sse import DocumentReader, EventReader
from providers.types import ChatRequest, Chunk, Embeddings, Model

# Patience, in seconds, with questions that need no model.
HEALTH_S = 2.0
LIST_S = 10.0
# And with what may come after a complete reply (the usage, the end mark).
TAIL_S = 5.0

_FAILURES: tuple[type[Exception], ...] = (*transport.FAILURES, transport.Refused)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose headers have come; `pieces` are its bytes as they arrive."""

    content_type: str
    pieces: AsyncGenerator[bytes]


class CompletionsProvider(ABC):
    """Subclasses say how to `_send` a chat and how to `_fetch_models`; both may raise anything
    in `transport.FAILURES`, a `transport.Refused` or a `ProviderError`."""

    name: str
    label: str

    def __init__(
        self,
        connection: transport.Connection,
        *,
        first_byte_timeout_s: float,
        gap_timeout_s: float,
        remote: bool | None = None,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self._connection = connection
        self._first_byte_timeout_s = first_byte_timeout_s
        self._gap_timeout_s = gap_timeout_s
        self._remote = remote
        self._habits = openai_chunks.Habits(renamed)
        self._lengths: dict[str, int | None] = {}

    @abstractmethod
    def _send(self, body: dict[str, Any]) -> AbstractAsyncContextManager[Answer]:
        """Post `body`; entered when the headers have come, and closes the response at its end."""

    @abstractmethod
    async def _fetch_models(self) -> bytes:
        """The body of the list of models."""

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        """See `Provider`. Such servers do not tell loading from reading the prompt."""
        patience = transport.Patience(self._first_byte_timeout_s, self._gap_timeout_s)
        wanted = openai_request.body(request)
        yield Chunk(phase="prompt_eval")
        try:
            while True:
                try:
                    async with aclosing(self._attempt(request, wanted, patience)) as chunks:
                        async for chunk in chunks:
                            yield chunk
                    return
                except transport.Refused as refused:
                    if not self._may_retry(request.model, refused.complaint):
                        raise
        except TimeoutError as exc:
            raise patience.ended(self.label) from exc
        except _FAILURES as exc:
            raise transport.explain(exc, self.label, request.model, begun=patience.begun) from exc

    def _may_retry(self, model: str, complaint: Complaint) -> bool:
        return complaint.status in (400, 422) and self._habits.learn(model, complaint.parameter)

    async def _attempt(
        self, request: ChatRequest, wanted: dict[str, Any], patience: transport.Patience
    ) -> AsyncGenerator[Chunk]:
        reply = openai_chunks.Completion(self.label, request.model)
        async with AsyncExitStack() as stack:
            async with patience.limit():
                sending = self._send(self._habits.apply(wanted))
                answer = await stack.enter_async_context(sending)
            if "html" in answer.content_type:
                raise transport.Refused(Complaint(status=200, is_page=True))
            reader = DocumentReader() if "json" in answer.content_type else EventReader()
            pieces = await stack.enter_async_context(aclosing(answer.pieces))
            while not reply.done:
                piece = await self._next(pieces, patience, reply)
                for event in reader.end() if piece is None else reader.feed(piece):
                    chunk = reply.feed(event)
                    if chunk is not None:
                        patience.begun = True
                        yield chunk
                    if reply.done:
                        break
                if piece is None:
                    break
        yield reply.end()

    async def _next(
        self,
        pieces: AsyncGenerator[bytes],
        patience: transport.Patience,
        reply: openai_chunks.Completion,
    ) -> bytes | None:
        """The next bytes. A stream that fails after the reply has ended has just ended."""
        try:
            async with asyncio.timeout(TAIL_S) if reply.has_reason else patience.limit():
                return await anext(pieces, None)
        except _FAILURES:
            if not reply.has_reason:
                raise
            return None

    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:
        """See `Provider`; a server that does not have it refuses."""
        raise errors.RequestRefused(f"{self.label} does not make embeddings.")

    async def list_models(self) -> list[Model]:
        """In the order of the server."""
        found = await self._list(LIST_S)
        self._lengths = {model.name: model.context_length for model in found}
        return found

    async def _list(self, within_s: float) -> list[Model]:
        try:
            async with asyncio.timeout(within_s):
                data = orjson.loads(await self._fetch_models())
        except TimeoutError as exc:
            raise errors.ProviderTimeout(
                f"{self.label} did not answer within {within_s:g} s."
            ) from exc
        except _FAILURES as exc:
            raise transport.explain(exc, self.label, "", begun=False) from exc
        return openai_chunks.models(data, remote=self._remote)

    async def window(self, model: str, *, load: bool = False) -> int | None:
        """What the last list said of it; such a window is the server's and never asked for."""
        return self._lengths.get(model)

    async def health(self) -> None:
        await self._list(HEALTH_S)

    async def aclose(self) -> None:
        await self._connection.aclose()
