"""Reasoning that a server leaves in the text of a reply: `<think>…</think>` at its start.

Most servers tell reasoning in a field of its own; a server that does not know a model's tags passes
them on, and some do both. Only what a reply begins with is taken for reasoning: later tags are
something it talks about. Works across pieces that cut a tag, in time that grows with the text.
Pure.
"""

from dataclasses import replace
from enum import Enum, auto

from providers.repeats import ToldTwice
from providers.types import Chunk

_OPEN, _CLOSE = "<think>", "</think>"
# White space that is held at the start, in characters, and room for it in a repeated thought.
_BLANK = 4096


class _At(Enum):
    START = auto()
    THOUGHT = auto()
    REPEAT = auto()  # a thought in tags that may be the one in the field
    GAP = auto()  # the white space between the thought and the answer
    ANSWER = auto()


class ThinkTags:
    """Splits the chunks of a reply, in their order.

    With `opened` the reply begins inside a thought: the model's template has written the opening
    tag into the prompt, so only the closing tag comes. `closed_alone` tells that this was so; in
    the middle of a stream it is known too late for what has come before it, which are the first
    `thought_characters` of the answer.
    """

    def __init__(self, *, opened: bool = False) -> None:
        self._at = _At.THOUGHT if opened else _At.START
        self._opened = opened
        self._held = ""  # what may be part of a tag
        self._repeat: list[str] = []  # what may be a repeated thought
        self._repeated = 0
        self._thought = ToldTwice()  # in the field, and in tags
        self._saw_open = False
        self._answered = 0
        self.closed_alone = False
        self.thought_characters = 0

    def split(self, chunk: Chunk) -> Chunk:
        """Return the chunk with all thoughts in its `reasoning`. A thought that comes both in tags
        and in the field is told once."""
        if self._at is _At.ANSWER and not chunk.reasoning and "think>" not in chunk.content:
            self._answered += len(chunk.content)
            return chunk
        reasoning = content = ""
        if chunk.reasoning:
            reasoning = self._thought.first.add(chunk.reasoning)
            if self._opened and self._at is _At.THOUGHT and not self._thought.second:
                self._at, self._opened = _At.REPEAT, False  # the server tells it apart by now
        if chunk.content:
            thought, content = self._read(chunk.content)
            reasoning += thought
        if chunk.tool_parts or chunk.finish:  # no more of this text will come
            thought, rest = self._release()
            reasoning, content = reasoning + thought, content + rest
        never_closed = self._opened and self._at is _At.THOUGHT
        if never_closed and chunk.finish and chunk.finish.reason == "stop":
            content += self._thought.second.text()  # it was the answer
        self._answered += len(content)
        if reasoning == chunk.reasoning and content == chunk.content:
            return chunk
        return replace(chunk, reasoning=reasoning, content=content)

    def _read(self, text: str) -> tuple[str, str]:
        """Split a text into reasoning and answer."""
        thought = ""
        text, self._held = self._held + text, ""
        if self._at is _At.START:
            text = self._start(text)
        if self._at is _At.REPEAT:
            thought, text = self._reread(text)
        if self._at is _At.THOUGHT and text:
            thought, text = self._think(text)
        if self._at is _At.GAP:
            text = text.lstrip()
            if text:
                self._at = _At.ANSWER
        elif self._at is _At.ANSWER:
            text = self._answer(text)
        return thought, text

    def _release(self) -> tuple[str, str]:
        """Return what is held as reasoning or as answer."""
        held, self._held = "".join((*self._repeat, self._held)), ""
        self._repeat = []
        if not held:
            return "", ""
        if self._at is _At.THOUGHT:
            return self._thought.second.add(held), ""
        if self._at is _At.REPEAT:
            self._thought.forget_second()
        self._at = _At.ANSWER
        return "", held

    def _start(self, text: str) -> str:
        """Decide how a reply begins, and return the text after its opening tag."""
        begun = text.lstrip()
        if len(text) < _BLANK and len(begun) < len(_OPEN) and _OPEN.startswith(begun):
            self._held, text = text, ""
        elif begun.startswith(_OPEN):
            self._at = _At.REPEAT if self._thought.first else _At.THOUGHT
            text = text if self._thought.first else begun.removeprefix(_OPEN)
        elif _CLOSE in begun and _OPEN not in begun.partition(_CLOSE)[0]:
            self.closed_alone = True
            self._at, text = _At.THOUGHT, begun
        else:
            self._at = _At.ANSWER
        return text

    def _think(self, text: str) -> tuple[str, str]:
        """Return the next part of a thought, and the text after it."""
        thought, closed, rest = text.partition(_CLOSE)
        if not closed:
            thought, self._held = _without_partial_tag(thought)
        else:
            self.closed_alone = self.closed_alone or self._opened
            self._at = _At.GAP
        thought = thought if self._thought.second else thought.lstrip()
        return (self._thought.second.add(thought) if thought else ""), rest

    def _reread(self, text: str) -> tuple[str, str]:
        """Return what is new in a thought in tags that is the same as in the field so far, and the
        text after it. A thought that is another is a part of the answer."""
        begun = text if self._repeat else text.lstrip().removeprefix(_OPEN)
        thought, closed, rest = begun.partition(_CLOSE)
        if not closed:
            thought, self._held = _without_partial_tag(thought)
        new = self._thought.second.add(thought)
        self._repeat.append(text.removesuffix(self._held))
        self._repeated += len(text)
        if self._thought.second.differs or self._repeated > self._most_of_repeat():
            self._thought.forget_second()
            text, self._repeat, self._held = "".join((*self._repeat, self._held)), [], ""
            self._at = _At.ANSWER
            return "", text
        if closed or new:
            self._at, self._repeat = _At.GAP if closed else _At.THOUGHT, []
        return new, rest

    def _most_of_repeat(self) -> int:
        return 2 * len(self._thought.first.letters) + _BLANK

    def _answer(self, text: str) -> str:
        """Return the text of an answer. A closing tag that was never opened and stands alone ends
        a thought that has been taken for the answer; a tag in a sentence is what it talks about."""
        self._saw_open = self._saw_open or _OPEN in text
        before, closed, after = text.partition(_CLOSE)
        alone = (not before or before.endswith("\n")) and (not after or after.startswith("\n"))
        if not closed or not alone or self._saw_open or self._thought.second:
            return text
        self.closed_alone = True
        self.thought_characters = self._answered + len(before)
        return before + after


def _without_partial_tag(text: str) -> tuple[str, str]:
    """Split off what may be the beginning of a closing tag."""
    cut = next(n for n in range(len(_CLOSE) - 1, -1, -1) if text.endswith(_CLOSE[:n]))
    return text[: len(text) - cut], text[len(text) - cut :]
