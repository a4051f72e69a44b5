"""What `/v1` answers, as JSON: chunks, whole completions, models, embeddings, errors. Pure.

Where OpenAI's spelling and the camelCase one differ, answers carry both.
"""

import struct
import time
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from math import ceil
from typing import Any, Protocol
from uuid import uuid4

import orjson

from conversations.errors import BudgetSpent, ModelNotAllowed
from providers.errors import ModelNotFound
from providers.types import Chunk, Embeddings, FinishReason, Model, ToolPart
from streaming.errors import describe
from streaming.routing import ModelNotOffered

Json = dict[str, Any]

# Seconds after which to try again where nobody knows better.
RETRY_AFTER = 3.0
# How the other doors name a field that is plainly `model` here.
_OURS = "parameters.model: "

DONE = b"data: [DONE]\n\n"

# OpenAI's words for kinds of errors, by status.
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}
# The status by the code of what failed; others have that of their description. A provider that
# cannot be reached is a dependency that is down, and never the fault of a key.
_STATUS = {
    "provider_unavailable": 503,
    "model_not_found": 404,
    "provider_refused": 400,
    "context_length_exceeded": 400,
}


class Writer(Protocol):
    """Tells one answer as server-sent events; each method gives those of one moment."""

    def begin(self) -> bytes: ...

    def pieces(self, chunks: Iterable[Chunk]) -> bytes: ...

    def end(self, reason: FinishReason, tokens: Json) -> bytes: ...

    def failure(self, error: Json) -> bytes: ...


@dataclass(slots=True)
class Reply:
    """The head that every chunk of a chat completion shares; a `Writer`."""

    model: str
    provider_used: str
    include_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def head(self, kind: str) -> Json:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "provider_used": self.provider_used,
        }

    def begin(self) -> bytes:
        """The only chunk with the role."""
        return self._chunk({"role": "assistant", "content": ""})

    def pieces(self, chunks: Iterable[Chunk]) -> bytes:
        """Texts of one kind go together."""
        events = b""
        for chunk in merged(chunks):
            if chunk.reasoning:
                events += self._chunk({"reasoning_content": chunk.reasoning})
            if chunk.content:
                events += self._chunk({"content": chunk.content})
            if chunk.tool_parts:
                events += self._chunk({"tool_calls": [_part(part) for part in chunk.tool_parts]})
        return events

    def end(self, reason: FinishReason, tokens: Json) -> bytes:
        """The chunk with the reason, the one with the usage if it was asked for, the end mark."""
        events = self._chunk({}, reason)
        if self.include_usage:
            head = self.head("chat.completion.chunk")
            events += event({**head, "choices": [], "usage": usage(tokens)})
        return events + DONE

    def failure(self, error: Json) -> bytes:
        return event(error) + DONE

    def whole(self, made: "Made", reason: str, tokens: Json) -> Json:
        """The answer to a request without a stream."""
        said: Json = {"role": "assistant", "content": made.content or None, "refusal": None}
        if not made.calls:
            said["content"] = made.content
        if made.reasoning:
            said["reasoning_content"] = made.reasoning
        if made.calls:
            said["tool_calls"] = [_call(*call) for call in made.calls]
        choice = {
            "index": 0,
            "message": said,
            "logprobs": None,
            "finish_reason": reason,
            "finishReason": reason,
        }
        return {**self.head("chat.completion"), "choices": [choice], "usage": usage(tokens)}

    def _chunk(self, delta: Json, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "finishReason": reason}
        return event({**self.head("chat.completion.chunk"), "choices": [choice]})


def merged(chunks: Iterable[Chunk]) -> list[Chunk]:
    """The same with neighbours that are text of one kind made one."""
    found: list[Chunk] = []
    for kind, run in groupby(chunks, _kind):
        if kind == "content":
            found.append(Chunk(content="".join(chunk.content for chunk in run)))
        elif kind == "reasoning":
            found.append(Chunk(reasoning="".join(chunk.reasoning for chunk in run)))
        else:
            found += run
    return found


def _kind(chunk: Chunk) -> str:
    if chunk.tool_parts or (chunk.content and chunk.reasoning):
        return ""
    return "content" if chunk.content else "reasoning"


