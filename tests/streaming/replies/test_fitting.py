"""Which of a history is sent: the short way to it gives the same as the look at each message."""

from typing import Any
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from conversations.people.models import User
from conversations.threads.history import Said
from providers.echo import EchoProvider
from streaming.caller import Caller
from streaming.replies import prompt
from streaming.replies.prompt import Plan, make_plan
from streaming.route import Route

ROLES = st.sampled_from(["user", "user", "assistant", "assistant", "system"])
TEXTS = st.sampled_from(["", "Hello", "word " * 40, "今天天气很好。" * 20, "x" * 3000])


def plan(history: list[tuple[str, str]], window: int, strict: bool) -> Plan:
    route = Route(EchoProvider(), "m", window, window)
    if strict:
        route.facts.learn_strict_roles()
    parameters: dict[str, Any] = {"max_tokens": 256}
    return make_plan(
        caller=Caller(User()),
        route=route,
        history=[Said(*row) for row in history],
        content="And now?",
        parameters=parameters,
        older=3,
    )


@given(
    history=st.lists(st.tuples(ROLES, TEXTS), max_size=12),
    window=st.sampled_from([300, 1024, 4096, 32768]),
    strict=st.booleans(),
)
def test_both_ways_fit_the_same(history: list[tuple[str, str]], window: int, strict: bool) -> None:
    """For any order of roles, and windows of which some have room for all."""
    short = plan(history, window, strict).fitted
    with mock.patch.object(prompt, "_begins_well", return_value=False):
        assert plan(history, window, strict).fitted == short
