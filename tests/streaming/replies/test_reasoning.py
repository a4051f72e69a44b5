"""Room to think, beside that of the reply."""

from typing import Any

import pytest
from django.conf import settings

from conversations.people.models import User
from conversations.threads import parameters
from providers.echo import EchoProvider
from providers.types import ChatMessage, Model, Usage
from streaming.caller import Caller
from streaming.replies.prompt import Plan, make_plan
from streaming.route import Route
from tests.harness.place import Place
from tests.harness.rest import ok

THINKS = Model(name="m", label="M", capabilities=("completion", "thinking"))
PLAIN = Model(name="m", label="M", capabilities=("completion",))
ROOM = settings.CHAT_REASONING_TOKENS


def plan_of(listed: Model, *, window: int | None = 32_768, **chosen: Any) -> Plan:
    return make_plan(
        caller=Caller(User()),
        route=Route(EchoProvider(), "m", window or 8192, window, listed=listed),
        history=(),
        content="Hello",
        parameters=parameters.settle({}, chosen),
    )


@pytest.mark.parametrize(
    ("listed", "chosen", "asked"),
    [
        (THINKS, {}, 512 + ROOM),
        (THINKS, {"max_tokens": 300}, 300 + ROOM),
        (THINKS, {"reasoning_effort": "none"}, 512),
        (PLAIN, {}, 512),
        (PLAIN, {"reasoning_effort": "high"}, 512),
    ],
)
def test_who_thinks_gets_room_for_it(listed: Model, chosen: dict, asked: int):
    """Beside what was asked for."""
    assert plan_of(listed, **chosen).max_tokens == asked


def test_nothing_is_asked_for_that_the_window_has_no_room_for():
    plan = plan_of(THINKS, window=2048)
    assert plan.max_tokens == 2048 - plan.fitted.prompt_tokens
    assert plan_of(THINKS, window=None).max_tokens == 512 + ROOM


def test_the_room_takes_no_more_than_half_of_the_window_from_the_conversation():
    history = tuple(ChatMessage("user", "word " * 400) for _ in range(40))
    routes = [Route(EchoProvider(), "m", 4096, 4096, listed=model) for model in (THINKS, PLAIN)]
    thinking, plain = (
        Plan(Caller(User()), route, history, parameters.settle({}, {})) for route in routes
    )
    assert 1024 < thinking.fitted.prompt_tokens <= 2048 < plain.fitted.prompt_tokens <= 4096 - 512


def test_a_stateless_reply_gets_what_its_caller_says():
    plan = plan_of(THINKS)
    whole = Plan(plan.caller, plan.route, plan.history, plan.parameters, trims=False)
    assert whole.max_tokens == 512


def test_who_is_seen_to_think_is_known_to():
    """Where its provider does not list it."""
    plan = plan_of(Model(name="m", label="M"))
    plan.learn(Usage(3, 9))
    assert plan.max_tokens == 512
    plan.learn(Usage(3, 9, reasoning_tokens=4))
    assert plan.max_tokens == 512 + ROOM


def test_what_was_remembered_is_brought_into_the_bounds():
    """They may have been wider when it was chosen."""
    remembered = {"max_tokens": 9000, "temperature": -1, "model": "m", "tools": ["x"]}
    settled = parameters.settle(remembered, {})
    assert settled == {"max_tokens": 1024, "temperature": 0.0, "model": "m"}
    assert parameters.settle({"top_p": 0.5}, {"temperature": 0.1}) == {
        "temperature": 0.1,
        "max_tokens": 512,
        "top_p": 0.5,
    }


async def test_the_effort_goes_to_who_thinks(daphne_place: Place):
    """And is remembered, but left out for a model that does not think, which would refuse it."""
    person = await daphne_place.person()
    chat = await person.conversation()
    effort = {"reasoning_effort": "low"}
    ok(await person.rest.generate(chat, model="think", parameters=effort))
    ok(await person.rest.generate(chat, model="normal"))
    first, second = (exchange.json for exchange in daphne_place.ollama.chats)
    assert (first["think"], first["options"]["num_predict"]) == ("low", 512 + ROOM)
    assert "think" not in second
    assert "top_p" not in first["options"]
    assert (await person.rest.conversation(chat))["settings"]["reasoning_effort"] == "low"
