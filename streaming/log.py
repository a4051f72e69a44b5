"""The log of one reply in memory, and its followers.

The log is an append-only list of pieces, written by one producer; `seq` counts them, from 1.
Nothing is queued for a reader: a follower is one integer, its position, and takes what lies
after it when it wakes. Replay, live text, merging under load and slow readers are one loop.
"""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from streaming import events
from streaming.events import KINDS, End, Event, Kind, Snapshot
from streaming.small_queue import SmallEvent

# About the most text in one delta. Servers keep copies of the frame that a slow reader has not
# taken yet, so it must not grow with the reply.
FRAME_CHARACTERS = 64 * 1024

_NUMBERS: dict[Kind, int] = {kind: number for number, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class ReplyPhase:
    """The phase of a reply: its name, since when, and a position in a queue."""

    name: str
    since: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class PartialText:
    """The text of a reply and the number of its pieces."""

    content: str
    reasoning: str
    seq: int

    @classmethod
    def of(cls, pieces: Iterable[tuple[Kind, str]]) -> "PartialText":
        pieces = list(pieces)
        texts = {
            kind: [text for piece_kind, text in pieces if piece_kind == kind] for kind in KINDS
        }
        return cls("".join(texts["content"]), "".join(texts["reasoning"]), len(pieces))


class LogEnded(Exception):
    """The log has its end: nothing can be added."""


class LogLost(Exception):
    """This copy of a log differs from what was stored, or gets no more of it. Its followers begin
    again with a fresh snapshot."""


class MemoryLog:
    """Pieces, phase and end of one reply.

    `end` is set once, and only after the reply's row was closed: what a follower is told can be
    read from the database. `user_message` is the event of the question, `None` for a regeneration.
    `lost` says that this copy of the log was abandoned; the reply may go on.
    """

    def __init__(self, snapshot: Snapshot, user_message: dict[str, object] | None = None) -> None:
        self.snapshot = snapshot
        self.user_message = user_message
        # The texts of the pieces, and the number of the kind of each: an object for both would be
        # one that the garbage collector counts and looks at, for each token as long as it is kept.
        self._pieces: list[str] = []
        self._kinds = bytearray()
        self.size = 0
        self.phase: ReplyPhase | None = None
        self.end: End | None = None
        self.lost = False
        self._waiting: set[SmallEvent] = set()
        self._delta: Event | None = None
        self._joined: dict[Kind, tuple[int, str]] = {}  # up to a position

    @property
    def seq(self) -> int:
        """The number of the last piece, 0 before the first."""
        return len(self._pieces)

    def pieces(self, since: int, most: int) -> list[tuple[Kind, str]]:
        """At most so many pieces after position `since`, each with its kind."""
        kinds = self._kinds[since : since + most]
        texts = self._pieces[since : since + most]
        return [(KINDS[number], text) for number, text in zip(kinds, texts, strict=True)]

    def append(self, kind: Kind, text: str) -> None:
        """Add a piece of text. Raises `LogEnded` after the end."""
        if self.end is not None:
            raise LogEnded
        self._kinds.append(_NUMBERS[kind])
        self._pieces.append(text)
        self.size += len(text)
        self._wake()

    def enter(self, phase: str, position: int | None = None) -> None:
        """Set what the reply does now, and its position in a queue. After the end nothing changes;
        `since` stays while only the position changes."""
        before = self.phase
        if self.end is not None or (before and (before.name, before.position) == (phase, position)):
            return
        same = before is not None and before.name == phase
        since = before.since if before and same else timestamp(datetime.now(UTC))
        self.phase = ReplyPhase(phase, since, position)
        self._wake()

    def reroute(self, model: str, provider_used: str, context: dict[str, object] | None) -> None:
        """Name another provider in later snapshots. Followers get no event."""
        self.snapshot = {
            **self.snapshot,
            "model": model,
            "provider_used": provider_used,
            "context": context,
        }

    def retell(self, phase: ReplyPhase) -> None:
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
        """Mark this copy as lost: its followers get `LogLost`. After the end nothing changes."""
        if self.end is None:
            self.lost = True
            self._wake()

    @property
    def watched(self) -> bool:
        """Whether it has followers."""
        return bool(self._waiting)

    def text(self, kind: Kind) -> str:
        """All of one kind so far, joined. Only what is new since the last call is joined anew: the
        text is saved again and again, and a long reply has ten thousands of pieces."""
        position, text = self._joined.get(kind, (0, ""))
        if position < self.seq:
            new = self.pieces(position, self.seq)
            text += "".join(piece for piece_kind, piece in new if piece_kind == kind)
            self._joined[kind] = self.seq, text
        return text

    def run(self, since: int) -> tuple[Kind, int, str]:
        """Return the pieces after position `since`, as far as it is of one kind and up to about
        `FRAME_CHARACTERS`: its kind, the position after it, its text. There must be a piece."""
        kinds, pieces, last = self._kinds, self._pieces, self.seq
        number, text, position = kinds[since], pieces[since], since + 1
        if position < last:
            texts, size = [text], len(text)
            while position < last and size < FRAME_CHARACTERS and kinds[position] == number:
                texts.append(pieces[position])
                size += len(texts[-1])
                position += 1
            text = "".join(texts)
        return KINDS[number], position, text

    def delta(self, since: int) -> Event:
        """The event for what `run` gives. Followers at the same position get the same one, so that
        it is encoded once for all of them."""
        last = self._delta
        if last is not None and last["from"] == since and last["seq"] == self.seq:
            return last
        kind, position, text = self.run(since)
        self._delta = events.delta(self.snapshot["id"], kind, since=since, seq=position, text=text)
        return self._delta

    def watch(self, event: SmallEvent | None = None) -> SmallEvent:
        """An event (`event`, or a new one) that is set at every change until `unwatch`."""
        event = event or SmallEvent()
        self._waiting.add(event)
        return event

    def unwatch(self, event: SmallEvent) -> None:
        self._waiting.discard(event)

    async def closed(self) -> None:
        """Return when the log has its end, or is lost. Cancelling leaves nothing behind."""
        changed = self.watch()
        try:
            while self.end is None and not self.lost:
                changed.clear()
                await changed.wait()
        finally:
            self.unwatch(changed)

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()


class Follower:
    """One reader of one log.

    `events()` yields the user message (if `question`: a client that comes late gets the snapshot
    alone), a snapshot, deltas, and `message_end` last. Each delta has all text since the one
    before, so a slow reader gets fewer, larger deltas, and costs nothing while it does not read.
    """

    def __init__(self, log: MemoryLog, *, question: bool = True) -> None:
        self.log = log
        self._question = question
        self.id = log.snapshot["id"]
        self._position: int | None = None
        self._changed = log.watch()

    def restart(self, *, question: bool = False) -> None:
        """Yield a fresh snapshot next; with `question` the user message before it."""
        self._position = None
        self._question |= question
        self._changed.set()

    async def events(self) -> AsyncGenerator[Event]:
        """Yield the events of the reply up to `message_end`. Closing the generator, or cancelling
        the task that waits for it, only ends the reading.

        Raises:
            LogLost: this copy of the log was abandoned; what it told may differ from the row.
        """
        log, phase = self.log, None
        try:
            while True:
                self._changed.clear()
                if log.lost:
                    raise LogLost
                if self._position is None:
                    if self._question and log.user_message is not None:
                        self._question = False
                        yield log.user_message
                    self._position = log.seq
                    phase = None
                    yield events.message_start(
                        log.snapshot,
                        seq=self._position,
                        content=log.text("content"),
                        reasoning=log.text("reasoning"),
                    )
                    continue
                if log.phase is not None and log.phase is not phase and log.end is None:
                    phase = log.phase
                    yield events.status(self.id, phase.name, phase.since, phase.position)
                while self._position is not None and (since := self._position) < log.seq:
                    delta = log.delta(since)
                    self._position = delta["seq"]
                    yield delta
                if self._position == log.seq and log.end is not None:
                    yield events.message_end(
                        self.id, log.end, seq=log.seq + 1, full_content=log.text("content")
                    )
                    if self._position is not None:  # nobody has asked for it again meanwhile
                        return
                    continue
                await self._changed.wait()
        finally:
            log.unwatch(self._changed)


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with a `Z`, as everywhere in our JSON."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
