"""Reasoning in the text of a reply, told from what is said, wherever the pieces cut the tags."""

import itertools

import pytest

from providers.think_tags import ThinkTags
from providers.types import Chunk, Finish, ToolPart

END = Chunk(finish=Finish("stop"))


def read(*chunks: Chunk) -> tuple[str, str]:
    """The reasoning and the content of a reply."""
    tags = ThinkTags()
    found = [tags.split(chunk) for chunk in chunks]
    return "".join(c.reasoning for c in found), "".join(c.content for c in found)


@pytest.mark.parametrize(
    ("text", "reasoning", "content"),
    [
        ("<think>\nHm <b>.</think>\n\nYes.", "Hm <b>.", "Yes."),
        ("\n <think>Hm</think>Yes </think>", "Hm", "Yes </think>"),
        ("<think>\n\n</think>\n\nYes.", "", "Yes."),
        ("<think>Never closed </thin", "Never closed </thin", ""),
        ("<think></think>", "", ""),
        ("<thin", "", "<thin"),
        ("<thinking>Hm</thinking>", "", "<thinking>Hm</thinking>"),
        ("Use <think>tags</think>.", "", "Use <think>tags</think>."),
        ("  \n<b>Yes.</b>", "", "  \n<b>Yes.</b>"),
        (" ", "", " "),
        ("", "", ""),
    ],
)
def test_whatever_the_pieces(text: str, reasoning: str, content: str) -> None:
    """Only what a reply begins with is taken for reasoning, and nothing else is lost."""
    for first, second in itertools.combinations_with_replacement(range(len(text) + 1), 2):
        pieces = (text[:first], text[first:second], text[second:])
        assert read(*map(Chunk, pieces), END) == (reasoning, content)
    assert read(*map(Chunk, text), END) == (reasoning, content)


def test_a_server_that_tells_reasoning_by_itself() -> None:
    """Tags after that are something the model says."""
    assert read(Chunk("\n", "Hm"), Chunk("<think>x</think>"), END) == ("Hm", "\n<think>x</think>")


def test_a_call_comes_after_what_was_said_before_it() -> None:
    tags = ThinkTags()
    assert tags.split(Chunk("<")).content == ""
    assert tags.split(Chunk(tool_parts=(ToolPart(0, "call_1", "clock"),))).content == "<"
    assert tags.split(Chunk("<think>")).content == "<think>"
