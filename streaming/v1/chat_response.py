"""What `/v1/chat/completions` answers: chunks, or one completion.

Where OpenAI's spelling and the camelCase one differ, answers carry both.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import orjson

from providers.types import Chunk, ToolPart
from streaming.replies.result import Result
from streaming.v1.reply_request import ParsedRequest
from streaming.v1.sse import DONE, Json, event, merged
from streaming.v1.tools import as_input


class Completion:
    """One chat completion; as a `Writer` it streams."""

    prefix, kind, event_kind = "chatcmpl", "chat.completion", "chat.completion.chunk"

    def __init__(self, result: Result, request: ParsedRequest) -> None:
        self._result, self._request = result, request
        self._held: list[ToolPart] = []  # pieces of calls of custom tools
        self._around: tuple[bytes, bytes] | None = None  # the text in a chunk of nothing else
        self._head = {
            "id": f"{self.prefix}-{uuid4().hex}",
            "created": int(time.time()),
            "model": result.model,
            "provider_used": result.provider_used,
        }

    def begin(self) -> bytes:
        """The only chunk with the role."""
        return self._chunk({"role": "assistant", "content": ""})

    def pieces(self, chunks: Sequence[Chunk]) -> bytes:
        events = b""
        for chunk in merged(chunks):
            if chunk.reasoning:
                events += self._chunk({"reasoning_content": chunk.reasoning})
            if chunk.logprobs:
                events += self._chunk({"content": chunk.content}, logprobs=chunk.logprobs)
            elif chunk.content:
                events += self._text(chunk.content)
            if parts := [part for part in chunk.tool_parts if not self._hold(part)]:
                events += self._chunk({"tool_calls": [_piece(part) for part in parts]})
        return events

    def _text(self, text: str) -> bytes:
        """The chunk with a text and nothing else: of a reply all are the same but for it."""
        if self._around is None:
            stand_in = uuid4().hex
            before, _, after = self._chunk({"content": stand_in}).partition(orjson.dumps(stand_in))
            self._around = before, after
        before, after = self._around
        return before + orjson.dumps(text) + after

    def end(self, tokens: Json) -> bytes:
        """The chunk with the reason, that with the usage if it was asked for, the end mark. Calls
        of custom tools come before it: their input is known when they are whole."""
        custom = self._request.custom
        calls = [{"index": call.index, **_call(call, custom)} for call in _joined(self._held)]
        events = self._chunk({"tool_calls": calls}) if calls else b""
        warnings = self._warnings()
        if not self._request.include_usage:
            return events + self._chunk({}, reason=self._result.reason, **warnings) + DONE
        events += self._chunk({}, reason=self._result.reason)
        return events + self._event(choices=[], usage=usage(tokens), **warnings) + DONE

    def failure(self, error: Json) -> bytes:
        return event(error) + DONE

    def whole(self, chunks: Sequence[Chunk], tokens: Json) -> Json:
        """The answer to a request without a stream."""
        choice = {**self._choice(chunks), **_finish(self._result.reason)}
        answer = {"object": self.kind, **self._head, "choices": [choice]}
        return {**answer, "usage": usage(tokens), **self._warnings()}

    def _choice(self, chunks: Sequence[Chunk]) -> Json:
        content = "".join(chunk.content for chunk in chunks)
        message: Json = {"role": "assistant", "content": content, "refusal": None}
        if reasoning := "".join(chunk.reasoning for chunk in chunks):
            message["reasoning_content"] = reasoning
        if calls := _joined(part for chunk in chunks for part in chunk.tool_parts):
            wire_calls = [_call(call, self._request.custom) for call in calls]
            message |= {"content": content or None, "tool_calls": wire_calls}
        logprobs = [entry for chunk in chunks for entry in chunk.logprobs]
        return {"index": 0, "message": message, "logprobs": _logprobs(logprobs)}

    def _hold(self, part: ToolPart) -> bool:
        """Keep a piece of a call of a custom tool until its end. Returns whether it is one."""
        indexes = {kept.index for kept in self._held}
        held = part.name in self._request.custom or part.index in indexes
        if held:
            self._held.append(part)
        return held

    def _warnings(self) -> Json:
        return {"warnings": self._request.warnings} if self._request.warnings else {}

    def _delta(self, delta: Json, logprobs: Sequence[Any]) -> Json:
        """The choice of a chunk, without its reason."""
        choice: Json = {"index": 0, "delta": delta}
        return {**choice, "logprobs": _logprobs(logprobs)} if logprobs else choice

    def _chunk(
        self, delta: Json, *, logprobs: Sequence[Any] = (), reason: str | None = None, **more: Any
    ) -> bytes:
        choice = {**self._delta(delta, logprobs), **_finish(reason)}
        return self._event(choices=[choice], **more)

    def _event(self, **more: Any) -> bytes:
        return event({"object": self.event_kind, **self._head, **more})


def _finish(reason: str | None) -> Json:
    return {"finish_reason": reason, "finishReason": reason}


def _logprobs(entries: Sequence[Any]) -> Json | None:
    return {"content": entries, "refusal": None} if entries else None


def _piece(part: ToolPart) -> Json:
    """A piece of a call; id, type and name are in its first piece only."""
    if part.id:
        return {"index": part.index, **_call(part)}
    piece: Json = {"index": part.index, "function": {"arguments": part.arguments}}
    return piece | _extra(part)


def _call(call: ToolPart, custom: frozenset[str] = frozenset()) -> Json:
    """A call of a function, or of a custom tool if it is one."""
    if call.name in custom:
        tool = {"name": call.name, "input": as_input(call.arguments)}
        return {"id": call.id, "type": "custom", "custom": tool, **_extra(call)}
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function, **_extra(call)}


def _extra(part: ToolPart) -> Json:
    return {"extra_content": part.extra_content} if part.extra_content else {}


def _joined(parts: Iterable[ToolPart]) -> list[ToolPart]:
    """The calls that the pieces make, in their order."""
    calls: dict[int, ToolPart] = {}
    for part in parts:
        if known := calls.get(part.index):
            extra = part.extra_content or known.extra_content
            arguments = known.arguments + part.arguments
            part = replace(known, arguments=arguments, extra_content=extra)
        calls[part.index] = part
    return [calls[index] for index in sorted(calls)]


def usage(tokens: Json) -> Json:
    """The counts; `source` says whether the provider counted or we estimated."""
    names = ("prompt", "completion", "total")
    snake = {f"{name}_tokens": tokens[name] for name in names}
    camel = {f"{name}Tokens": tokens[name] for name in names}
    details = {"prompt_tokens_details": {"cached_tokens": tokens.get("cached", 0)}}
    return {**snake, **camel, **details, "source": tokens["source"]}
