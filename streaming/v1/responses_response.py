"""What `/v1/responses` answers: a response object, and the events that build it.

A response is a list of items: reasoning, a message, calls of tools. Each is added, filled and
done, told by events that count up in `sequence_number`.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

from providers.types import Chunk
from streaming.replies.result import Result
from streaming.v1.reply_request import ParsedRequest
from streaming.v1.sse import Json, event, merged
from streaming.v1.tools import as_input

# Why a response is incomplete, by the reason for which its reply ended.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class _ItemKind(NamedTuple):
    """A kind of item: the type in its data, the prefix of its ids, what its events are called by,
    the field that holds the text, and, where the text is in a part, how that is called."""

    type: str
    prefix: str
    events: str
    holds: str = "text"
    part: str = ""
    counter: str = "content_index"


_MESSAGE = _ItemKind("message", "msg", "output_text", part="content_part")
_REASONING = _ItemKind("reasoning", "rs", "reasoning_text", part="content_part")
_SUMMARY = _ItemKind(
    "reasoning",
    "rs",
    "reasoning_summary_text",
    part="reasoning_summary_part",
    counter="summary_index",
)
_CALL = _ItemKind("function_call", "fc", "function_call_arguments", "arguments")
_CUSTOM = _ItemKind("custom_tool_call", "ctc", "custom_tool_call_input", "input")


@dataclass(slots=True)
class _OutputItem:
    """One item, at its place in the output; `text` is what it holds so far, `call` the head of a
    call."""

    kind: _ItemKind
    index: int
    call: Json
    id: str
    text: str = ""
    logprobs: list[Any] = field(default_factory=list)

    def event(self, **more: Any) -> Json:
        """The body of an event of its text."""
        body = {"item_id": self.id, "output_index": self.index, **more}
        return {**body, self.kind.counter: 0} if self.kind.part else body

    @property
    def part(self) -> Json:
        if self.kind is _SUMMARY:
            return {"type": "summary_text", "text": self.text}
        part: Json = {"type": self.kind.events, "text": self.text}
        if self.kind is _MESSAGE:
            part |= {"annotations": [], "logprobs": self.logprobs}
        return part

    def data(self, status: str) -> Json:
        data: Json = {"id": self.id, "type": self.kind.type, "status": status}
        parts = [] if status == "in_progress" else [self.part]
        if self.kind is _MESSAGE:
            return {**data, "role": "assistant", "content": parts}
        if self.kind is _REASONING:
            return {**data, "summary": [], "content": parts}
        if self.kind is _SUMMARY:
            return {**data, "summary": parts}
        return {**data, **self.call, self.kind.holds: self.text}


class Response:
    """One response; as a `Writer` it streams."""

    def __init__(self, result: Result, request: ParsedRequest) -> None:
        self._result, self._request = result, request
        self._sequence = count()
        self._begun = False
        self._open: list[_OutputItem] = []
        self._calls: dict[int, _OutputItem] = {}
        self._warnings: Json = {"warnings": request.warnings} if request.warnings else {}
        self._data: Json = {
            "id": f"resp_{uuid4().hex}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "in_progress",
            **dict.fromkeys(("error", "incomplete_details", "previous_response_id", "usage")),
            **request.echo,
            "background": False,
            "model": result.model,
            "output": [],
            "provider_used": result.provider_used,
            "service_tier": "default",
            "store": False,
            "truncation": "disabled",
            **self._warnings,
        }

    def begin(self) -> bytes:
        self._begun = True
        return self._told("created") + self._told("in_progress")

    def pieces(self, chunks: Sequence[Chunk]) -> bytes:
        return b"".join(piece for chunk in merged(chunks) for piece in self._piece(chunk))

    def end(self, tokens: Json) -> bytes:
        reason = _INCOMPLETE.get(self._result.reason)
        status = "incomplete" if reason else "completed"
        events = b"".join(self._close(status))
        details = {"reason": reason} if reason else None
        self._data |= {"status": status, "incomplete_details": details, "usage": _usage(tokens)}
        return events + self._told(status, **self._warnings)

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
        summarised = (self._request.echo.get("reasoning") or {}).get("summary")
        if chunk.reasoning:
            yield from self._text(_SUMMARY if summarised else _REASONING, chunk.reasoning)
        if chunk.content:
            yield from self._text(_MESSAGE, chunk.content, chunk.logprobs)
        for part in chunk.tool_parts:
            if part.index not in self._calls:
                if self._open and not self._open[-1].call:  # calls may be open side by side
                    yield from self._close()
                kind = _CUSTOM if part.name in self._request.custom else _CALL
                yield from self._add(kind, call_id=part.id, name=part.name)
                self._calls[part.index] = self._open[-1]
            item = self._calls[part.index]
            if part.extra_content:
                item.call["extra_content"] = part.extra_content
            if part.arguments and item.kind is _CALL:
                yield self._delta(item, part.arguments)
            else:
                item.text += part.arguments

    def _text(self, kind: _ItemKind, text: str, logprobs: Iterable[Any] = ()) -> Iterator[bytes]:
        """Add text to the open item, if it is of that kind, else to a new one."""
        if not self._open or self._open[-1].kind is not kind:
            yield from self._close()
            yield from self._add(kind)
        item = self._open[-1]
        item.logprobs += logprobs
        more = {"logprobs": list(logprobs)} if kind is _MESSAGE else {}
        yield self._delta(item, text, **more)

    def _add(self, kind: _ItemKind, **call: str) -> Iterator[bytes]:
        item = _OutputItem(kind, len(self._data["output"]), call, f"{kind.prefix}_{uuid4().hex}")
        self._open.append(item)
        data = item.data("in_progress")
        self._data["output"].append(data)
        yield self._event("output_item.added", output_index=item.index, item=data)
        if kind.part:
            yield self._event(f"{kind.part}.added", **item.event(part=item.part))

    def _delta(self, item: _OutputItem, text: str, **more: Any) -> bytes:
        item.text += text
        return self._event(f"{item.kind.events}.delta", **item.event(delta=text, **more))

    def _close(self, status: str = "completed") -> Iterator[bytes]:
        """End the open items; what a limit has cut stays incomplete."""
        for item in self._open:
            kind = item.kind
            if kind is _CUSTOM:  # what its arguments hold is known when they are whole
                text, item.text = as_input(item.text), ""
                yield self._delta(item, text)
            more = {"logprobs": item.logprobs} if kind is _MESSAGE else {}
            done = {kind.holds: item.text, **more}
            yield self._event(f"{kind.events}.done", **item.event(**done))
            if kind.part:
                yield self._event(f"{kind.part}.done", **item.event(part=item.part))
            data = self._data["output"][item.index] = item.data(status)
            yield self._event("output_item.done", output_index=item.index, item=data)
        self._open.clear()

    def _told(self, name: str, **more: Any) -> bytes:
        return self._event(name, response=self._data, **more)

    def _event(self, name: str, **more: Any) -> bytes:
        name = f"response.{name}"
        return event({"type": name, "sequence_number": next(self._sequence), **more}, name)


def _usage(tokens: Json) -> Json:
    return {
        "input_tokens": tokens["prompt"],
        "input_tokens_details": {
            "cached_tokens": tokens.get("cached", 0),
            "cache_write_tokens": 0,
        },
        "output_tokens": tokens["completion"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens["total"],
        "source": tokens["source"],
    }
