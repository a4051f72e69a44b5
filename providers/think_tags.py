"""Reasoning that a server leaves in the text of a reply: `<think>…</think>` at its start.

Most servers tell reasoning in a field of its own; a server that does not know a model's tags passes
them on, and some do both. Only what a reply begins with is taken for reasoning: later tags are
something it talks about. Works across pieces that cut a tag. Pure.
"""

from dataclasses import replace
from enum import Enum, auto

from providers.types import Chunk

_OPEN, _CLOSE = "<think>", "</think>"


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
    the middle of a stream it is known too late for what has come before it.
    """

    def __init__(self, *, opened: bool = False) -> None:
        self._at = _At.THOUGHT if opened else _At.START
        self._opened = opened
        self._held = ""  # what may be part of a tag, or a repeated thought
        self._in_field = ""  # reasoning so far, by where it came
        self._in_tags = ""
        self._saw_open = False
        self.closed_alone = False

    def split(self, chunk: Chunk) -> Chunk:
        """Return the chunk with all thoughts in its `reasoning`. A thought that comes both in tags
        and in the field is told once."""
        if self._at is _At.ANSWER and not chunk.reasoning and "think>" not in chunk.content:
            return chunk
        reasoning = ""
        if chunk.reasoning:
            before, self._in_field = self._in_field, self._in_field + chunk.reasoning
            reasoning = _new(before, chunk.reasoning, self._in_tags)
        text, self._held = self._held + chunk.content, ""
        thought, content = self._read(text)
        if (chunk.tool_parts or chunk.finish) and self._held:  # no more of this text will come
            held, self._held = self._held, ""
            if self._at is _At.THOUGHT:
                thought += held
            else:
                self._at, content = _At.ANSWER, content + held
        before, self._in_tags = self._in_tags, self._in_tags + thought
        reasoning += _new(before, thought, self._in_field)
        never_closed = self._opened and self._at is _At.THOUGHT
        if never_closed and chunk.finish and chunk.finish.reason == "stop":
            content += self._in_tags  # it was the answer
        return replace(chunk, reasoning=reasoning, content=content)

    def _read(self, text: str) -> tuple[str, str]:
        """Split a text into reasoning and answer."""
        thought = ""
        if self._at is _At.START:
            text = self._start(text)
        if self._at is _At.REPEAT:
            thought, text = self._repeat(text)
        if self._at is _At.THOUGHT:
            thought, closed, text = text.partition(_CLOSE)
            thought, self._held = _without_partial_tag(thought) if not closed else (thought, "")
            thought = thought if self._in_tags else thought.lstrip()
            if closed:
                self.closed_alone = self.closed_alone or self._opened
                self._at = _At.GAP
        if self._at is _At.GAP:
            text = text.lstrip()
            if text:
                self._at = _At.ANSWER
        elif self._at is _At.ANSWER:
            text = self._answer(text)
        return thought, text

    def _start(self, text: str) -> str:
        """Decide how a reply begins, and return the text after its opening tag."""
        begun = text.lstrip()
        if len(begun) < len(_OPEN) and _OPEN.startswith(begun):
            self._held, text = text, ""
        elif begun.startswith(_OPEN):
            self._at = _At.REPEAT if self._in_field else _At.THOUGHT
            text = text if self._in_field else begun.removeprefix(_OPEN)
        elif _CLOSE in begun and _OPEN not in begun.partition(_CLOSE)[0]:
            self.closed_alone = True
            self._at, text = _At.THOUGHT, begun
        else:
            self._at = _At.ANSWER
        return text

    def _repeat(self, text: str) -> tuple[str, str]:
        """Return what is new in a thought in tags that is the same as in the field so far, and the
        text after it. A thought that is another is a part of the answer."""
        thought, closed, rest = text.lstrip().removeprefix(_OPEN).partition(_CLOSE)
        if not closed:
            thought, _ = _without_partial_tag(thought)
        there, here = "".join(self._in_field.split()), "".join(thought.split())
        if not there.startswith(here) and not here.startswith(there):
            self._at = _At.ANSWER
            return "", text
        if not closed:
            self._held = text
            return "", ""
        self._at = _At.GAP
        return thought.strip() if len(here) > len(there) else "", rest

    def _answer(self, text: str) -> str:
        """Return the text of an answer. A closing tag that was never opened and stands alone ends
        a thought that has been taken for the answer; a tag in a sentence is what it talks about."""
        self._saw_open = self._saw_open or _OPEN in text
        before, closed, after = text.partition(_CLOSE)
        alone = (not before or before.endswith("\n")) and (not after or after.startswith("\n"))
        if not closed or not alone or self._saw_open or self._in_tags:
            return text
        self.closed_alone = True
        return before + after


def _without_partial_tag(text: str) -> tuple[str, str]:
    """Split off what may be the beginning of a closing tag."""
    cut = next(n for n in range(len(_CLOSE) - 1, -1, -1) if text.endswith(_CLOSE[:n]))
    return text[: len(text) - cut], text[len(text) - cut :]


def _new(before: str, piece: str, elsewhere: str) -> str:
    """Return what of the next piece of a thought is new, where the thought may come elsewhere."""
    if not elsewhere or not piece:
        return piece
    thought = before + piece
    if "".join(elsewhere.split()).startswith("".join(thought.split())):
        return ""
    return thought[len(elsewhere) :] if thought.startswith(elsewhere) else piece
