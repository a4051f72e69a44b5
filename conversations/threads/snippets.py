"""The piece of a text around what a search found, with the places that matched."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, TypedDict
from uuid import UUID

from django.db.models.functions import Left

from conversations.threads.models import Conversation, Message
from conversations.threads.search import Hit
from conversations.threads.words import MOST_CHARACTERS, Finder

# Characters before the first match, and of the whole piece.
BEFORE = 30
LENGTH = 100
# How far a piece goes on to end between two words.
TO_A_SPACE = 12
# Lines of which the visible text is looked at, the best first.
TRIES = 5

_FENCE = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])?[ \t]*(`{3,}|~{3,})")
_LINE_START = re.compile(
    r"^[ \t]*(?:>[ \t]?)*[ \t]*(?:#{1,6}[ \t]+|(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?)?"
)
_RULE = re.compile(r"[ \t|:=_*-]+$")
# Each mark with what it surrounds, which is bounded: a mark that is never closed costs little.
_MARKS = re.compile(
    r"(?P<ticks>`{1,3}) ?(?P<code>[^`].{0,300}?) ?(?P=ticks)(?!`)"
    r"|!?\[(?P<label>[^\]]{0,300})\]\([^()\s]{0,2000}(?:\s\"[^\"]{0,300}\")?\)"
    r"|(?P<pair>\*\*|__|~~)(?=\S)(?P<strong>.{1,300}?)(?<=\S)(?P=pair)"
    r"|(?<![\w*])\*(?=[^\s*])(?P<star>[^*]{1,300}?)(?<=\S)\*(?![\w*])"
    r"|(?<![\w_])_(?=[^\s_])(?P<line>[^_]{1,300}?)(?<=\S)_(?![\w_])"
    r"|</?(?:br|b|i|em|strong|sub|sup|details|summary|p|div|span)\b[^>]{0,300}>"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
)
_VERBATIM = ("code", "escaped")
_INNER = ("label", "strong", "star", "line")
_DEEPEST = 3
# A line, or as much of a long one as is looked at together.
_PIECES = re.compile(r".{1,1000}(?:(?<=[\s,.;!?、。，；！？])|$)|.{1,1000}|^$")


class Part(TypedDict):
    """A part of a text, and whether the search found it."""

    text: str
    marked: bool


class Match(TypedDict):
    """Where a conversation matches: the parts of its title, and of a message's text around the
    first match if there is one."""

    message_id: UUID | None
    title: list[Part]
    snippet: list[Part] | None


class _Line(NamedTuple):
    text: str
    markdown: bool

    def plain(self) -> str:
        """Return the text without the marks of Markdown."""
        if not self.markdown:
            return self.text
        if _RULE.match(self.text):
            return ""
        return _without_marks(_LINE_START.sub("", self.text))


def matches(
    rows: Collection[Conversation], *, hits: Mapping[UUID, Hit], query: str
) -> dict[UUID, Match]:
    """Return where each of the conversations matches."""
    finder = Finder(query)
    ids = [hits[row.pk].message_id for row in rows]
    texts = Message.objects.filter(id__in=ids).annotate(text=Left("content", MOST_CHARACTERS))
    snippets = {
        key: around(text, finder, markdown=role != Message.Role.USER)
        for key, role, text in texts.order_by().values_list("id", "role", "text").iterator(10)
    }
    return {
        row.pk: Match(
            message_id=message_id,
            title=_parts(row.title, finder.places(row.title)),
            snippet=None if message_id is None else snippets.get(message_id),
        )
        for row, message_id in zip(rows, ids, strict=True)
    }


def around(content: str, finder: Finder, *, markdown: bool) -> list[Part]:
    """Return the piece of a message around its best line in parts; of Markdown, the text that
    people see, unless only what they do not see matches."""
    lines = list(_lines(content[:MOST_CHARACTERS], markdown))
    counts = [finder.count(line.text) for line in lines]
    by_count = sorted(range(len(lines)), key=lambda number: -counts[number])
    visible = (n for n in by_count[:TRIES] if counts[n] and finder.count(lines[n].plain()))
    best = next(visible, None)
    if best is None:
        best = by_count[0]
        if counts[best]:
            lines = [line._replace(markdown=False) for line in lines]
    before = _joined(reversed(lines[:best]), backwards=True)
    text = (before + _joined(lines[best : best + 1]) + _joined(lines[best + 1 :])).rstrip()
    places = finder.places(text)
    first = next((place for place in places if place[0] >= len(before)), (0, 0))
    start, end = _window(text, *first)
    inside = [
        (max(at, start) - start, min(to, end) - start)
        for at, to in places
        if at < end and to > start
    ]
    parts = _parts(text[start:end], inside)
    if start > 0:
        parts = _parts("…", []) + parts
    if end < len(text):
        parts += _parts("…", [])
    return parts


def _joined(lines: Iterable[_Line], *, backwards: bool = False) -> str:
    """Join the lines, but for more than a piece can reach into, with a space after each."""
    pieces: list[str] = []
    length = 0
    for line in lines:
        words = " ".join(line.plain().split())
        if words:
            pieces.append(f"{words} ")
            length += len(words)
        if length > 2 * LENGTH:
            break
    return "".join(reversed(pieces) if backwards else pieces)


def _window(text: str, first: int, first_end: int) -> tuple[int, int]:
    """Return where the piece around the first match begins and ends: between words, if there is
    a space nearby."""
    start = max(0, first - BEFORE)
    if start > 0:
        start = text.find(" ", start, min(start + TO_A_SPACE, first)) + 1 or start
    end = min(len(text), max(start + LENGTH, first_end))
    if end < len(text):
        space = text.rfind(" ", max(end - TO_A_SPACE, first_end), end)
        end = space if space >= 0 else end
    return start, end


def _parts(text: str, places: list[tuple[int, int]]) -> list[Part]:
    parts: list[Part] = []
    at = 0
    for start, end in [*places, (len(text), len(text))]:
        for piece, marked in ((text[at:start], False), (text[start:end], True)):
            if piece:
                parts.append({"text": piece, "marked": marked})
        at = end
    return parts


def _lines(text: str, markdown: bool) -> Iterator[_Line]:
    """Yield the lines, long ones in pieces, without the fences of code."""
    fence = ""
    for line in text.split("\n"):
        opened = _FENCE.match(line) if markdown else None
        if opened and not fence:
            fence = opened[1]
        elif opened and opened[1].startswith(fence) and not line[opened.end() :].strip("`~ "):
            fence = ""
        else:
            for match in _PIECES.finditer(line):
                yield _Line(match[0], markdown and not fence)


def _without_marks(text: str, depth: int = 0) -> str:
    if depth == _DEEPEST:
        return text

    def inner(match: re.Match[str]) -> str:
        for name in _VERBATIM:
            if match[name] is not None:
                return match[name]
        inner = next((match[name] for name in _INNER if match[name] is not None), " ")
        return _without_marks(inner, depth + 1)

    return _MARKS.sub(inner, text)
