"""Ollama's `/api/chat`: what is sent, and how a reply ended. Pure."""

from collections.abc import Mapping
from typing import Any

import orjson

from providers import errors, values
from providers.openai_chunks import fills_window
from providers.tool_calls import as_object
from providers.types import (
    ChatMessage,
    ChatRequest,
    ChatToolCall,
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
    """Return the JSON of a streaming request. A model that does not think is not told how to.
    Raises `RequestRefused` for what Ollama has no form for."""
    names = {call.id: call.name for m in request.messages for call in m.tool_calls}
    wanted: Json = {
        "model": request.model,
        "messages": [_message(message, names) for message in request.messages],
        "stream": True,
        # Else it leaves out the oldest messages, or half of the last one, and does not say so.
        "truncate": False,
        "options": _options(request),
        "tools": [_tool(tool) for tool in _offered(request)] or None,
        "format": _format(request.response_format),
        "logprobs": None if request.top_logprobs is None else True,
        "top_logprobs": request.top_logprobs or None,
        "think": _THINK.get(request.reasoning_effort or "") if thinks else None,
    }
    if request.suffix:  # `/api/generate` writes between two texts
        del wanted["messages"]
        wanted |= {"prompt": request.messages[-1].content, "suffix": request.suffix}
    return {name: value for name, value in wanted.items() if value is not None}


def message(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the message of a line; one of `/api/generate` has its texts beside it."""
    if "message" in line or "response" not in line:
        return line["message"]  # type: ignore[no-any-return]
    return {"content": line["response"], "thinking": line.get("thinking")}


def _message(message: ChatMessage, names: dict[str, str]) -> Json:
    sent: Json = {"role": message.role, "content": message.content}
    if message.reasoning:
        sent["thinking"] = message.reasoning
    if message.images:
        sent["images"] = [image.base64 for image in message.images]
    if message.tool_calls:
        sent["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.role == "tool":
        sent["tool_call_id"] = message.tool_call_id
        sent["tool_name"] = message.name or names.get(message.tool_call_id, "")
    return sent


def _call(call: ChatToolCall) -> Json:
    function = {"name": call.name, "arguments": _object(call.arguments)}
    sent: Json = {"id": call.id, "function": function}
    if call.extra_content is not None:
        sent["extra_content"] = call.extra_content
    return sent


def _object(text: str) -> Json:
    """Return an object, which Ollama takes where OpenAI takes text."""
    try:
        arguments = orjson.loads(as_object(text))
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise errors.RequestRefused("The arguments of a tool call are not a JSON object.")
    return arguments


def _offered(request: ChatRequest) -> list[Tool]:
    """Return the tools to offer. Ollama has no `tool_choice`: a tool that must be called is offered
    alone."""
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
        "num_predict": most_tokens(request),
        "num_ctx": request.window,
        "stop": list(request.stop) or None,
        "seed": _seed(request.seed),
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "top_k": request.top_k,
        "repeat_penalty": request.repeat_penalty,
    }
    return values.only_finite(options)


def most_tokens(request: ChatRequest) -> int | None:
    """Return how much reply to ask for: no more than the window has room for. Beyond it Ollama
    throws away the beginning of the conversation while it writes, and does not say so."""
    if request.window is None or request.prompt_tokens is None:
        return request.max_tokens
    room = max(1, request.window - request.prompt_tokens)
    return room if request.max_tokens is None else min(request.max_tokens, room)


def _seed(wanted: int | None) -> int | None:
    """Folded where it is too large, so that the same one is always the same."""
    return wanted if wanted is None or wanted in _SEEDS else wanted % 2**31


def finish(line: Mapping[str, Any], request: ChatRequest, *, called: bool) -> Finish:
    """Return how a reply ended. `load` and `unload` answer an empty prompt, and servers that are
    older or not Ollama give no reason: these are plain ends, as tool calls are to Ollama. Counts of
    0 are not sent."""
    reason: FinishReason = "tool_calls" if called else "stop"
    if line.get("done_reason") == "length":
        reason = "length"
    usage = None
    counts = (line.get("prompt_eval_count"), line.get("eval_count"))
    prompt, completion = map(values.count, counts)
    unreadable = any(value is not None and values.count(value) is None for value in counts)
    if not unreadable and (prompt is not None or completion is not None):
        usage = Usage(prompt or 0, completion or 0)
    lowered = reason == "length" and most_tokens(request) != request.max_tokens
    return Finish(
        reason=reason,
        usage=usage,
        load_s=values.seconds(line.get("load_duration")),
        prompt_s=values.seconds(line.get("prompt_eval_duration")),
        generate_s=values.seconds(line.get("eval_duration")),
        window_full=lowered or fills_window(reason, usage, request.window),
    )
