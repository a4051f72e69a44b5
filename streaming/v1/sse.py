"""The SSE writer: sends an answer piece by piece, as server-sent events."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from itertools import groupby
from typing import Any, Protocol

import orjson
from django.conf import settings
from django.http import StreamingHttpResponse

from providers.types import Chunk
from streaming.replies.stateless import StatelessReply
from streaming.v1 import errors

Json = dict[str, Any]

# Silence after which a comment is sent, in seconds: less than the heartbeat, since it takes time.
# Until the first, an answer that fails has its real status.
PING_SECONDS = 0.9 * settings.CHAT_HEARTBEAT_SECONDS
# Proxies pass such a stream on as it comes (nginx reads the last).
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
DONE = b"data: [DONE]\n\n"


class Writer(Protocol):
    """Writes one answer: `whole` at once, or each moment of it as events."""

    def begin(self) -> bytes: ...

    def pieces(self, chunks: Sequence[Chunk]) -> bytes: ...

    def end(self, tokens: Json) -> bytes: ...

    def failure(self, error: Json) -> bytes: ...

    def whole(self, chunks: Sequence[Chunk], tokens: Json) -> Json: ...


def event(data: Json, name: str = "") -> bytes:
    """One event."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + orjson.dumps(data) + b"\n\n"


def merged(chunks: Sequence[Chunk]) -> Iterable[Chunk]:
    """The same with neighbours that are text of one kind made one."""
    return chunks if len(chunks) < 2 else _merged(chunks)


def _merged(chunks: Sequence[Chunk]) -> Iterator[Chunk]:
    for kind, run in groupby(chunks, _kind):
        if kind == "content":
            texts = list(run)
            logprobs = tuple(entry for chunk in texts for entry in chunk.logprobs)
            yield Chunk("".join(chunk.content for chunk in texts), logprobs=logprobs)
        elif kind == "reasoning":
            yield Chunk(reasoning="".join(chunk.reasoning for chunk in run))
        else:
            yield from run


def _kind(chunk: Chunk) -> str:
    if chunk.tool_parts or (chunk.content and chunk.reasoning):
        return ""
    return "content" if chunk.content else "reasoning"


class _EventStream(StreamingHttpResponse):
    """An answer of bytes as they come. Django hands each on through two generators of its own, that
    make bytes of whatever it is."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        pieces: AsyncIterator[bytes] = self._iterator  # type: ignore[attr-defined]
        return pieces


async def respond(reply: StatelessReply, write: Callable[[], Writer]) -> StreamingHttpResponse:
    """The answer that streams a reply. Waits for the first event before anything is sent, so that
    what fails before it has its real status."""
    events = _events(reply, write)
    first = await anext(events)

    async def stream() -> AsyncGenerator[bytes]:
        async with aclosing(events):
            yield first
            async for item in events:
                yield item

    return _EventStream(stream(), headers={**HEADERS, **reply.headers})


async def _events(reply: StatelessReply, write: Callable[[], Writer]) -> AsyncGenerator[bytes]:
    """The events of a reply, by the writer that `write` makes when something is said: only then
    are its model and its provider known. Raises only before the first."""
    writer: Writer | None = None
    sent = False
    try:
        async for pieces in reply.pieces(PING_SECONDS):
            if not pieces:
                yield _ping(reply.position)
            elif writer is None:
                writer = write()
                yield writer.begin() + writer.pieces(pieces)
            else:
                yield writer.pieces(pieces)
            sent = True
    except Exception as failure:
        if not sent:
            raise
        yield (writer or write()).failure(errors.error(failure)[1])
        return
    begun = b""
    if writer is None:  # nothing was said
        writer = write()
        begun = writer.begin()
    yield begun + writer.end(reply.tokens)


def _ping(position: int | None) -> bytes:
    """A comment that keeps the connection alive, with the position in the queue while there is
    one."""
    return b": ping\n\n" if position is None else f": ping\n: position {position}\n\n".encode()