@dataclass(slots=True)
class Made:
    """A message put together from its pieces. `calls` are id, name and arguments of each."""

    content: str = ""
    reasoning: str = ""
    calls: list[tuple[str, str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, chunks: Iterable[Chunk]) -> "Made":
        chunks = list(chunks)
        calls: dict[int, tuple[str, str, str]] = {}
        for part in (part for chunk in chunks for part in chunk.tool_parts):
            id_, name, arguments = calls.get(part.index, (part.id, part.name, ""))
            calls[part.index] = (id_, name, arguments + part.arguments)
        return cls(
            content="".join(chunk.content for chunk in chunks),
            reasoning="".join(chunk.reasoning for chunk in chunks),
            calls=[calls[index] for index in sorted(calls)],
        )


def _part(part: ToolPart) -> Json:
    """A piece of a call; id, type and name are in its first piece only."""
    if not part.id:
        return {"index": part.index, "function": {"arguments": part.arguments}}
    return {"index": part.index, **_call(part.id, part.name, part.arguments)}


def _call(id_: str, name: str, arguments: str) -> Json:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def usage(tokens: Json) -> Json:
    """The counts; `source` says whether the provider counted or we estimated."""
    prompt, completion, total = tokens["prompt"], tokens["completion"], tokens["total"]
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": total,
        "promptTokens": prompt,
        "completionTokens": completion,
        "totalTokens": total,
        "source": tokens["source"],
    }


def event(data: Json, name: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + orjson.dumps(data) + b"\n\n"


def ping(position: int | None = None) -> bytes:
    """A comment that keeps a connection alive, with the place in the line while there is one."""
    return b": ping\n\n" if position is None else f": ping\n: position {position}\n\n".encode()


# --- Errors -----------------------------------------------------------------------------------


def error(exc: BaseException) -> tuple[int, Json, dict[str, str]]:
    """The status, the body and the headers that tell of a failure."""
    told = describe(exc)
    code, parameter = told.code, next(iter(told.fields), None) if told.fields else None
    if isinstance(exc, ModelNotOffered | ModelNotFound):
        code, parameter = ModelNotFound.code, "model"
    if isinstance(exc, ModelNotAllowed):
        parameter = "model"
    status = _STATUS.get(code, told.http_status)
    headers = {}
    if status in (429, 503):
        seconds = getattr(exc, "retry_after", None) or RETRY_AFTER
        headers["Retry-After"] = str(ceil(seconds))
    if (status >= 500 and not told.retryable) or isinstance(exc, BudgetSpent):
        headers["x-should-retry"] = "false"  # OpenAI's clients would, twice
    return status, error_body(status, code, told.message.removeprefix(_OURS), parameter), headers


def error_body(status: int, code: str, message: str, parameter: str | None = None) -> Json:
    """OpenAI's shape."""
    kind = _TYPES.get(status, "server_error")
    return {"error": {"message": message, "type": kind, "param": parameter, "code": code}}


# --- Lists ------------------------------------------------------------------------------------


def model(entry: Model, provider: str) -> Json:
    """A model as `/v1/models` lists it."""
    return {
        "id": entry.name,
        "object": "model",
        "created": entry.created,
        "owned_by": provider,
        "displayLabel": entry.label,
        "contextLength": entry.context_length,
        "capabilities": list(entry.capabilities),
        "metadata": {
            "family": entry.family,
            "format": entry.format,
            "parameterSize": entry.parameter_size,
            "quantizationLevel": entry.quantization_level,
        },
    }


def embeddings(model_name: str, found: Embeddings, tokens: int, *, packed: bool) -> Json:
    """The vectors; `packed` ones as the base64 of 32 bit floats, which OpenAI's clients ask for."""
    return {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": _packed(vector) if packed else vector,
            }
            for index, vector in enumerate(found.vectors)
        ],
        "model": model_name,
        "usage": {
            "prompt_tokens": tokens,
            "total_tokens": tokens,
            "promptTokens": tokens,
            "totalTokens": tokens,
        },
    }


def _packed(vector: tuple[float, ...]) -> str:
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
