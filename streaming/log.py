"""The log of one reply in memory: written by one producer, read by any number of followers.

The log is an append-only list of pieces; `seq` counts them, from 1. Nothing is queued for a
reader: a reader is one integer, its position, and takes what lies after it when it wakes.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from streaming.events import KINDS, End, Kind, Snapshot

# About the most text in one delta. Servers keep copies of the frame that a slow reader has not
# taken yet, so it must not grow with the reply.
FRAME_CHARACTERS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Phase:
    """What the reply is waiting for or doing, since when, and where in a queue."""

    name: str
    since: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """What a reply has said in so many pieces."""

    content: str
    reasoning: str
    seq: int

    @classmethod
    def of(cls, pieces: Iterable[tuple[Kind, str]]) -> "Text":
        pieces = list(pieces)
        texts = {kind: [text for found, text in pieces if found == kind] for kind in KINDS}
        return cls("".join(texts["content"]), "".join(texts["reasoning"]), len(pieces))


class LogEnded(Exception):
    """The log has its end; nothing can follow it."""


class LogLost(Exception):
    """What this process has of a log is no longer what was stored, or it hears no more of it.
    Whoever follows it has to begin again with a fresh snapshot."""


class MemoryLog:
    """Pieces, phase and end of one reply.

    `end` is set once, and only after the reply's row was closed: who sees it can read the same
    from the database. `user_message` is the event of the message that it answers, `None` for a
    regeneration. `lost` tells that this copy of the log is given up; the reply may go on.
    """

    def __init__(self, snapshot: Snapshot, user_message: dict[str, object] | None = None) -> None:
        self.snapshot = snapshot
        self.user_message = user_message
        self.pieces: list[tuple[Kind, str]] = []
        self.size = 0
        self.phase: Phase | None = None
        self.end: End | None = None
        self.lost = False
        self._waiting: set[asyncio.Event] = set()

    @property
    def seq(self) -> int:
        """The number of the last piece, 0 before the first."""
        return len(self.pieces)

    def append(self, kind: Kind, text: str) -> None:
        """Add a piece of text. Raises `LogEnded` after the end."""
        if self.end is not None:
            raise LogEnded
        self.pieces.append((kind, text))
        self.size += len(text)
        self._wake()

    def enter(self, phase: str, position: int | None = None) -> None:
        """Tell what the reply is doing now, and where in a line. After the end this changes
        nothing; `since` stays what it was while only the position changes."""
        before = self.phase
        if self.end is not None or (before and (before.name, before.position) == (phase, position)):
            return
        same = before is not None and before.name == phase
        since = before.since if before and same else timestamp(datetime.now(UTC))
        self.phase = Phase(phase, since, position)
        self._wake()

    def reroute(self, model: str, provider_used: str, context: dict[str, object] | None) -> None:
        """Let snapshots from now on name another provider. Followers are not told again."""
        self.snapshot = {
            **self.snapshot,
            "model": model,
            "provider_used": provider_used,
            "context": context,
        }

    def retell(self, phase: Phase) -> None:
        """Enter a phase that another process has entered."""
        if self.end is None:
            self.phase = phase
            self._wake()

    def finish(self, end: End) -> None:
        """Set the end. Raises `LogEnded` when there is one."""
        if self.end is not None:
            raise LogEnded
        self.end = end
        self._wake()

    def abandon(self) -> None:
        """Give this copy up: its followers get `LogLost`. After the end this changes nothing."""
        if self.end is None:
            self.lost = True
            self._wake()

    @property
    def watched(self) -> bool:
        """Whether anybody waits for changes."""
        return bool(self._waiting)

    def text(self, kind: Kind) -> str:
        """All of one kind so far, joined."""
        return "".join(piece for piece_kind, piece in self.pieces if piece_kind == kind)

    def run(self, since: int) -> tuple[Kind, int, str]:
        """What lies after position `since`, as far as it is of one kind and up to about
        `FRAME_CHARACTERS`: its kind, the position after it, its text. There has to be something.
        """
        kind, position, last = self.pieces[since][0], since, self.seq
        texts: list[str] = []
        size = 0
        while position < last and size < FRAME_CHARACTERS and self.pieces[position][0] == kind:
            texts.append(self.pieces[position][1])
            size += len(texts[-1])
            position += 1
        return kind, position, "".join(texts)

    def watch(self, event: asyncio.Event | None = None) -> asyncio.Event:
        """An event (yours, or a new one) that is set at every change from now on; give it back
        with `unwatch`."""
        event = event or asyncio.Event()
        self._waiting.add(event)
        return event

    def unwatch(self, event: asyncio.Event) -> None:
        self._waiting.discard(event)

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with a `Z`, as everywhere in our JSON."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
