"""The order of roles in a prompt, for templates that insist on one."""

from itertools import pairwise
from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from providers.types import ChatMessage, ChatToolCall, Image
from streaming.replies.roles import join_neighbours, without_system

PICTURE = Image("image/png", "aaaa")
messages = st.lists(
    st.builds(ChatMessage, st.sampled_from(["system", "user", "assistant"]), st.text(max_size=5))
)


def neighbours(prompt: tuple[ChatMessage, ...]) -> list[str]:
    return [a.role for a, b in pairwise(prompt) if a.role == b.role]


@given(messages)
def test_no_neighbours_of_one_role(history: list[ChatMessage]):
    """And no text is lost, nor its order."""
    said = "".join("".join(message.content.split()) for message in history)
    for prompt in (join_neighbours(history), without_system(history)):
        assert neighbours(prompt) == []
        assert "".join("".join(message.content.split()) for message in prompt) == said
    assert "system" not in {message.role for message in without_system(history)}


def test_an_empty_line_is_between():
    history = [
        ChatMessage("system", "Be brief."),
        ChatMessage("user", "One"),
        ChatMessage("user", ""),
    ]
    assert join_neighbours(history)[1] == ChatMessage("user", "One")
    asked = (*history, ChatMessage("user", "Two"))
    assert without_system(asked) == (ChatMessage("user", "Be brief.\n\nOne\n\nTwo"),)


def test_pictures_stay_where_they_are():
    shown = ChatMessage("user", "This?", parts=("This?", PICTURE))
    [joined] = join_neighbours([ChatMessage("user", "Look."), shown])
    assert joined.content == "Look.\n\nThis?"
    assert joined.parts == ("Look.", "\n\n", "This?", PICTURE)


def test_calls_and_their_answers_are_left_alone():
    call = ChatMessage("assistant", "", tool_calls=(ChatToolCall("1", "clock", "{}"),))
    answers = [ChatMessage("tool", "noon", tool_call_id=which) for which in ("1", "2")]
    history = [ChatMessage("assistant", "Wait."), call, *answers]
    assert join_neighbours(history) == tuple(history)


def test_many_neighbours_take_no_longer_each():
    """Each was copied for each that followed: ten megabytes took a minute."""
    history = [ChatMessage("user", "x" * 1000) for _ in range(10_000)]
    began = process_time()
    [joined] = join_neighbours(history)
    assert len(joined.content) == 10_000 * 1002 - 2
    assert process_time() - began < 5
