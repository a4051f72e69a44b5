"""The logs of replies in Redis, where every process finds them.

    chat:{<reply>}:log      stream. Piece n is entry `n-0`; a phase after it `n-1`, `n-2`, …;
                            the end of a reply with n pieces is entry `n+1-0`
    chat:{<reply>}:state    hash. `writer`, the only process that may append; `seq`, how many pieces
                            there are; `stop` and `ended`, once they are set
    chat:{<reply>}:lease    exists as long as the writer lives
    chat:{<process>}:inbox  stream of messages to one process: `stop` with a reply's id

All keys of a reply have one hash tag, so that one script may use them in a cluster of Redis.
Everything expires ten minutes after it was last written to. Ids are explicit, so an entry that is
sent twice, after a lost answer, is kept once.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson
from redis.exceptions import NoScriptError

from streaming.cluster.redis_client import AWAY, call, call_all, connect
from streaming.events import End, Kind
from streaming.log import ReplyPhase

# How long a log is kept after it was last written to, in seconds.
KEEP: Final = 600
# How long a writer that appends nothing counts as alive, in seconds.
LEASE: Final = 4.0
# The most pieces in one call of the script: Redis serves nobody else while it runs.
MOST_PIECES: Final = 500

FIELDS: Final[dict[Kind, str]] = {"content": "c", "reasoning": "r"}
KINDS: Final[dict[str, Kind]] = {letter: kind for kind, letter in FIELDS.items()}

# Append to a log, renew its lease and read its stop flag. One script, so that a process that slept
# through the end of its lease cannot append to a log that another process has taken: it is fenced.
# An end that is already there, or a hole before the first piece, leaves the log as it is. It runs
# for every token, so it does no more than it must: what expires is renewed only where it is asked
# to, but also with the first piece, which makes the log, and with the end.
# KEYS state, log, lease. ARGV: writer, milliseconds of the lease, seconds to keep, whether to
# renew, number of the first piece, number of pieces, then field and text of each; then id, field
# and value of others.
_APPEND: Final = """
local state = redis.call('HMGET', KEYS[1], 'writer', 'seq', 'stop', 'ended')
if not state[1] then return {'missing', 0, 0} end
if state[1] ~= ARGV[1] then return {'fenced', 0, 0} end
local before, ended = tonumber(state[2]), state[4]
local seq, first, count = before, tonumber(ARGV[5]), tonumber(ARGV[6])
local others = 7 + 2 * count
if not ended and first <= seq + 1 then
  for n = seq + 1, first + count - 1 do
    local at = 7 + 2 * (n - first)
    redis.call('XADD', KEYS[2], n .. '-0', ARGV[at], ARGV[at + 1])
    seq = n
  end
  if seq > before then redis.call('HSET', KEYS[1], 'seq', seq) end
  for at = others, #ARGV, 3 do
    redis.pcall('XADD', KEYS[2], ARGV[at], ARGV[at + 1], ARGV[at + 2])
    if ARGV[at + 1] == 'e' then
      redis.call('HSET', KEYS[1], 'ended', 1)
      ended = true
    end
  end
end
if ended or before == 0 or ARGV[4] == '1' then
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
  if ended then
    redis.call('DEL', KEYS[3])
    return {'ended', seq, 0}
  end
  redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
end
return {'open', seq, state[3] and 1 or 0}
"""

# Make a log, unless another process writes it. KEYS state, lease. ARGV as above.
_BEGIN: Final = """
local writer = redis.call('HGET', KEYS[1], 'writer')
if writer and writer ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'writer', ARGV[1])
redis.call('HSETNX', KEYS[1], 'seq', 0)
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""

