"""What is sent to an OpenAI-compatible server, and its answer to a request for embeddings. Pure."""

from typing import Any

from providers import errors, values
from providers.tool_calls import as_object
from providers.types import (
    ChatMessage,
    ChatRequest,
    ChatToolCall,
    Embeddings,
    Image,
    ResponseFormat,
    Tool,
    ToolChoice,
)

Json = dict[str, Any]


def body(request: ChatRequest) -> Json:
    """Return the JSON of a streaming request. Such servers fix the window, so it is not sent."""
    wanted: Json = {
        "model": request.model,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_tokens": request.max_tokens,
        "stop": list(request.stop) or None,
        "seed": request.seed,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "reasoning_effort": request.reasoning_effort,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "tool_choice": _choice(request.tool_choice) if request.tools else None,
        "response_format": _format(request.response_format),
        "logprobs": None if request.top_logprobs is None else True,
        "top_logprobs": request.top_logprobs or None,
    }
    return values.only_finite(wanted)


def _message(message: ChatMessage) -> Json:
    sent: Json = {"role": message.role, "content": _content(message)}
    if message.reasoning:
        sent["reasoning_content"] = message.reasoning
    if message.tool_calls:
        sent["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_call_id:
        sent["tool_call_id"] = message.tool_call_id
    if message.name and message.role != "tool":
        sent["name"] = message.name
    return sent


def _call(call: ChatToolCall) -> Json:
    function = {"name": call.name, "arguments": as_object(call.arguments)}
    sent: Json = {"id": call.id, "type": "function", "function": function}
    if call.extra_content is not None:
        sent["extra_content"] = call.extra_content
    return sent


def _content(message: ChatMessage) -> Any:
    if message.parts:
        return [_part(part) for part in message.parts]
    return message.content or None if message.tool_calls else message.content


def _part(part: str | Image) -> Json:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    url = f"data:{part.media_type};base64,{part.base64}"
    return {"type": "image_url", "image_url": {"url": url}}


def _tool(tool: Tool) -> Json:
    function: Json = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice | None) -> Any:
    if choice is None:
        return None
    if choice.mode == "function":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode


def _format(wanted: ResponseFormat | None) -> Json | None:
    if wanted is None:
        return None
    if wanted.schema is None:
        return {"type": "json_object"}
    described: Json = {"name": wanted.name or "reply", "schema": wanted.schema}
    if wanted.strict is not None:
        described["strict"] = wanted.strict
    return {"type": "json_schema", "json_schema": described}


def embeddings(answer: bytes, count: int, who: str) -> Embeddings:
    """Return the `count` vectors in an answer, in the order of their `index`. Raises `ValueError`
    if it cannot be read, and `StreamBroken` if there are more or fewer."""
    data = values.mapping(values.decoded(answer))
    items = values.mappings(data.get("data"))
    if len(items) != count:
        raise errors.StreamBroken(f"{who} sent something that cannot be read.")
    ordered = sorted(items, key=lambda item: values.count(item.get("index")) or 0)
    vectors = values.vectors([item.get("embedding") for item in ordered])
    tokens = values.count(values.mapping(data.get("usage")).get("prompt_tokens"))
    return Embeddings(vectors, tokens)
