"""Folds a socket's events into messages.

The transcripts in `tests/transcripts/` hold this and what the page draws to the same results.
"""

from collections.abc import Iterable
from typing import Any

from streaming.events import SERVER_EVENTS

Event = dict[str, Any]
Message = dict[str, Any]

# What of a stored message events tell.
TOLD = (
    "id",
    "parent_id",
    "client_id",
    "role",
    "content",
    "reasoning",
    "status",
    "finish_reason",
    "model",
    "provider_used",
    "fallback_used",
    "tokens",
    "context",
    "error",
    "created_at",
)


class Thread:
    """The messages that events have told so far, in the order in which they were first told.

    `follows` are the replies for which a client would have sent `follow`, because a delta did
    not continue what it had.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.title: str | None = None
        self.head_id: str | None = None
        self.follows: list[str] = []
        self._messages: dict[str, Message] = {}
        self._seq: dict[str, int] = {}
        self._live: str | None = None
        self._wanted: str | None = None
        for event in events:
            self.take(event)

    @property
    def messages(self) -> list[Message]:
        return list(self._messages.values())

    def take(self, event: Event) -> None:
        match event["type"]:
            case "user_message":
                self.head_id = event["id"]
                self._put(_blank(event, role="user", status="completed", content=event["content"]))
            case "message_start":
                self._begin(event)
            case "delta":
                self._append(event, "content")
            case "reasoning_delta":
                self._append(event, "reasoning")
            case "status" if event["id"] == self._live and event["phase"] == "stopping":
                self._messages[event["id"]]["status"] = "stopping"
            case "message_end":
                self._finish(event)
            case "conversation":
                self.title, self.head_id = event["title"], event["head_id"]
                self._delete(event.get("deleted"))

    def _put(self, message: Message) -> None:
        self._messages[message["id"]] = message

    def _delete(self, message_id: str | None) -> None:
        deleted = self._messages.pop(message_id or "", None)
        for message in self.messages if deleted else ():
            if message["parent_id"] == message_id:
                message["parent_id"] = deleted["parent_id"]

    def _begin(self, event: Event) -> None:
        told = ("content", "reasoning", "model", "provider_used")
        values = {name: event[name] for name in told}
        known = self._messages.get(event["id"])
        status = known["status"] if known and self._live == event["id"] else "streaming"
        context = event.get("context")
        self._put(_blank(event, role="assistant", status=status, context=context, **values))
        self._seq[event["id"]] = event["seq"]
        self._live = self.head_id = event["id"]
        if self._wanted == event["id"]:
            self._wanted = None

    def _append(self, event: Event, field: str) -> None:
        if event["id"] != self._live:
            if event["id"] not in self._messages:
                self._follow(event["id"])
            return
        have = self._seq[event["id"]]
        if event["seq"] <= have:
            return
        if event["from"] != have:
            self._follow(event["id"])
            return
        self._messages[event["id"]][field] += event["content_chunk"]
        self._seq[event["id"]] = event["seq"]

    def _follow(self, message_id: str) -> None:
        if self._wanted != message_id:
            self._wanted = message_id
            self.follows.append(message_id)

    def _finish(self, event: Event) -> None:
        message = self._messages.get(event["id"])
        if message is None:
            return
        for name in ("status", "finish_reason", "provider_used", "fallback_used"):
            message[name] = event[name]
        message["content"] = event["full_content"]
        for name in ("model", "context"):
            message[name] = event.get(name) or message[name]
        message["tokens"], message["error"] = event.get("tokens"), event.get("error")
        if self._live == event["id"]:
            self._live = None
        if self._wanted == event["id"]:
            self._wanted = None


def _blank(event: Event, **values: Any) -> Message:
    message = dict.fromkeys(TOLD)
    message |= {"reasoning": "", "fallback_used": False}
    for name in ("id", "parent_id", "client_id", "created_at"):
        message[name] = event[name]
    return {**message, **values}


def assert_follows_the_rules(events: list[Event], *, cut: bool = False) -> None:
    """What holds for the events of every socket: the documented fields; for each reply a snapshot
    first, deltas that continue what was told, and one end, whose text is what snapshot and deltas
    give. Only a socket that was `cut` may be without the end."""
    content: dict[str, str] = {}
    seq: dict[str, int] = {}
    ended: set[str] = set()
    for event in events:
        kind, reply = event["type"], event.get("id", "")
        needed, others = SERVER_EVENTS[kind]
        assert needed <= event.keys() - {"type"} <= needed | others, event
        if kind == "message_start":
            assert event["seq"] >= seq.get(reply, 0), "a snapshot goes back"
            content[reply], seq[reply] = event["content"], event["seq"]
            ended.discard(reply)
        elif kind in ("delta", "reasoning_delta"):
            assert reply not in ended, "text after the end"
            assert event["from"] == seq[reply], "a hole, or text twice"
            assert event["seq"] > event["from"], "a delta without an entry"
            seq[reply] = event["seq"]
            if kind == "delta":
                content[reply] += event["content_chunk"]
        elif kind == "message_end":
            assert reply not in ended, "two ends"
            assert event["seq"] == seq[reply] + 1
            assert event["full_content"] == content[reply]
            assert event["status"] in ("completed", "stopped", "interrupted", "failed")
            ended.add(reply)
    assert cut or ended == set(content), "a reply without an end"


def assert_same(folded: list[Message], stored: list[Message]) -> None:
    """What events told is what is on record, in the same order."""
    assert [_told(message) for message in folded] == [_told(message) for message in stored]


def _told(message: Message) -> Message:
    return {name: message[name] for name in TOLD}
