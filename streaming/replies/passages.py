"""The passages of a document that have the words of a question, for a window that is too small for
all of it. Found by SQLite's full-text search in memory, whatever the database is."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

# About how many characters a passage has.
SIZE: Final = 1500
# How many words of a question are searched for.
MOST_WORDS: Final = 64

# What `conversations.files.documents` writes before each page, sheet and slide.
_MARK: Final = re.compile(r"^\[((?:Page|Sheet|Slide) [^\]\n]+)\]$", re.MULTILINE)
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, and on which page, sheet or slide it stands; in a document without
    any, which part it is."""

    position: int
    place: str
    text: str


def rank(text: str, question: str) -> tuple[Passage, ...]:
    """Return the passages of a text: those that fit the question best come first, then all others
    in their order. Takes a fraction of a second for a megabyte."""
    passages = [
        Passage(position, place, piece) for position, (place, piece) in enumerate(_pieces(text))
    ]
    words = dict.fromkeys(word.lower() for word in _WORD.findall(question))
    if not words:
        return tuple(passages)
    wanted = " OR ".join(f'"{word}"' for word in [*words][:MOST_WORDS])
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(
            "CREATE VIRTUAL TABLE passage USING fts5(text, tokenize='porter unicode61')"
        )
        rows = ((passage.position, passage.text) for passage in passages)
        database.executemany("INSERT INTO passage(rowid, text) VALUES (?, ?)", rows)
        ranked = database.execute(
            "SELECT rowid FROM passage WHERE passage MATCH ? ORDER BY rank, rowid", (wanted,)
        )
        best = [position for (position,) in ranked]
    others = sorted({*range(len(passages))} - {*best})
    return tuple(passages[position] for position in (*best, *others))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Each piece of a text with its place."""
    marked = _MARK.split(text)[1:]
    if not marked:
        pieces = list(_cut(text))
        for number, piece in enumerate(pieces, 1):
            yield f"Part {number} of {len(pieces)}", piece
        return
    for place, page in zip(marked[::2], marked[1::2], strict=True):
        for piece in _cut(page.strip("\n")):
            yield place, piece


def _cut(text: str) -> Iterator[str]:
    """Pieces of about `SIZE`, between lines where there are any, else between words."""
    start = 0
    while start < len(text):
        end = start + SIZE
        if end < len(text):
            half = start + SIZE // 2
            breaks = (text.rfind(sign, half, end) + 1 for sign in ("\n", " "))
            end = next((at for at in breaks if at), end)
        yield text[start:end]
        start = end
