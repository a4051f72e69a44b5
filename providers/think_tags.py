"""Reasoning that a server leaves in the text: `<think>…</think>` at the start of a reply.

Most servers tell reasoning by itself; one that does not know a model's tags passes them on. Only
what a reply begins with is taken for them: later ones are something it talks about. Works across
pieces that cut a tag. Pure.
"""

from dataclasses import replace
from enum import Enum, auto

from providers.types import Chunk

_OPEN, _CLOSE = "<think>", "</think>"


class _At(Enum):
    START = auto()
    THOUGHT = auto()
    GAP = auto()  # the white space between the thought and the answer
    ANSWER = auto()


class ThinkTags:
    """Splits the chunks of one reply, in their order."""

    def __init__(self) -> None:
        self._at = _At.START
        self._held = ""  # what may be part of a tag
        self._thought = False

    def split(self, chunk: Chunk) -> Chunk:
        """The chunk with what is thought as its `reasoning`."""
        if self._at == _At.ANSWER:
            return chunk
        if chunk.reasoning:  # this server tells it by itself
            self._at = _At.ANSWER
            return replace(chunk, content=self._released() + chunk.content)
        reasoning, content = self._read(self._released() + chunk.content)
        if chunk.tool_parts or chunk.finish:  # no more of this text will come
            if self._at == _At.START:
                self._at, content = _At.ANSWER, content + self._released()
            reasoning += self._released()
        return replace(chunk, reasoning=reasoning, content=content)

    def _released(self) -> str:
        held, self._held = self._held, ""
        return held

    def _read(self, text: str) -> tuple[str, str]:
        """What of the text is thought, and what is said."""
        reasoning = ""
        if self._at == _At.START:
            begun = text.lstrip()
            if len(begun) < len(_OPEN) and _OPEN.startswith(begun):
                self._held = text
                return "", ""
            if not begun.startswith(_OPEN):
                self._at = _At.ANSWER
                return "", text
            self._at, text = _At.THOUGHT, begun.removeprefix(_OPEN)
        if self._at == _At.THOUGHT:
            thought, closed, rest = text.partition(_CLOSE)
            if not closed:
                cut = next(n for n in range(len(_CLOSE) - 1, -1, -1) if text.endswith(_CLOSE[:n]))
                thought, self._held = text[: len(text) - cut], text[len(text) - cut :]
            reasoning = thought if self._thought else thought.lstrip()
            self._thought = self._thought or bool(reasoning)
            if not closed:
                return reasoning, ""
            self._at, text = _At.GAP, rest
        content = text.lstrip()
        if content:
            self._at = _At.ANSWER
        return reasoning, content
