"""What the server draws of a thread into its page, and what it leaves to the app."""

from typing import Any

import pytest

from project import first_screen

QUESTION: dict[str, Any] = {"role": "user", "content": "Is it & why?", "attachments": []}
REPLY: dict[str, Any] = {
    "role": "assistant",
    "content": "It *is*, see [there](https://a.b) & `a`:\n\n## Why\n\n- so\n\n```py\nx < 1\n```",
    "status": "completed",
    "finish_reason": "stop",
    "reasoning": "",
    "fallback_used": False,
    "context": None,
    "attachments": [],
}


def test_markdown_is_drawn_as_the_app_draws_it():
    """With what was written escaped, and links that lead nowhere."""
    markup = str(first_screen.drawn([QUESTION, REPLY]))
    for part in (
        "Is it &amp; why?",
        'It <em>is</em>, see <span class="link">there</span> &amp; <code>a</code>:',
        '<h3 class="heading-2">Why</h3><ul><li>so</li></ul>',
        "x &lt; 1",
    ):
        assert part in markup, part
    assert "https:" not in markup


@pytest.mark.parametrize(
    "other",
    [
        {"content": text}
        for text in ("$x$", r"\(x\)", "a<br>b", "![a](b.png)", "> quote", "| a |\n|---|\n| b |")
    ]
    + [
        {"content": text}
        for text in (
            "- [x] done",
            "[^1]",
            "```mermaid\na\n```",
            "``x``\x1b",
            "[a](javascript:b)",
            "مرحبا",
            "",
            "a" * 9000,
        )
    ]
    + [{"content": "```\n" + "x\n" * 40 + "```"}, {"status": "streaming"}, {"reasoning": "Hm"}]
    + [{"finish_reason": "length"}, {"fallback_used": True}, {"context": {"dropped_messages": 2}}],
)
def test_what_may_look_otherwise_is_left_to_the_app(other: dict[str, Any]):
    """All of it: a part of a screen would move when the rest comes."""
    assert first_screen.drawn([QUESTION, {**REPLY, "content": "So."}]) is not None
    assert first_screen.drawn([QUESTION, {**REPLY, "content": "So."} | other]) is None
    assert first_screen.drawn([]) is None


def test_no_more_is_drawn_than_fills_a_screen():
    thread = [QUESTION, {**REPLY, "content": "word " * 100}] * 30
    assert str(first_screen.drawn(thread)).count("<article") <= 24
