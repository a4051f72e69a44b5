"""The log of a reply and its followers, as a machine that does anything in any order.

A model beside them (`pieces`, `status`, `stored`) says what has to hold.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from streaming.events import End, Event, Kind, Snapshot
from streaming.log import Follower, LogEnded, MemoryLog

ID = "01900000-0000-7000-8000-0000000000a1"
KINDS: st.SearchStrategy[Kind] = st.sampled_from(["content", "reasoning"])
TEXTS = st.text(alphabet="ab\n\u00e9😀", min_size=1, max_size=4)


def snapshot() -> Snapshot:
    return Snapshot(
        id=ID,
        created_at="2026-01-02T03:04:05Z",
        parent_id=None,
        client_id=None,
        model="m",
        provider_used="echo",
        context=None,
    )


def end_as(status: str) -> End:
    return End(
        status=status,
        finish_reason=None,
        model="m",
        provider_used="echo",
        fallback_used=False,
        context=None,
        tokens=None,
        error=None,
    )


class Reader:
    """Someone who follows: checks each event against the rules as it comes."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.events: AsyncGenerator[Event] = follower.events()
        self.seq: int | None = None
        self.text = {"content": "", "reasoning": ""}
        self.ended: str | None = None
        self.over = False  # it was told that nothing comes after the end
        self.waiting: asyncio.Task[Event] | None = None
        self.wants_snapshot = False

    def take(self, event: Event) -> None:
        assert self.ended is None, "an event after the end"
        match event["type"]:
            case "user_message":
                assert self.seq is None
            case "message_start":
                assert event["seq"] >= (self.seq or 0)
                self.wants_snapshot = False
                self.seq = event["seq"]
                self.text = {"content": event["content"], "reasoning": event["reasoning"]}
            case "delta" | "reasoning_delta":
                assert self.seq is not None, "a delta before the snapshot"
                assert event["from"] == self.seq, "a piece is missing, or comes twice"
                assert event["seq"] > event["from"]
                self.seq = event["seq"]
                kind = "content" if event["type"] == "delta" else "reasoning"
                self.text[kind] += event["content_chunk"]
            case "status":
                assert self.seq is not None, "a status before the snapshot"
            case "message_end":
                assert event["seq"] == (self.seq or 0) + 1, "the end before the last piece"
                assert event["full_content"] == self.text["content"]
                self.ended = event["status"]


