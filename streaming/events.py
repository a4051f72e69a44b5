"""The events of the socket and their wire form.

`web/src/protocol/events.ts` mirrors this file and `docs/protocol.md` describes it; a test compares
the three. An event is a dict with a `type`; only the functions here make one.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, get_args
from uuid import UUID

import orjson

if TYPE_CHECKING:
    from conversations.threads.models import Message

PROTOCOL = 1

Kind = Literal["content", "reasoning"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a reply ended: the fields of `message_end` that are not its text, named as the columns
    of the reply's row. A field with a default is left out of the event while it has it.

    After a fallback `model` and `context` differ from those in `message_start`.
    """

    status: str
    finish_reason: str | None
    provider_used: str
    fallback_used: bool
    model: str = ""
    context: dict[str, Any] | None = None
    tokens: dict[str, Any] | None = None
    timings: dict[str, float] | None = None
    error: dict[str, Any] | None = None
    left_out: list[str] | None = None
    tool_calls: list[dict[str, Any]] | None = None
    next: str | None = None

    @classmethod
    def from_row(cls, row: "Message") -> Self:
        """The end that a reply's row tells, whose calls were read with it."""
        columns: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
        if row.tool_calls:
            # Only here: clients of the tests read this file, too, without Django's settings.
            from conversations.tools import selectors as calls

            columns["tool_calls"] = [calls.as_wire(call) for call in row.tool_calls]
            columns["next"] = calls.next_of(row.tool_calls)
        return cls(**columns | {"finish_reason": row.finish_reason or None})

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Self:
        """The end in `data`. Other keys are ignored: a newer process may have written them."""
        return cls(**{name: data[name] for name in END_FIELDS if name in data})

    def to_row(self) -> dict[str, Any]:
        """The columns of the reply's row."""
        columns = {name: getattr(self, name) for name in COLUMNS}
        return columns | {"finish_reason": self.finish_reason or ""}

    def to_wire(self) -> dict[str, Any]:
        """The fields of the event."""
        return {
            entry.name: value
            for entry in fields(self)
            if (value := getattr(self, entry.name)) != entry.default
        }


END_FIELDS = tuple(entry.name for entry in fields(End))
# Those that are columns of the row; the calls are rows of their own.
COLUMNS = tuple(name for name in END_FIELDS if name not in ("tool_calls", "next"))

# Every event with its fields; those in the second set may be missing.
SERVER_EVENTS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "ready": (frozenset({"protocol", "conversation_id", "heartbeat_s"}), frozenset()),
    "user_message": (
        frozenset({"id", "client_id", "parent_id", "content", "created_at"}),
        frozenset({"attachments"}),
    ),
    "message_start": (
        frozenset(
            {
                "id",
                "role",
                "created_at",
                "seq",
                "content",
                "reasoning",
                "parent_id",
                "client_id",
                "model",
                "provider_used",
            }
        ),
        frozenset({"context"}),
    ),
    "status": (frozenset({"id", "phase", "since"}), frozenset({"position"})),
    "delta": (frozenset({"id", "from", "seq", "content_chunk"}), frozenset()),
    "reasoning_delta": (frozenset({"id", "from", "seq", "content_chunk"}), frozenset()),
    "message_end": (
        frozenset({"id", "seq", "full_content"})
        | {entry.name for entry in fields(End) if entry.default is MISSING},
        frozenset(entry.name for entry in fields(End) if entry.default is not MISSING),
    ),
    "tool_call": (frozenset({"id", "call"}), frozenset()),
    "queue": (frozenset({"conversation_id", "held", "items"}), frozenset()),
    "conversation": (frozenset({"id", "title", "head_id"}), frozenset({"revision", "deleted"})),
    "error": (frozenset({"code", "message"}), frozenset({"client_id", "fields"})),
    "heartbeat": (frozenset(), frozenset()),
}


class CloseCode(IntEnum):
    """Why the server closes a socket."""

    TOO_LARGE = 1009
    INTERNAL = 1011
    RESTARTING = 1012
    INVALID_FRAMES = 4400
    NOT_SIGNED_IN = 4401
    NOT_ALLOWED = 4403
    NOT_FOUND = 4404
    TOO_MANY = 4429


class Snapshot(TypedDict):
    """The fields of `message_start` without the text so far."""

    id: str
    created_at: str
    parent_id: str | None
    client_id: str | None
    model: str
    provider_used: str
    context: dict[str, Any] | None


def ready(conversation_id: UUID, heartbeat_s: float) -> Event:
    return {
        "type": "ready",
        "protocol": PROTOCOL,
        "conversation_id": str(conversation_id),
        "heartbeat_s": int(heartbeat_s) if heartbeat_s == int(heartbeat_s) else heartbeat_s,
    }


def message_start(snapshot: Snapshot, *, seq: int, content: str, reasoning: str) -> Event:
    event: Event = {
        "type": "message_start",
        "role": "assistant",
        **snapshot,
        "seq": seq,
        "content": content,
        "reasoning": reasoning,
    }
    if event["context"] is None:
        del event["context"]
    return event


class _Shared(dict[str, Any]):
    """An event that many sockets are sent; nobody changes it."""

    frame: str | None = None


def delta(message_id: str, kind: Kind, *, since: int, seq: int, text: str) -> Event:
    return _Shared(
        {
            "type": "delta" if kind == "content" else "reasoning_delta",
            "id": message_id,
            "from": since,
            "seq": seq,
            "content_chunk": text,
        }
    )


def status(message_id: str, phase: str, since: str, position: int | None = None) -> Event:
    event: Event = {"type": "status", "id": message_id, "phase": phase, "since": since}
    if position is not None:
        event["position"] = position
    return event


def message_end(message_id: str, end: End, *, seq: int, full_content: str) -> Event:
    return {
        "type": "message_end",
        "id": message_id,
        "seq": seq,
        "full_content": full_content,
        "next": None,
        **end.to_wire(),
    }


def tool_call(message_id: UUID, call: dict[str, Any]) -> Event:
    """A call that a reply has asked for, in the state that it has come to."""
    return {"type": "tool_call", "id": str(message_id), "call": call}


def conversation(
    conversation_id: UUID,
    title: str,
    head_id: UUID | None,
    revision: int | None = None,
    deleted: str | None = None,
) -> Event:
    """`revision` is missing where a server of the release before told the change."""
    event: Event = {
        "type": "conversation",
        "id": str(conversation_id),
        "title": title,
        "head_id": str(head_id) if head_id else None,
    }
    if revision is not None:
        event["revision"] = revision
    if deleted is not None:
        event["deleted"] = deleted
    return event


def queue(conversation_id: UUID, items: list[dict[str, Any]], held: bool) -> Event:
    """All that waits: each item has `client_id`, `content`, `created_at` and maybe `error`. What is
    `held` waits until it is resumed."""
    return {
        "type": "queue",
        "conversation_id": str(conversation_id),
        "held": held,
        "items": items,
    }


def error(code: str, message: str, *, client_id: str | None = None, fields: Any = None) -> Event:
    event: Event = {"type": "error", "code": code, "message": message}
    if client_id is not None:
        event["client_id"] = client_id
    if fields:
        event["fields"] = fields
    return event


HEARTBEAT: Event = {"type": "heartbeat"}


def encode(event: Event) -> str:
    """The text frame of an event."""
    if not isinstance(event, _Shared):
        return orjson.dumps(event).decode()
    if event.frame is None:
        event.frame = orjson.dumps(event).decode()
    return event.frame


# What a client is told of a frame that was not read.
FRAME_TOO_LARGE = error("too_large", "The frame is too large.")
