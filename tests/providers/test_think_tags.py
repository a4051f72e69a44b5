"""Reasoning in the text of a reply, told from what is said, wherever the pieces cut the tags."""

import itertools

import pytest

from providers.reply_text import ReplyText
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
    """Another thought in tags after that is something the model says."""
    assert read(Chunk("\n", "Hm"), Chunk("<think>x</think>"), END) == ("Hm", "\n<think>x</think>")


@pytest.mark.parametrize(
    "chunks",
    [
        [
            Chunk("", "Let me "),
            Chunk("", "think."),
            Chunk("<think>\nLet me think.\n</think>\n\nYes."),
        ],
        [Chunk("", "Let me think."), *map(Chunk, "<think>Let me think.</think>Yes.")],
        [Chunk("<think>Let me think.</think>Yes."), Chunk("", "Let me think.")],
        [
            Chunk("<think>"),
            Chunk("Let me ", "Let me "),
            Chunk("think.", "think."),
            Chunk("</think>Yes."),
        ],
        [Chunk("<think>", "Let me "), Chunk("Let me ", "think."), Chunk("think.</think>Yes.")],
        [Chunk("", "Let me "), Chunk("<think>Let me think.</think>Yes.", "think.")],
    ],
)
def test_the_same_thought_in_tags_and_in_the_field_is_told_once(chunks: list[Chunk]) -> None:
    reasoning, content = read(*chunks, END)
    assert ("".join(reasoning.split()), content) == ("Letmethink.", "Yes.")


def test_only_a_closing_tag() -> None:
    """In a whole reply, what comes before it is reasoning; so it is in the next streamed replies
    of the model, once this was seen."""
    whole = "Let me think.\n</think>\n\nYes."
    assert read(Chunk(whole), END) == ("Let me think.\n", "Yes.")
    tags = ThinkTags()
    for piece in ("Let me", " think.\n", "</think>", "\n\nYes."):
        assert "</think>" not in tags.split(Chunk(piece)).content
    assert tags.closed_alone
    for first in range(len(whole)):
        tags = ThinkTags(opened=True)
        found = [tags.split(c) for c in (Chunk(whole[:first]), Chunk(whole[first:]), END)]
        assert "".join(c.reasoning for c in found) == "Let me think.\n"
        assert "".join(c.content for c in found) == "Yes."


def test_a_closing_tag_in_a_sentence_is_text() -> None:
    tags = ThinkTags()
    found = [tags.split(Chunk(piece)).content for piece in ("Write ", "`</think>`", " at the end.")]
    assert "".join(found) == "Write `</think>` at the end."
    assert not tags.closed_alone


def test_a_reply_that_was_expected_to_think_and_did_not() -> None:
    """Nothing of its answer is lost, and the next one is read as any other."""
    closes_alone = {"m"}
    text = ReplyText("m", closes_alone)
    found = [text.clean(Chunk("Yes.")), text.clean(END)]
    assert "".join(chunk.content for chunk in found) == "Yes."
    assert closes_alone == set()


def test_a_server_that_has_begun_to_tell_thoughts_apart() -> None:
    """Of a model whose replies were only closed: its answer is none."""
    for answer in ("Yes.", "Let me think.</think>Yes."):
        tags = ThinkTags(opened=True)
        found = [tags.split(c) for c in (Chunk("", "Let me think."), *map(Chunk, answer), END)]
        assert "".join(c.reasoning for c in found) == "Let me think."
        assert "".join(c.content for c in found) == "Yes."


def test_a_call_comes_after_what_was_said_before_it() -> None:
    tags = ThinkTags()
    assert tags.split(Chunk("<")).content == ""
    assert tags.split(Chunk(tool_parts=(ToolPart(0, "call_1", "clock"),))).content == "<"
    assert tags.split(Chunk("<think>")).content == "<think>"
