"""What `/v1/responses` answers: a response object, and the events that build it.

A response is a list of items: reasoning, a message, calls of functions. Each is added, filled
and done, told by events that count up in `sequence_number`.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal
from uuid import uuid4

from providers.types import Chunk
from streaming.replies.engine import Result
from streaming.v1.chat_request import Ask
from streaming.v1.sse import Json, event, merged

# Why a response is incomplete, by the reason for which its reply ended.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
Kind = Literal["message", "reasoning", "function_call"]
_PREFIXES: dict[Kind, str] = {"message": "msg", "reasoning": "rs", "function_call": "fc"}


@dataclass(slots=True)
class _Item:
    """One item, at its place in the output; `text` is what it holds so far, `call` the head of a
    function call."""

    type: Kind
    index: int
    call: Json
    id: str
    text: str = ""

    @property
    def name(self) -> str:
        """What its events are called by."""
        if self.type == "function_call":
            return "function_call_arguments"
        return "output_text" if self.type == "message" else "reasoning_text"

    @property
    def place(self) -> Json:
        """Where its events belong."""
        place: Json = {"item_id": self.id, "output_index": self.index}
        if self.type == "message":
            place["logprobs"] = []
        return place if self.call else {**place, "content_index": 0}

    @property
    def part(self) -> Json:
        part = {"type": self.name, "text": self.text}
        return {**part, "annotations": [], "logprobs": []} if self.type == "message" else part

    def data(self, status: str) -> Json:
        data: Json = {"id": self.id, "type": self.type, "status": status}
        if self.call:
            return {**data, **self.call, "arguments": self.text}
        kind: Json = {"role": "assistant"} if self.type == "message" else {"summary": []}
        return {**data, **kind, "content": [] if status == "in_progress" else [self.part]}


class Response:
    """One response; as a `Writer` it streams."""

    def __init__(self, result: Result, ask: Ask) -> None:
        self._result = result
        self._sequence = count()
        self._begun = False
        self._open: list[_Item] = []
        self._calls: dict[int, _Item] = {}
        self._data: Json = {
            "id": f"resp_{uuid4().hex}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "in_progress",
            **dict.fromkeys(("error", "incomplete_details", "previous_response_id", "usage")),
            **ask.echo,
            "background": False,
            "model": result.model,
            "output": [],
            "provider_used": result.provider_used,
            "service_tier": "default",
            "store": False,
            "truncation": "disabled",
        }

    def begin(self) -> bytes:
        self._begun = True
        return self._told("created") + self._told("in_progress")

    def pieces(self, chunks: Iterable[Chunk]) -> bytes:
        return b"".join(told for chunk in merged(chunks) for told in self._piece(chunk))

    def end(self, tokens: Json) -> bytes:
        reason = _INCOMPLETE.get(self._result.reason)
        status = "incomplete" if reason else "completed"
        events = b"".join(self._close(status))
        details = {"reason": reason} if reason else None
        self._data |= {"status": status, "incomplete_details": details, "usage": _usage(tokens)}
        return events + self._told(status)

    def failure(self, error: Json) -> bytes:
        begun = b"" if self._begun else self.begin()
        cause = {name: error["error"][name] for name in ("code", "message")}
        self._data |= {"status": "failed", "error": cause}
        return begun + self._told("failed")

    def whole(self, chunks: Sequence[Chunk], tokens: Json) -> Json:
        """The answer to a request without a stream."""
        self.pieces(chunks)
        self.end(tokens)
        return self._data

    def _piece(self, chunk: Chunk) -> Iterator[bytes]:
        texts: tuple[tuple[Kind, str], ...] = (
            ("reasoning", chunk.reasoning),
            ("message", chunk.content),
        )
        for kind, text in texts:
            if text:
                if not self._open or self._open[-1].type != kind:
                    yield from self._close()
                    yield from self._add(kind)
                yield self._delta(self._open[-1], text)
        for part in chunk.tool_parts:
            if part.index not in self._calls:
                if self._open and not self._open[-1].call:  # calls may be open side by side
                    yield from self._close()
                yield from self._add("function_call", call_id=part.id, name=part.name)
                self._calls[part.index] = self._open[-1]
            if part.arguments:
                yield self._delta(self._calls[part.index], part.arguments)

    def _add(self, kind: Kind, **call: str) -> Iterator[bytes]:
        id_ = f"{_PREFIXES[kind]}_{uuid4().hex}"
        item = _Item(kind, len(self._data["output"]), call, id_)
        self._open.append(item)
        data = item.data("in_progress")
        self._data["output"].append(data)
        yield self._event("output_item.added", output_index=item.index, item=data)
        if not call:
            yield self._event("content_part.added", **item.place, part=item.part)

    def _delta(self, item: _Item, text: str) -> bytes:
        item.text += text
        return self._event(f"{item.name}.delta", **item.place, delta=text)

    def _close(self, status: str = "completed") -> Iterator[bytes]:
        """End the open items; what a limit has cut stays incomplete."""
        for item in self._open:
            text = {"arguments" if item.call else "text": item.text}
            yield self._event(f"{item.name}.done", **item.place, **text)
            if not item.call:
                yield self._event("content_part.done", **item.place, part=item.part)
            data = self._data["output"][item.index] = item.data(status)
            yield self._event("output_item.done", output_index=item.index, item=data)
        self._open.clear()

    def _told(self, name: str) -> bytes:
        return self._event(name, response=self._data)

    def _event(self, name: str, **more: object) -> bytes:
        name = f"response.{name}"
        return event({"type": name, "sequence_number": next(self._sequence), **more}, name)


def _usage(tokens: Json) -> Json:
    return {
        "input_tokens": tokens["prompt"],
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": tokens["completion"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens["total"],
        "source": tokens["source"],
    }