class LogMachine(RuleBasedStateMachine):
    """begin, append, enter, stop, end, attach, read, restart, drop, crash, reap."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    log_type: type[MemoryLog] = MemoryLog
    follower_type: type[Follower] = Follower

    @initialize()
    def open(self) -> None:
        self.stored: tuple[int, str] = (0, "")
        self.status = "none"
        self.readers: list[Reader] = []

    @precondition(lambda self: self.status == "none" or self.status.startswith("ended"))
    @rule(asked=st.booleans())
    def begin(self, asked: bool) -> None:
        self.settle()
        self.readers = []
        self.log = self.log_type(snapshot(), {"type": "user_message"} if asked else None)
        self.pieces: list[tuple[Kind, str]] = []
        self.status, self.stored = "running", (0, "")
        self.begun()

    def begun(self) -> None:
        """A log was made."""

    def followed(self) -> MemoryLog:
        """The log that readers follow."""
        return self.log

    @precondition(lambda self: self.status == "running")
    @rule(pieces=st.lists(st.tuples(KINDS, TEXTS), min_size=1, max_size=5))
    def append(self, pieces: list[tuple[Kind, str]]) -> None:
        for kind, text in pieces:
            self.log.append(kind, text)
            self.pieces.append((kind, text))

    @precondition(lambda self: self.status != "none")
    @rule(phase=st.sampled_from(["queued", "loading", "generating", "stopping"]))
    def enter(self, phase: str) -> None:
        self.log.enter(phase)

    @precondition(lambda self: self.status == "running")
    @rule()
    def checkpoint(self) -> None:
        self.stored = (self.log.seq, self.log.text("content"))

    @precondition(lambda self: self.status == "running")
    @rule(status=st.sampled_from(["completed", "stopped", "failed"]))
    def finish(self, status: str) -> None:
        self.log.finish(end_as(status))
        self.status = f"ended {status}"

    @precondition(lambda self: self.status.startswith("ended"))
    @rule(status=st.sampled_from(["completed", "stopped"]))
    def finish_or_append_again(self, status: str) -> None:
        with pytest.raises(LogEnded):
            self.log.finish(end_as(status))
        with pytest.raises(LogEnded):
            self.log.append("content", "x")

    @precondition(lambda self: self.status != "none")
    @rule()
    def attach(self) -> None:
        """A reader comes, and reads its first event at once, as the doors do."""
        self.readers.append(Reader(self.follower_type(self.followed())))
        self.step(self.readers[-1])

    @precondition(lambda self: self.status != "none" and self.readers)
    @rule(which=st.integers(0, 9), events=st.integers(1, 4))
    def read(self, which: int, events: int) -> None:
        """A reader takes a few events, as far as there are any."""
        reader = self.readers[which % len(self.readers)]
        for _ in range(events):
            if not self.step(reader):
                return

    @precondition(lambda self: self.status != "none" and self.readers)
    @rule(which=st.integers(0, 9))
    def restart(self, which: int) -> None:
        """A reader asks for a fresh snapshot, which comes before any delta; one that has just been
        told the end gets all of it again."""
        reader = self.readers[which % len(self.readers)]
        if reader.waiting is not None and reader.waiting.done():
            self.step(reader)  # it was told that before it asked
        if not reader.over:
            reader.follower.restart()
            reader.ended, reader.wants_snapshot = None, True

    @precondition(lambda self: self.status != "none" and self.readers)
    @rule(which=st.integers(0, 9))
    def drop(self, which: int) -> None:
        """A reader goes away; nothing of it stays in the log."""
        self.leave(self.readers.pop(which % len(self.readers)))

    @precondition(lambda self: self.status == "running")
    @rule()
    def crash(self) -> None:
        """The process dies: log and readers are gone, the row is as it was kept; `reap` in the
        next process closes it with that text."""
        for reader in self.readers:
            self.leave(reader)
        self.readers = []
        seq, content = self.stored
        assert content == "".join(t for k, t in self.pieces[:seq] if k == "content")
        self.status = "ended interrupted"
        self.log = self.log_type(snapshot())
        self.pieces = [("content", content)] if content else []
        for kind, text in self.pieces:
            self.log.append(kind, text)
        self.log.finish(end_as("interrupted"))

    @invariant()
    def the_log_is_what_was_appended(self) -> None:
        if getattr(self, "status", "none") == "none":
            return
        assert self.log.seq == len(self.pieces)
        for kind in ("content", "reasoning"):
            assert self.log.text(kind) == "".join(t for k, t in self.pieces if k == kind)
        assert (self.log.end is not None) == self.status.startswith("ended")

    @invariant()
    def whoever_waits_is_woken(self) -> None:
        for reader in getattr(self, "readers", []):
            if reader.waiting is not None:
                self.spin()
                if not reader.waiting.done():
                    self.never_waits_for_what_is_there(reader)

    def step(self, reader: Reader) -> bool:
        """Let a reader take one event; `False` when it has to wait (then it goes on waiting), or
        has the end."""
        if reader.ended is not None:
            with pytest.raises(StopAsyncIteration):
                self.loop.run_until_complete(anext(reader.events))
            reader.over = True
            return False
        if reader.waiting is None:
            reader.waiting = self.loop.create_task(anext(reader.events))  # type: ignore[arg-type]
        self.spin()
        if not reader.waiting.done():
            self.never_waits_for_what_is_there(reader)
            return False
        assert not isinstance(reader.waiting.exception(), StopAsyncIteration), "no end came"
        event, reader.waiting = reader.waiting.result(), None
        reader.take(event)
        return True

    def spin(self) -> None:
        """Let everything run that can."""
        for _ in range(3):
            self.loop.run_until_complete(asyncio.sleep(0))

    def never_waits_for_what_is_there(self, reader: Reader) -> None:
        assert self.status == "running", "no end came"
        assert reader.seq == len(self.pieces), "a piece is not told"
        assert not reader.wants_snapshot, "no fresh snapshot came"
        self.has_all_the_text(reader)

    def has_all_the_text(self, reader: Reader) -> None:
        for kind in ("content", "reasoning"):
            assert reader.text[kind] == "".join(t for k, t in self.pieces if k == kind)

    def leave(self, reader: Reader) -> None:
        if reader.waiting is not None:
            reader.waiting.cancel()
            self.loop.run_until_complete(asyncio.wait([reader.waiting]))
        self.loop.run_until_complete(reader.events.aclose())

    def settle(self) -> None:
        """Every reader that is left reads to the end, and has what the log has."""
        for reader in self.readers:
            while self.step(reader):
                pass
            assert self.log.end is not None
            assert reader.ended == self.log.end.status
            self.has_all_the_text(reader)
        if self.status != "none":
            assert not self.followed().watched, "a reader was left behind"

    def teardown(self) -> None:
        if getattr(self, "status", "none") == "none" or sys.exc_info()[0]:
            return
        if self.status == "running":
            self.finish("completed")
        self.settle()
        self.loop.run_until_complete(asyncio.wait_for(self.log.closed(), 5))


async def nothing() -> None:
    pass


def explore(
    machine: type[LogMachine],
    examples: int,
    before: Callable[[], Coroutine[Any, Any, None]] = nothing,
    after: Callable[[], Coroutine[Any, Any, None]] = nothing,
) -> None:
    """Run the machine, the same way every time, with what goes before and after it on its loop;
    raises what it finds."""
    loop = machine.loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(before())
        run_machine(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                report_multiple_bugs=False,
            ),
        )
    finally:
        loop.run_until_complete(after())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
