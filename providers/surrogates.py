"""Joins characters that a server cut in two: half a surrogate pair ends a piece. Pure.

JSON may escape an emoji as two halves (`\\ud83d\\ude00`), and servers that cut text anywhere send
each half in a piece of its own. The halves are joined; a half that stays alone becomes U+FFFD.
"""

from collections import defaultdict
from dataclasses import replace

from providers.types import Chunk


class HalfJoiner:
    """The text of one stream."""

    def __init__(self) -> None:
        self._held = ""

    def join(self, text: str, *, ends: bool = False) -> str:
        """Return the text that is complete. A half at its end is held for the next piece, unless
        the stream `ends`."""
        if text.isascii() and not self._held:
            return text
        text, self._held = self._held + text, ""
        if not ends and "\ud800" <= text[-1:] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class ChunkJoiner:
    """The chunks of one reply."""

    def __init__(self) -> None:
        self._content = HalfJoiner()
        self._reasoning = HalfJoiner()
        self._arguments: defaultdict[int, HalfJoiner] = defaultdict(HalfJoiner)

    def join(self, chunk: Chunk) -> Chunk:
        ends = chunk.finish is not None
        content = self._content.join(chunk.content, ends=ends)
        reasoning = self._reasoning.join(chunk.reasoning, ends=ends)
        if content is chunk.content and reasoning is chunk.reasoning and not chunk.tool_parts:
            return chunk
        parts = tuple(
            replace(part, arguments=self._arguments[part.index].join(part.arguments, ends=ends))
            for part in chunk.tool_parts
        )
        return replace(chunk, content=content, reasoning=reasoning, tool_parts=parts)
