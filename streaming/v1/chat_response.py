"""What `/v1/chat/completions` answers: chunks, or one completion.

Where OpenAI's spelling and the camelCase one differ, answers carry both.
"""

import time
from collections.abc import Iterable, Sequence
from uuid import uuid4

from providers.types import Chunk, FinishReason, ToolPart
from streaming.replies.engine import Result
from streaming.v1.chat_request import Ask
from streaming.v1.sse import DONE, Json, event, merged


class Completion:
    """One chat completion; as a `Writer` it streams."""

    def __init__(self, result: Result, ask: Ask) -> None:
        self._result = result
        self._include_usage = ask.include_usage
        self._head = {
            "id": f"chatcmpl-{uuid4().hex}",
            "created": int(time.time()),
            "model": result.model,
            "provider_used": result.provider_used,
        }

    def begin(self) -> bytes:
        """The only chunk with the role."""
        return self._chunk({"role": "assistant", "content": ""})

    def pieces(self, chunks: Iterable[Chunk]) -> bytes:
        events = b""
        for chunk in merged(chunks):
            if chunk.reasoning:
                events += self._chunk({"reasoning_content": chunk.reasoning})
            if chunk.content:
                events += self._chunk({"content": chunk.content})
            if chunk.tool_parts:
                events += self._chunk({"tool_calls": [_piece(part) for part in chunk.tool_parts]})
        return events

    def end(self, tokens: Json) -> bytes:
        """The chunk with the reason, that with the usage if it was asked for, the end mark."""
        events = self._chunk({}, self._result.reason)
        if self._include_usage:
            events += self._event(choices=[], usage=usage(tokens))
        return events + DONE

    def failure(self, error: Json) -> bytes:
        return event(error) + DONE

    def whole(self, chunks: Sequence[Chunk], tokens: Json) -> Json:
        """The answer to a request without a stream."""
        content = "".join(chunk.content for chunk in chunks)
        calls = _calls(chunks)
        message: Json = {"role": "assistant", "content": content, "refusal": None}
        if reasoning := "".join(chunk.reasoning for chunk in chunks):
            message["reasoning_content"] = reasoning
        if calls:
            message |= {"content": content or None, "tool_calls": calls}
        choice = {"index": 0, "message": message, "logprobs": None}
        choice |= _finish(self._result.reason)
        answer = {"object": "chat.completion", **self._head}
        return {**answer, "choices": [choice], "usage": usage(tokens)}

    def _chunk(self, delta: Json, reason: FinishReason | None = None) -> bytes:
        return self._event(choices=[{"index": 0, "delta": delta, **_finish(reason)}])

    def _event(self, **more: object) -> bytes:
        return event({"object": "chat.completion.chunk", **self._head, **more})


def _finish(reason: FinishReason | None) -> Json:
    return {"finish_reason": reason, "finishReason": reason}


def _piece(part: ToolPart) -> Json:
    """A piece of a call; id, type and name are in its first piece only."""
    if not part.id:
        return {"index": part.index, "function": {"arguments": part.arguments}}
    function = {"name": part.name, "arguments": part.arguments}
    return {"index": part.index, "id": part.id, "type": "function", "function": function}


def _calls(chunks: Iterable[Chunk]) -> list[Json]:
    """The calls that the pieces make, in their order."""
    calls: dict[int, Json] = {}
    for part in (part for chunk in chunks for part in chunk.tool_parts):
        if part.index in calls:
            calls[part.index]["function"]["arguments"] += part.arguments
        else:
            calls[part.index] = _piece(part)
            del calls[part.index]["index"]
    return [calls[index] for index in sorted(calls)]


def usage(tokens: Json) -> Json:
    """The counts; `source` says whether the provider counted or we estimated."""
    names = ("prompt", "completion", "total")
    snake = {f"{name}_tokens": tokens[name] for name in names}
    camel = {f"{name}Tokens": tokens[name] for name in names}
    return {**snake, **camel, "source": tokens["source"]}
