"""The title of a conversation: made of the first words of its first message. No model is asked."""

import re

TITLE_WORDS = 5
# A title is looked for in so many characters.
TITLE_SOURCE = 2_000
# What Markdown has at the start of a line: a heading, a quote, a list, a fence with its language.
_LINE_MARKS = re.compile(
    r"^[ \t]*(?:(?:#{1,6}|[-*+]|\d{1,3}[.)])[ \t]+|>[ \t]?|(?:`{3,}|~{3,})\S*[ \t]*$)+", re.M
)
_LINKS = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_PAIRED_MARKS = re.compile(r"(\*{1,3}|~~|`{1,3})(?=[^\s*~`])([^*~`]+?)(?<=\S)\1")


def title_of(content: str) -> str:
    """Return the first five words without marks of Markdown, and `...` if there are more."""
    words = _without_marks(content).split(maxsplit=TITLE_WORDS)
    title = " ".join(words[:TITLE_WORDS])
    if len(title) > 250:  # words without spaces, or a script that has none
        return title[:250] + "..."
    return title + "..." if len(words) > TITLE_WORDS else title


def _without_marks(content: str) -> str:
    """Return the beginning of a text in Markdown in plain words, or as it is."""
    source = content[:TITLE_SOURCE]
    text = _LINE_MARKS.sub("", source)
    text = _PAIRED_MARKS.sub(r"\2", _LINKS.sub(r"\1", text))
    return text if text.strip() else source
