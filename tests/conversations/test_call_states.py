"""Tool calls under anything in any order: asked, decided, run, stopped, left by a process that
died, found again. A model beside them says what has to hold.

Faults are planted, and each is found by what the machine checks.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from conversations.errors import Conflict, ConversationBusy
from conversations.people import services as people
from conversations.threads import services
from conversations.threads.models import Conversation, Message, Status
from conversations.tools import approval, asking, calls, inputs
from conversations.tools.approval import Decision
from conversations.tools.asking import Asked
from conversations.tools.inputs import Question
from conversations.tools.models import State, ToolCall
from conversations.tools.offers import Offer
from tests.conversations.conftest import open_turn

OFFERS = [Offer("write", "wiki", "write"), Offer("look", "wiki", "look", read_only=True)]
FORM = {"type": "object", "properties": {"name": {"type": "string"}}}
OPEN = (State.ASKED, State.ALLOWED, State.RUNNING)
PLACES = st.integers(0, 2)
PROCESSES = st.integers(0, 1)


def _close(reply: Message, **fields: Any) -> None:
    ended = {"status": Status.COMPLETED, "completed_at": timezone.now(), **fields}
    Message.objects.filter(id=reply.id).update(**ended)


class CallMachine(RuleBasedStateMachine):
    """One conversation at two processes."""

    @initialize()
    def begin(self) -> None:
        user = people.create_user(username=f"p{uuid4().hex}", password=None)
        self.chat = services.create_conversation(user=user)
        self.processes = [uuid4(), uuid4()]
        # What each process believes to run: a paused one learns nothing.
        self.held: list[dict[UUID, ToolCall]] = [{}, {}]
        self.asking: Message | None = None
        self.states: dict[UUID, State] = {}
        self.runs: dict[UUID, int] = {}
        self.final: dict[UUID, str] = {}
        self.answered: dict[UUID, int] = {}

    def call(self, place: int) -> UUID:
        return list(self.states)[place % len(self.states)]

    def asks(self) -> bool:
        return self.asking is not None

    def under_way(self) -> bool:
        return not {State.ALLOWED, State.RUNNING}.isdisjoint(self.states.values())

    # --- What may happen ----------------------------------------------------------------------

    @precondition(lambda self: not self.asks())
    @rule(tools=st.lists(st.sampled_from(["write", "look", "nothing"]), min_size=1, max_size=3))
    def ask(self, tools: list[str]) -> None:
        reply = open_turn(self.chat).reply
        with transaction.atomic():
            _close(reply, finish_reason="tool_calls")
            reply.refresh_from_db()
            asked = [Asked(f"c{n}", tool, "{}") for n, tool in enumerate(tools)]
            rows = asking.ask(reply=reply, asked=asked, offers=OFFERS)
        usual = {"write": State.ASKED, "look": State.ALLOWED, "nothing": State.FAILED}
        assert [row.state for row in rows] == [usual[tool] for tool in tools]
        self.asking = reply
        self.states = {row.id: State(row.state) for row in rows}

    @precondition(asks)
    @rule(place=PLACES, allow=st.booleans(), twice=st.booleans())
    def decide(self, place: int, allow: bool, twice: bool) -> None:
        assert self.asking is not None
        call, client_id = self.call(place), uuid4()
        row = ToolCall.objects.get(id=call)
        answers = {q["id"]: {"action": "decline"} for q in inputs.open_questions(row.input)}
        decision = Decision(client_id, allow, answers=answers or None)
        given: dict[str, Any] = {"message_id": self.asking.id, "call_id": call}
        if self.states[call] != State.ASKED:
            with pytest.raises(Conflict):
                approval.decide(user=self.chat.user, decision=decision, **given)
            return
        for first in (True, False) if twice else (True,):
            decided = approval.decide(user=self.chat.user, decision=decision, **given)
            assert decided[1] is first
        self.states[call] = State.ALLOWED if allow else State.DENIED

    @precondition(asks)
    @rule(process=PROCESSES)
    def run(self, process: int) -> None:
        assert self.asking is not None
        rows = calls.claim(message_id=self.asking.id, writer=self.processes[process])
        allowed = {key for key, state in self.states.items() if state == State.ALLOWED}
        assert {row.id for row in rows} == allowed
        for row in rows:
            self.held[process][row.id] = row
            self.states[row.id] = State.RUNNING
            self.runs[row.id] = self.runs.get(row.id, 0) + 1

    @precondition(lambda self: any(self.held))
    @rule(process=PROCESSES, place=PLACES, needs_input=st.booleans())
    def end(self, process: int, place: int, needs_input: bool) -> None:
        """Also of a call that was stopped or given up meanwhile."""
        if not (held := self.held[process]):
            return
        row = held.pop(list(held)[place % len(held)])
        ours = self.states.get(row.id) == State.RUNNING
        if needs_input:
            text = inputs.asked(row.input, [Question("k", "Who?", FORM)], None)
            assert calls.ask_input(call=row, text=text) is ours
            state = State.ASKED
            self.answered[row.id] = self.answered.get(row.id, 0) + ours
        else:
            done = calls.finish(call=row, state=State.DONE, result="done", took_s=0.1)
            assert done is ours
            state = State.DONE
        if ours:
            self.states[row.id] = state

    @rule(process=PROCESSES, sleeps=st.booleans())
    def die(self, process: int, sleeps: bool) -> None:
        """And be found out; or only sleep for so long that it is."""
        writer = self.processes[process]
        running = ToolCall.objects.filter(writer=writer, state=State.RUNNING)
        dead = set(running.values_list("id", flat=True))
        for row in running:
            row.started_at -= timedelta(hours=1)  # type: ignore[operator]
            row.save()
        assert {row.id for row in calls.interrupt_lost(all_of_them=False)} == dead
        self.states |= dict.fromkeys(dead, State.INTERRUPTED)
        if not sleeps:
            self.held[process].clear()
            self.processes[process] = uuid4()

    @rule()
    def restart(self) -> None:
        """Of every process."""
        calls.interrupt_lost(all_of_them=True)
        for key, state in self.states.items():
            if state == State.RUNNING:
                self.states[key] = State.INTERRUPTED
        self.held, self.processes = [{}, {}], [uuid4(), uuid4()]
        left = calls.left_waiting(all_of_them=True)
        waits = self.asking is not None and State.ASKED not in self.states.values()
        assert ([self.asking.id] if self.asking and waits else []) == [
            key for key in left if Message.objects.get(id=key).conversation_id == self.chat.id
        ]

    @rule()
    def stop(self) -> None:
        rows = calls.stop(conversation_id=self.chat.id)
        open_calls = {key for key, state in self.states.items() if state in OPEN}
        assert {row.id for row in rows} == open_calls
        self.states |= dict.fromkeys(open_calls, State.CANCELLED)
        self.over()

    @precondition(asks)
    @rule()
    def go_on(self) -> None:
        """As each process tries after each call, and one may."""
        assert self.asking is not None
        reply = {"model": "m", "provider_used": "echo"}
        ready = set(self.states.values()).isdisjoint(OPEN)
        step = services.open_step(asking=self.asking, reply=reply)
        assert (step is not None) is ready
        if step is not None:
            _close(step.reply)
            assert services.open_step(asking=self.asking, reply=reply) is None
            self.over()

    @precondition(asks)
    @rule()
    def say_something_else(self) -> None:
        """Instead of deciding. It is refused while a call runs, or the next reply is about to."""
        if self.under_way() or State.ASKED not in self.states.values():
            with pytest.raises(ConversationBusy):
                open_turn(self.chat, "Something else")
            return
        reply = open_turn(self.chat, "Something else").reply
        _close(reply)
        for key, state in self.states.items():
            if state == State.ASKED:
                self.states[key] = State.DENIED
        self.over()

    def over(self) -> None:
        self.compare()
        self.states, self.asking = {}, None

    # --- What has to hold ---------------------------------------------------------------------

    @invariant()
    def compare(self) -> None:
        rows = ToolCall.objects.in_bulk(list(self.states))
        assert {key: row.state for key, row in rows.items()} == self.states
        awaits = Conversation.objects.get(pk=self.chat.pk).awaits
        if self.asking is None:
            assert awaits == ""
        elif State.ASKED in self.states.values():
            assert awaits == "decision"
        elif awaits:
            assert awaits == "tools"

    @invariant()
    def nothing_is_repeated_and_nothing_ends_twice(self) -> None:
        for key, runs in self.runs.items():
            assert runs <= 1 + self.answered.get(key, 0)
        rows = ToolCall.objects.filter(message__conversation=self.chat)
        for row in rows.exclude(completed_at=None):
            assert self.final.setdefault(row.id, f"{row.state} {row.result}") == (
                f"{row.state} {row.result}"
            )
            assert row.input == ""


def explore(examples: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=16,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(CallMachine, settings=chosen)


def test_calls_keep_the_rules(db: None):
    explore(25)


def _finish_of_anybody(*, call: ToolCall, state: str, result: str, **_more: Any) -> bool:
    row = ToolCall.objects.get(id=call.id)
    calls._end(row, state, result)
    row.save()
    return True


def _claim_once_more(*, message_id: UUID, writer: UUID) -> list[ToolCall]:
    rows = list(calls.of_message(message_id).filter(state__in=[State.ALLOWED, State.RUNNING]))
    for row in rows:
        row.state, row.writer, row.started_at = State.RUNNING, writer, row.created_at
        row.save()
    return rows


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "fault", "found_by"),
    [
        ("finish", _finish_of_anybody, lambda machine: machine.end(0, 0, needs_input=False)),
        ("claim", _claim_once_more, lambda machine: machine.run(1)),
    ],
)
def test_a_planted_fault_is_found(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fault: object,
    found_by: Callable[[CallMachine], None],
):
    """By these steps: whether it tries them is chance."""
    machine = CallMachine()
    machine.begin()
    machine.ask(["look"])
    machine.run(0)
    if name == "finish":
        machine.stop()
    monkeypatch.setattr(calls, name, fault)
    with pytest.raises(AssertionError):
        found_by(machine)
