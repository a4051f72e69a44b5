"""Compares text of any language as people do: by words, without case and accents.

Scripts that write without spaces have no words to see, so their text counts by parts: every place
gives the `PART` characters that begin there, and a search for fewer finds the beginnings of these.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Longer text is found by its beginning. PostgreSQL's list of words has to fit into 1 MB.
MOST_CHARACTERS = 200_000
MOST_BYTES = 900_000
LONGEST_WORD = 64
PART = 3

# Han, kana, Hangul, Thai, Lao, Myanmar and Khmer. Korean has spaces, but compounds it as it likes.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3105-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7ff"
    "\U00020000-\U0003ffff"
)
_RUN = re.compile(f"([{_UNSPACED}]+)|[^{_UNSPACED} ]+")
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
# Letters of their own in Cyrillic, which their decomposed form would make an и and an у.
_LETTERS = {"и\u0306": "й", "у\u0306": "ў"}


def fold(text: str) -> str:
    """Return the text in the form in which it is compared: compatible forms alike, without case,
    accents and vowel points, and a space for every other sign."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).casefold()
        for pair, letter in _LETTERS.items():
            text = text.replace(pair, letter)
        # Composes syllables of Hangul, and kana with their voice marks, which differ from those
        # without.
        return unicodedata.normalize("NFC", text.translate(_SIGNS))
    return text.lower().translate(_SIGNS)


class _Signs(dict[int, int | None]):
    """Maps a character to itself, to nothing, or to a space. Filled as characters are met."""

    def __missing__(self, code: int) -> int | None:
        self[code] = _sign(chr(code))
        return self[code]


_SIGNS = _Signs()
_SPACE = ord(" ")
_TATWEEL = "\u0640"
_GRAPHEME_JOINER = "\u034f"


def _sign(character: str) -> int | None:
    category = unicodedata.category(character)
    if category.startswith("M"):
        return ord(character) if _is_part_of_a_letter(character) else None
    # Soft hyphens, joiners and marks of direction are not seen.
    if category == "Cf" or character == _TATWEEL:
        return None
    return ord(character) if character.isalnum() else _SPACE


def _is_part_of_a_letter(mark: str) -> bool:
    """Tell vowel signs, as in Devanagari or Thai, from accents, and from the points of Hebrew and
    Arabic (classes 10 to 36), which are mostly not written."""
    kind = unicodedata.combining(mark)
    is_accent = kind == 1 or 10 <= kind <= 36 or kind >= 200
    chooses_a_look = "\ufe00" <= mark <= "\ufe0f" or mark >= "\U000e0100"
    return not (is_accent or chooses_a_look or mark == _GRAPHEME_JOINER)


def to_index(text: str) -> list[str]:
    """Return the words and parts by which a text is found, each once."""
    folded = fold(text[:MOST_CHARACTERS])
    if _HAS_UNSPACED.search(folded) is None:
        words = dict.fromkeys(word[:LONGEST_WORD] for word in folded.split(" ") if word)
    else:
        words = dict.fromkeys(_words_and_parts(folded))
    return _fitting(list(words))


def _words_and_parts(folded: str) -> Iterator[str]:
    for match in _RUN.finditer(folded):
        run = match[0]
        if match[1] is None:
            yield run[:LONGEST_WORD]
        else:
            for start in range(len(run)):
                yield run[start : start + PART]


def _fitting(words: list[str]) -> list[str]:
    room = MOST_BYTES
    for count, word in enumerate(words):
        room -= len(word.encode())
        if room < 0:
            return words[:count]
    return words


def to_query(query: str) -> list[str]:
    """Return the beginnings of words and parts that a text has to have to be found."""
    words: dict[str, None] = {}
    for match in _RUN.finditer(fold(query)):
        run = match[0]
        if match[1] is None or len(run) <= PART:
            words[run[:LONGEST_WORD]] = None
        else:
            words.update(dict.fromkeys(run[at : at + PART] for at in range(len(run) - PART + 1)))
    return list(words)


class Finder:
    """Finds the places of a query's words in texts."""

    def __init__(self, query: str) -> None:
        runs = dict.fromkeys(match[0] for match in _RUN.finditer(fold(query)))
        self._each = [re.compile(_pattern(run)) for run in runs]
        longest_first = sorted(runs, key=len, reverse=True)
        self._any = re.compile("|".join(map(_pattern, longest_first)) or "(?!)")

    def count(self, text: str) -> int:
        """Return how many of the words the text has."""
        folded = fold(text)
        return sum(pattern.search(folded) is not None for pattern in self._each)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where in the text its words begin and end, in order."""
        folded, origin = _traced(text)
        spans: list[tuple[int, int]] = []
        for match in self._any.finditer(folded):
            start, end = origin[match.start()][0], origin[match.end() - 1][1]
            if spans and start <= spans[-1][1]:
                start = spans.pop()[0]
            spans.append((start, end))
        return spans


def _pattern(run: str) -> str:
    """Match a run: a part anywhere, a word at the beginning of one."""
    if _HAS_UNSPACED.match(run):
        return re.escape(run)
    return f"(?<![^ {_UNSPACED}]){re.escape(run)}"


def _traced(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the text folded, and for each character of that where it comes from."""
    folded: list[str] = []
    origin: list[tuple[int, int]] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and _continues(text[end]):
            continue
        piece = _fold_character(text[start:end])
        folded.append(piece)
        origin += [(start, end)] * len(piece)
        start = end
    return "".join(folded), origin


@lru_cache(maxsize=10_000)
def _fold_character(character: str) -> str:
    return fold(character)


@lru_cache(maxsize=10_000)
def _continues(character: str) -> bool:
    """Tell whether a character belongs to the one before it: a mark, what is not seen, the second
    half of a syllable of Hangul, a voice mark of half-width kana."""
    return (
        unicodedata.category(character)[0] == "M"
        or unicodedata.category(character) == "Cf"
        or "\u1160" <= character <= "\u11ff"
        or character in "\uff9e\uff9f"
    )
