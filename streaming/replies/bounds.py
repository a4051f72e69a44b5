"""Bounds on the size of a reply: a model may be broken or hostile."""

import asyncio

from django.conf import settings

from providers.errors import ReplyTooLong
from providers.types import Chunk, ToolPart

# Bytes of text for a token that was asked for: three to five are usual. And no less than a server
# that does not know `max_tokens` may honestly write: such a reply is long, and not broken.
TOKEN_BYTES = 16
LEAST_BYTES = 2**20
# A piece is a token as a rule, and a character with some servers.
TOKEN_PIECES = 4
LEAST_PIECES = 2**16
# Log probabilities at most, each alternative counted.
LOGPROBS = 2**18
# How long a reply may be written, in seconds.
SECONDS = 3600.0


class ReplyBounds:
    """The bounds of one reply, whose prompt asked for so many `tokens`: bytes of the text, of the
    reasoning and of the calls, each; the pieces; and the seconds since the first of them."""

    def __init__(self, who: str, tokens: int) -> None:
        most = settings.CHAT_MAX_REPLY_MB * 2**20
        self._who = who
        self._bytes = min(max(tokens * TOKEN_BYTES, LEAST_BYTES), most)
        self._content = self._reasoning = self._calls = self._bytes
        self._pieces = min(max(tokens * TOKEN_PIECES, LEAST_PIECES), most // TOKEN_BYTES)
        self._logprobs = LOGPROBS
        self._clock: asyncio.Timeout | None = None

    def clock(self) -> asyncio.Timeout:
        """The context in which the reply is read; raises `TimeoutError`."""
        self._clock = asyncio.timeout(None)
        return self._clock

    def take(self, chunk: Chunk) -> Chunk | None:
        """Count a chunk. Returns `None` if it is within the bounds, else the part that is."""
        content = chunk.content
        self._pieces -= 1
        if content:
            self._content -= len(content) if content.isascii() else len(content.encode())
        within = self._pieces >= 0 and self._content >= 0
        if chunk.reasoning or chunk.tool_parts or chunk.logprobs:
            within = self._take_others(chunk) and within
        if self._clock is not None and (content or chunk.reasoning or chunk.tool_parts):
            self._clock.reschedule(asyncio.get_running_loop().time() + SECONDS)
            self._clock = None
        if within:
            return None
        return Chunk(_within(content, self._content), _within(chunk.reasoning, self._reasoning))

    def _take_others(self, chunk: Chunk) -> bool:
        self._reasoning -= len(chunk.reasoning.encode())
        self._calls -= sum(map(_size_of_part, chunk.tool_parts))
        self._logprobs -= sum(1 + len(entry["top_logprobs"]) for entry in chunk.logprobs)
        return self._reasoning >= 0 and self._calls >= 0 and self._logprobs >= 0

    def too_much(self) -> ReplyTooLong:
        sentence = f"{self._who} wrote far more than was asked for, so the reply was ended."
        return ReplyTooLong(sentence)

    def too_slow(self) -> ReplyTooLong:
        return ReplyTooLong(
            f"{self._who} wrote for an hour without an end, so the reply was ended."
        )


def _size_of_part(part: ToolPart) -> int:
    extra = len(str(part.extra_content)) if part.extra_content else 0
    return len(part.arguments.encode()) + len(part.id) + len(part.name) + extra


def _within(text: str, left: int) -> str:
    """The text without what is too much, where fewer than no bytes are `left`."""
    return text.encode()[:left].decode(errors="ignore") if left < 0 else text