# Take a log whose lease has expired. KEYS state, lease. ARGV as above.
_SEIZE: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HSETNX', KEYS[1], 'seq', 0)
redis.call('HSET', KEYS[1], 'writer', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""

# Set the stop flag of a log, and return its writer. KEYS state.
_STOP: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
redis.call('HSET', KEYS[1], 'stop', 1)
return redis.call('HGET', KEYS[1], 'writer')
"""


class LogState(StrEnum):
    """The state of a log after an append: it is open, or has its end; another process has taken
    it; Redis does not know it (any more)."""

    OPEN = "open"
    ENDED = "ended"
    FENCED = "fenced"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Append:
    """The entries that a writer adds: pieces from number `first` on, then a phase or the end.
    `renew`: whether the lease is renewed, too."""

    reply_id: UUID
    first: int
    pieces: list[tuple[Kind, str]] = field(default_factory=list)
    phase: tuple[str, ReplyPhase] | None = None  # with the id of its entry
    end: tuple[int, End] | None = None  # with its number
    renew: bool = True

    def arguments(self) -> list[Any]:
        """The arguments of the script after those of the writer and its lease."""
        flat: list[Any] = [int(self.renew), self.first, len(self.pieces)]
        for kind, text in self.pieces:
            flat += (FIELDS[kind], text)
        if self.phase is not None:
            entry_id, phase = self.phase
            flat += (entry_id, "p", orjson.dumps([phase.name, phase.since, phase.position]))
        if self.end is not None:
            number, end = self.end
            # Whole, with the fields that an event leaves out: during an upgrade a process of the
            # version before reads it, which looks for each.
            flat += (f"{number}-0", "e", orjson.dumps(end))
        return flat


@dataclass(frozen=True, slots=True)
class AppendResult:
    """The log after an append: it has `seq` pieces; `stop` says whether its stop was asked for."""

    state: LogState
    seq: int
    stop: bool


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """One entry of a log: a piece, a phase or the end. `number` is that of the last piece before
    it or, of a piece or an end, its own."""

    id: str
    number: int
    piece: tuple[Kind, str] | None = None
    phase: ReplyPhase | None = None
    end: End | None = None


def inbox(process: UUID) -> str:
    """The key of the messages to one process."""
    return f"chat:{{{process.hex}}}:inbox"


def log_key(reply_id: UUID) -> str:
    return f"chat:{{{reply_id.hex}}}:log"


def _state_key(reply_id: UUID) -> str:
    return f"chat:{{{reply_id.hex}}}:state"


def _lease_key(reply_id: UUID) -> str:
    return f"chat:{{{reply_id.hex}}}:lease"


def parse(entry_id: str, fields: list[str]) -> StreamEntry:
    """Read an entry of a stream: its id, and a field with its value."""
    number = int(entry_id.partition("-")[0])
    name, value = fields
    match name:
        case "p":
            phase, since, position = orjson.loads(value)
            return StreamEntry(entry_id, number, phase=ReplyPhase(phase, since, position))
        case "e":
            return StreamEntry(entry_id, number, end=End.from_wire(orjson.loads(value)))
        case _:
            return StreamEntry(entry_id, number, piece=(KINDS[name], value))


def pieces(entries: Iterable[StreamEntry]) -> list[tuple[Kind, str]]:
    """The pieces of a log up to the first hole."""
    whole: list[tuple[Kind, str]] = []
    for entry in entries:
        if entry.piece is not None and entry.number == len(whole) + 1:
            whole.append(entry.piece)
    return whole


class RedisLogs:
    """The commands of one process on the logs of replies.

    Each raises one of `AWAY` when Redis does not answer; then it may or may not have been done,
    and can be repeated.
    """

    def __init__(self, url: str, process: UUID) -> None:
        self.process = process
        self._writer = [process.hex, int(LEASE * 1000), KEEP]
        self._redis = connect(url)
        self._scripts: dict[str, str] = {}

    async def begin(self, reply_id: UUID) -> None:
        """Make a log, and hold its lease. A log of another process stays as it is."""
        keys = [_state_key(reply_id), _lease_key(reply_id)]
        await self._call_all(_BEGIN, [(keys, self._writer)])

    async def append(self, appends: list[Append]) -> list[AppendResult]:
        """Add to several logs in one round trip."""
        calls = [
            (
                [
                    _state_key(append.reply_id),
                    log_key(append.reply_id),
                    _lease_key(append.reply_id),
                ],
                [*self._writer, *append.arguments()],
            )
            for append in appends
        ]
        answers = await self._call_all(_APPEND, calls)
        return [AppendResult(LogState(state), int(seq), bool(stop)) for state, seq, stop in answers]

    async def stop(self, reply_id: UUID) -> None:
        """Ask the process that writes a reply to stop it. Nothing happens when none does."""
        [writer] = await self._call_all(_STOP, [([_state_key(reply_id)], [])])
        if writer:
            await self._send(UUID(writer), {"stop": reply_id.hex})

    async def wake(self) -> None:
        """Let the reader of this process, which waits for the logs it knows, look for new ones."""
        await self._send(self.process, {"wake": ""})

    async def _send(self, process: UUID, message: dict[str, str]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.xadd(inbox(process), message, maxlen=1000, approximate=True)  # type: ignore[arg-type]
            pipe.expire(inbox(process), KEEP)
            await pipe.execute()

    async def alive(self, reply_ids: list[UUID]) -> list[bool]:
        """Which of the replies have a writer that lives."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for reply_id in reply_ids:
                pipe.exists(_lease_key(reply_id))
            return [bool(exists) for exists in await pipe.execute()]

    async def seize(self, reply_id: UUID) -> bool:
        """Become the writer of a log whose lease has expired; `False` when it has not."""
        keys = [_state_key(reply_id), _lease_key(reply_id)]
        [seized] = await self._call_all(_SEIZE, [(keys, self._writer)])
        return bool(seized)

    async def read(self, reply_id: UUID) -> list[StreamEntry]:
        """All of a log."""
        entries = await call(self._redis, "XRANGE", log_key(reply_id), "-", "+")
        return [parse(*entry) for entry in entries]

    async def ping(self) -> None:
        """Return when Redis answers."""
        await self._redis.ping()

    async def aclose(self) -> None:
        """Forget this process, and close the connections."""
        with suppress(*AWAY):  # it expires
            await self._redis.delete(inbox(self.process))
        await self._redis.aclose()

    async def _call_all(self, script: str, calls: list[tuple[list[str], list[Any]]]) -> list[Any]:
        """Run a script once for each call, in one round trip. A Redis that was restarted does not
        know the script any more, and gets it again."""
        while True:
            sha = self._scripts.get(script)
            if sha is None:
                sha = self._scripts[script] = str(await self._redis.script_load(script))
            answers = await call_all(
                self._redis,
                [("EVALSHA", sha, len(keys), *keys, *arguments) for keys, arguments in calls],
            )
            if not any(isinstance(answer, NoScriptError) for answer in answers):
                break
            del self._scripts[script]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers
