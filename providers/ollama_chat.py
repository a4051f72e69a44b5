"""Ollama's `/api/chat`: what is sent, and how a reply ended. Pure."""

from typing import Any

import ollama
import orjson

from providers import errors
from providers.types import (
    ChatMessage,
    ChatRequest,
    Finish,
    FinishReason,
    ResponseFormat,
    Tool,
    Usage,
)

Json = dict[str, Any]

# OpenAI's words for how long to think. Without one `think` is left out: a model that can think
# does, and any other would refuse it.
_THINK: dict[str, bool | str] = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
}


# Ollama's seeds are 32 bits, with a sign.
_SEEDS = range(-(2**31), 2**31)


def body(request: ChatRequest, *, thinks: bool = True) -> Json:
    """The JSON of a streaming request; for a model that does not think, without a word on it.
    Raises `RequestRefused` for what Ollama has no form for."""
    names = {call.id: call.name for m in request.messages for call in m.tool_calls}
    wanted: Json = {
        "model": request.model,
        "messages": [_message(message, names) for message in request.messages],
        "stream": True,
        "options": _options(request),
        "tools": [_tool(tool) for tool in _offered(request)] or None,
        "format": _format(request.response_format),
        "think": _THINK.get(request.reasoning_effort or "") if thinks else None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _message(message: ChatMessage, names: dict[str, str]) -> Json:
    found: Json = {"role": message.role, "content": message.content}
    if message.images:
        found["images"] = [image.base64 for image in message.images]
    if message.tool_calls:
        found["tool_calls"] = [
            {
                "id": call.id,
                "function": {"name": call.name, "arguments": _object(call.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        found["tool_call_id"] = message.tool_call_id
        found["tool_name"] = message.name or names.get(message.tool_call_id, "")
    return found


def _object(text: str) -> Json:
    """Ollama takes an object where OpenAI takes text."""
    try:
        found = orjson.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise errors.RequestRefused("The arguments of a tool call are not a JSON object.")
    return found


def _offered(request: ChatRequest) -> list[Tool]:
    """Ollama cannot be told which tool to call: one that has to be is offered alone."""
    choice = request.tool_choice
    if choice is None or choice.mode in ("auto", "required"):
        return list(request.tools)
    if choice.mode == "none":
        return []
    return [tool for tool in request.tools if tool.name == choice.name]


def _tool(tool: Tool) -> Json:
    parameters = tool.parameters or {"type": "object", "properties": {}}
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def _format(wanted: ResponseFormat | None) -> Any:
    if wanted is None:
        return None
    return "json" if wanted.schema is None else wanted.schema


def _options(request: ChatRequest) -> Json:
    options = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "num_predict": request.max_tokens,
        "num_ctx": request.window,
        "stop": list(request.stop) or None,
        "seed": _seed(request.seed),
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
    }
    return {name: value for name, value in options.items() if value is not None}


def _seed(wanted: int | None) -> int | None:
    """Folded where it is too large, so that the same one is always the same."""
    return wanted if wanted is None or wanted in _SEEDS else wanted % 2**31


def finish(reply: ollama.ChatResponse, *, called: bool) -> Finish:
    """`load` and `unload` answer an empty prompt and an absent reason comes from older or other
    servers: all three are plain ends, as are tool calls to Ollama. Counts of 0 are not sent."""
    reason: FinishReason = "tool_calls" if called else "stop"
    if reply.done_reason == "length":
        reason = "length"
    usage = None
    if reply.prompt_eval_count is not None or reply.eval_count is not None:
        usage = Usage(reply.prompt_eval_count or 0, reply.eval_count or 0)
    return Finish(
        reason=reason,
        usage=usage,
        load_s=_seconds(reply.load_duration),
        prompt_s=_seconds(reply.prompt_eval_duration),
        generate_s=_seconds(reply.eval_duration),
    )


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9
