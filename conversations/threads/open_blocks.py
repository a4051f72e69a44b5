"""Finds what a Markdown text leaves open at its end, which would swallow the text after it.

That is a fence of code, or HTML such as a comment, whose end never comes. All other blocks end at
an empty line or with the list item or the quote around them.
"""

import re
from dataclasses import dataclass

_QUOTE = re.compile(r" {0,3}> ?")
_ITEM = re.compile(r"( {0,3}(?:[-*+]|\d{1,9}[.)]))( +|$)")
_RULE = re.compile(r" {0,3}([-*_])[ ]*(?:\1[ ]*){2,}$")
_FENCE = re.compile(r" {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$")
_RAW = "script|pre|style|textarea"
_BLOCKS = "details|summary|div|p|table|t[rdh]|thead|tbody|ul|ol|li|h[1-6]|hr|section|article|center"
# What begins a block of HTML, what ends it, and the end to write. The last one ends at an empty
# line; a fence inside it is none.
_HTML = [
    (re.compile(rf" {{0,3}}{begin}", re.I), re.compile(end, re.I), written)
    for begin, end, written in (
        (
            rf"<(?:{_RAW})(?=[\s>]|$)",
            rf".*</(?:{_RAW})>",
            "</pre>",
        ),
        ("<!--", ".*-->", "-->"),
        (r"<\?", r".*\?>", "?>"),
        (r"<!\[CDATA\[", r".*\]\]>", "]]>"),
        ("<![a-z]", ".*>", ">"),
        (rf"</?(?:{_BLOCKS})(?=[\s/>]|$)", r"\s*$", ""),
    )
]
# The most columns between the marker of an item and its text; more are code in the item.
_MOST_SPACES = 4


@dataclass(frozen=True, slots=True)
class _Block:
    """An open block: the line that ends it, and the end to write."""

    end: re.Pattern[str]
    written: str


def closing_line(text: str) -> str:
    """Return the line that closes what is open at the end of the text, or an empty one."""
    # Quotes (0) and items (the columns by which their lines are indented) around the line.
    around: list[int] = []
    block: _Block | None = None
    for line in re.split(r"\r\n|\r|\n", text.expandtabs(4)):
        at, count = _inside(line, around)
        if count < len(around):
            around, block = around[:count], None
        if block is None:
            at = _enter(line, at, around)
            block = _begun(line[at:])
        elif block.end.match(line, at):
            block = None
    if block is None or not block.written:
        return ""
    return "".join(" " * columns if columns else "> " for columns in around) + block.written


def _inside(line: str, around: list[int]) -> tuple[int, int]:
    """Return where the line's text begins, and how many of the quotes and items it is inside."""
    at = 0
    for count, columns in enumerate(around):
        if columns == 0:
            quote = _QUOTE.match(line, at)
            if quote is None:
                return at, count
            at = quote.end()
        elif line[at : at + columns].isspace() and len(line) - at >= columns:
            at += columns
        elif line[at:].strip():
            return at, count
    return at, len(around)


def _enter(line: str, at: int, around: list[int]) -> int:
    """Add the quotes and items that begin in the line. Returns where its text begins."""
    while True:
        if quote := _QUOTE.match(line, at):
            around.append(0)
            at = quote.end()
        elif not _RULE.match(line, at) and (item := _ITEM.match(line, at)):
            spaces = len(item[2]) if 1 <= len(item[2]) <= _MOST_SPACES else 1
            around.append(len(item[1]) + spaces)
            at += len(item[1]) + spaces
        else:
            return at


def _begun(text: str) -> _Block | None:
    """Return the block that begins in the line and does not end in it."""
    if fence := _FENCE.match(text):
        marks = fence[1] or fence[2]
        return _Block(re.compile(rf" {{0,3}}{marks[0]}{{{len(marks)},}} *$"), marks)
    for begin, html_end, written in _HTML:
        if begin.match(text):
            return None if written and html_end.match(text) else _Block(html_end, written)
    return None
