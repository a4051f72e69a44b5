"""What `/v1/responses` answers: a response object, and the events that build it. Pure.

A response is a list of items: reasoning, a message, calls of functions. Each is added, filled
and done, told by events that count up in `sequence_number`.
"""

import time
from collections.abc import Iterable
from uuid import uuid4

from providers.types import Chunk, FinishReason, ToolPart
from streaming.v1.chat_response import Json, event, merged


class Response:
    """One response being made; a `Writer`."""

    def __init__(self, echo: Json, model: str, provider_used: str) -> None:
        self._sequence = 0
        self._open: list[_Item] = []
        self._calls: dict[int, _Item] = {}
        self.data: Json = {
            "id": _id("resp"),
            "object": "response",
            "created_at": int(time.time()),
            "status": "in_progress",
            "background": False,
            "error": None,
            "incomplete_details": None,
            **echo,
            "model": model,
            "output": [],
            "previous_response_id": None,
            "provider_used": provider_used,
            "service_tier": "default",
            "store": False,
            "truncation": "disabled",
            "usage": None,
        }

    def begin(self) -> bytes:
        return self._about("response.created") + self._about("response.in_progress")

    def pieces(self, chunks: Iterable[Chunk]) -> bytes:
        events = b""
        for chunk in merged(chunks):
            if chunk.reasoning:
                events += self._text(_Reasoning, chunk.reasoning)
            if chunk.content:
                events += self._text(_Message, chunk.content)
            for part in chunk.tool_parts:
                events += self._call(part)
        return events

    def end(self, reason: FinishReason, tokens: Json) -> bytes:
        cut = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(reason)
        status = "incomplete" if cut else "completed"
        events = self._close(status)
        self.data["status"] = status
        self.data["incomplete_details"] = {"reason": cut} if cut else None
        self.data["usage"] = _usage(tokens)
        return events + self._about(f"response.{status}")

    def failure(self, error: Json) -> bytes:
        begun = b"" if self._sequence else self.begin()
        told = error["error"]
        self.data["status"] = "failed"
        self.data["error"] = {"code": told["code"], "message": told["message"]}
        return begun + self._about("response.failed")

    # --- Items --------------------------------------------------------------------------------

    def _text(self, kind: "type[_Text]", text: str) -> bytes:
        """Text goes on in the item that is open, if it is of its kind."""
        events = b""
        item = self._open[-1] if self._open else None
        if not isinstance(item, kind):
            events += self._close("completed")
            item = kind(len(self.data["output"]))
            events += self._add(item)
        item.text += text
        return events + self._event(f"response.{item.kind}.delta", {**item.at(), "delta": text})

    def _call(self, part: ToolPart) -> bytes:
        """Several calls may be open side by side."""
        events = b""
        item = self._calls.get(part.index)
        if not isinstance(item, _Call):
            if self._open and not isinstance(self._open[-1], _Call):
                events += self._close("completed")
            item = self._calls[part.index] = _Call(len(self.data["output"]), part.id, part.name)
            events += self._add(item)
        if part.arguments:
            item.text += part.arguments
            delta = {**item.at(), "delta": part.arguments}
            events += self._event("response.function_call_arguments.delta", delta)
        return events

    def _add(self, item: "_Item") -> bytes:
        self._open.append(item)
        self.data["output"].append(item.data("in_progress"))
        where = {"output_index": item.index, "item": item.data("in_progress")}
        events = self._event("response.output_item.added", where)
        if isinstance(item, _Message):
            part = {**item.at(), "part": _part("")}
            events += self._event("response.content_part.added", part)
        return events

    def _close(self, status: str) -> bytes:
        """Everything that is open is done; what a limit has cut stays incomplete."""
        events = b""
        for item in self._open:
            for name, more in item.done():
                events += self._event(name, {**item.at(), **more})
            data = self.data["output"][item.index] = item.data(status)
            where = {"output_index": item.index, "item": data}
            events += self._event("response.output_item.done", where)
        self._open.clear()
        return events

    def _about(self, name: str) -> bytes:
        return self._event(name, {"response": self.data})

    def _event(self, name: str, more: Json) -> bytes:
        data = {"type": name, "sequence_number": self._sequence, **more}
        self._sequence += 1
        return event(data, name)


class _Item:
    """One item; `index` is its place in the output."""

    prefix = ""

    def __init__(self, index: int) -> None:
        self.index = index
        self.id = _id(self.prefix)
        self.text = ""

    def at(self) -> Json:
        """Where an event of it belongs."""
        return {"item_id": self.id, "output_index": self.index}

    def data(self, status: str) -> Json:
        raise NotImplementedError

    def done(self) -> list[tuple[str, Json]]:
        """The events before its last."""
        raise NotImplementedError


class _Text(_Item):
    kind = ""

    def at(self) -> Json:
        return {**super().at(), "content_index": 0}


class _Message(_Text):
    prefix = "msg"
    kind = "output_text"

    def at(self) -> Json:
        return {**super().at(), "logprobs": []}

    def data(self, status: str) -> Json:
        made = [] if status == "in_progress" else [_part(self.text)]
        head: Json = {"id": self.id, "type": "message", "status": status}
        return {**head, "role": "assistant", "content": made}

    def done(self) -> list[tuple[str, Json]]:
        return [
            ("response.output_text.done", {"text": self.text}),
            ("response.content_part.done", {"part": _part(self.text)}),
        ]


class _Reasoning(_Text):
    prefix = "rs"
    kind = "reasoning_text"

    def data(self, status: str) -> Json:
        made = [] if status == "in_progress" else [{"type": "reasoning_text", "text": self.text}]
        return {"id": self.id, "type": "reasoning", "summary": [], "content": made}

    def done(self) -> list[tuple[str, Json]]:
        return [("response.reasoning_text.done", {"text": self.text})]


class _Call(_Item):
    prefix = "fc"

    def __init__(self, index: int, call_id: str, name: str) -> None:
        super().__init__(index)
        self.call_id, self.name = call_id, name

    def data(self, status: str) -> Json:
        head: Json = {"id": self.id, "type": "function_call", "status": status}
        return {**head, "call_id": self.call_id, "name": self.name, "arguments": self.text}

    def done(self) -> list[tuple[str, Json]]:
        return [("response.function_call_arguments.done", {"arguments": self.text})]


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _usage(tokens: Json) -> Json:
    return {
        "input_tokens": tokens["prompt"],
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": tokens["completion"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens["total"],
        "source": tokens["source"],
    }


def _id(prefix: str) -> str:
    return f"{prefix}_{uuid4().hex}"
