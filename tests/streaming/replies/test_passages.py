"""Which pieces of a long document answer a question."""

import pytest

from streaming.replies.passages import SIZE, rank


def test_the_pieces_of_a_text_are_all_of_it():
    """In any script, with lines or without: no character is lost or twice."""
    for text in ("one line\n" * 1000, "word " * 2000, "語" * 5000, "x" * (SIZE + 1)):
        pieces = sorted(rank(text, "nothing of this"), key=lambda passage: passage.position)
        assert "".join(passage.text for passage in pieces) == text
        assert pieces[0].place == f"Part 1 of {len(pieces)}"


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Where do the whales sleep?", "Slide 2"),
        ('"; DROP TABLE passage; -- whales', "Slide 2"),
        ("", "Sheet Costs"),
        ("?!", "Sheet Costs"),
        ("NEAR AND OR NOT", "Sheet Costs"),
    ],
)
def test_the_best_comes_first(question: str, first: str):
    """By the question's words in any form; without one, the beginning."""
    text = "[Sheet Costs]\ntea | 2\n\n[Slide 2]\nA whale sleeps upright.\n\n[Page 3]\nNothing.\n"
    ranked = rank(text, question)
    assert ranked[0].place == first
    assert {passage.place for passage in ranked} == {"Sheet Costs", "Slide 2", "Page 3"}
