"""The log of a reply and its followers under anything in any order (`harness/log_machine.py`).

Logs and followers with a bug each are planted, and the machine has to find every one: so it would
find such a bug in ours.
"""

from contextlib import aclosing

import pytest

from streaming.log import Follower, MemoryLog
from tests.harness.log_machine import LogMachine, explore


def test_the_log_and_its_followers_keep_the_rules():
    """Whatever is done in whatever order, every reader is told everything once."""
    explore(LogMachine, 300)


# --- Planted faults --------------------------------------------------------------------------


class SkipsAPiece(MemoryLog):
    def run(self, since):
        kind, position, text = super().run(since)
        return (kind, position + 1, text) if position < self.seq else (kind, position, text)


class TellsAPieceTwice(MemoryLog):
    def run(self, since):
        kind, position, text = super().run(since)
        return (kind, position - 1, text) if position - since > 2 else (kind, position, text)


class MixesKinds(MemoryLog):
    def run(self, since):
        (kind, _), *_ = pieces = self.pieces(since, self.seq)
        return kind, self.seq, "".join(text for _, text in pieces)


class LosesAPiece(MemoryLog):
    def append(self, kind, text):
        if len(text) < 4:
            super().append(kind, text)


class TakesTextAfterTheEnd(MemoryLog):
    def append(self, kind, text):
        end, self.end = self.end, None
        super().append(kind, text)
        self.end = end


class EndsTwice(MemoryLog):
    def finish(self, end):
        self.end = None
        super().finish(end)


class WakesNobodyAtTheEnd(MemoryLog):
    def finish(self, end):
        waiting, self._waiting = self._waiting, set()
        super().finish(end)
        self._waiting = waiting


class WakesNobodyForAPiece(MemoryLog):
    def append(self, kind, text):
        waiting, self._waiting = self._waiting, set()
        super().append(kind, text)
        self._waiting = waiting


class ForgetsToUnwatch(MemoryLog):
    def unwatch(self, event):
        pass


class Retelling(Follower):
    """A follower that tells something else: `retell` gives what comes instead of an event."""

    async def events(self):
        async with aclosing(super().events()) as told:
            async for event in told:
                for changed in self.retell(event):
                    yield changed

    def retell(self, event):
        return [event]


class SnapshotOffByOne(Retelling):
    def retell(self, event):
        if event["type"] == "message_start" and event["seq"] > 0:
            event["seq"] -= 1
        return [event]


class SnapshotWithoutReasoning(Retelling):
    def retell(self, event):
        return [{**event, "reasoning": ""}] if event["type"] == "message_start" else [event]


class EndsBeforeTheLastPiece(Retelling):
    def retell(self, event):
        return [] if self.log.end is not None and event["type"] == "delta" else [event]


class EndsTwiceForAReader(Retelling):
    def retell(self, event):
        return [event] * (2 if event["type"] == "message_end" else 1)


class NeverEnds(Retelling):
    def retell(self, event):
        return [] if event["type"] == "message_end" else [event]


class IgnoresARestart(Follower):
    def restart(self):
        self._changed.set()


class IgnoresARestartAtTheEnd(Follower):
    async def events(self):
        async with aclosing(super().events()) as told:
            async for event in told:
                yield event
                if event["type"] == "message_end":
                    return


class TellsADeltaTwice(Retelling):
    def retell(self, event):
        return [event] * (2 if event["type"] == "reasoning_delta" else 1)


FAULTY = [
    SkipsAPiece,
    TellsAPieceTwice,
    MixesKinds,
    LosesAPiece,
    TakesTextAfterTheEnd,
    EndsTwice,
    WakesNobodyAtTheEnd,
    WakesNobodyForAPiece,
    ForgetsToUnwatch,
    SnapshotOffByOne,
    SnapshotWithoutReasoning,
    EndsBeforeTheLastPiece,
    EndsTwiceForAReader,
    TellsADeltaTwice,
    IgnoresARestart,
    IgnoresARestartAtTheEnd,
    NeverEnds,
]


@pytest.mark.parametrize("fault", FAULTY)
def test_the_machine_finds_a_planted_fault(fault: type[MemoryLog] | type[Follower]):
    """Each of these bugs is found by the same machine that finds none in ours."""
    part = "log_type" if issubclass(fault, MemoryLog) else "follower_type"
    machine = type(f"With{fault.__name__}", (LogMachine,), {part: fault})
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        explore(machine, 300)
