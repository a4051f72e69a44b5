"""A request to `/v1/responses`, read into the same values as a chat completion. Pure.

Nothing is kept here between two requests, so whatever refers to an earlier one is refused.
"""

from dataclasses import dataclass, replace
from typing import Any

from providers.types import ChatMessage, ResponseFormat, Role, ToolCall
from streaming.v1.chat_request import (
    ROLES,
    TOOLS,
    Ask,
    arguments,
    choice,
    content,
    effort,
    form,
    given,
    has_image,
    sampling,
    tool,
)
from streaming.v1.fields import Fields, refuse

# What every answer says again of its request, and what it says where nothing was asked.
_ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
}
# Asked for, these would need an answer to be kept.
_STORED = {
    "store": "Responses are not stored here. Leave it out, or set it to false.",
    "background": "Responses are not made in the background here.",
    "previous_response_id": "Responses are not stored here. Send the items themselves.",
    "conversation": "Conversations are not kept here. Send the items themselves.",
}
_REFERENCE = "Responses are not stored here. Set store to false, and send the item itself."


@dataclass(frozen=True, slots=True)
class ResponsesAsk:
    """A request, and what its answer says again of it."""

    ask: Ask
    echo: dict[str, Any]


def parse_responses(data: object) -> ResponsesAsk:
    """The body of `/v1/responses`. Raises `InvalidInput`, which names the field."""
    body = Fields(data)
    for name, sentence in _STORED.items():
        if body.get(name):
            refuse(name, sentence)
    for item in body.items("tools"):
        if item.text("type", required=True) != "function":
            refuse(item.at("type"), "Only tools of the type function can be used here.")
    tools = tuple(tool(item) for item in body.items("tools"))
    if len(tools) > TOOLS:
        refuse("tools", f"There can be at most {TOOLS}.")
    reasoning = body.inner("reasoning")
    ask = Ask(
        messages=tuple(_messages(body)),
        parameters=given(
            {
                **sampling(body),
                "max_tokens": body.whole("max_output_tokens", least=1),
                "reasoning_effort": effort(reasoning, "effort") if reasoning else None,
                "tools": tools,
                "tool_choice": choice(body.get("tool_choice"), tools),
                "response_format": _format(body),
            }
        ),
        model=body.model() or None,
        stream=body.flag("stream"),
    )
    found = {name: body.get(name) for name in _ECHOED}
    echo = {name: found[name] if found[name] is not None else _ECHOED[name] for name in _ECHOED}
    return ResponsesAsk(ask, echo)


def _format(body: Fields) -> ResponseFormat | None:
    text = body.inner("text")
    wanted = text.inner("format") if text else None
    return form(wanted, wanted) if wanted else None  # the schema stands beside the type


def _messages(body: Fields) -> list[ChatMessage]:
    found: list[ChatMessage] = []
    if instructions := body.text("instructions"):
        found.append(ChatMessage("system", instructions))
    if isinstance(said := body.get("input"), str):
        found.append(ChatMessage("user", said))
        return found
    for item in body.items("input", required=True):
        match item.text("type") or "message":
            case "message":
                found.append(_message(item))
            case "function_call":
                _add_call(found, item)
            case "function_call_output":
                output, _ = content(item, "output")
                call_id = item.text("call_id", required=True)
                found.append(ChatMessage("tool", output, tool_call_id=call_id))
            case "reasoning":
                pass  # a model does not read its own again
            case "item_reference":
                refuse(item.at("type"), _REFERENCE)
            case _:
                refuse(item.at("type"), "Only messages and function calls are understood.")
    return found


def _message(item: Fields) -> ChatMessage:
    asked = item.one_of("role", ROLES[:-1])
    roles: dict[str | None, Role] = {
        "system": "system",
        "developer": "system",
        "user": "user",
        "assistant": "assistant",
    }
    if asked not in roles:
        refuse(item.at("role"), f"This has to be one of {', '.join(ROLES[:-1])}.")
    if item.get("content") is None:
        refuse(item.at("content"), "This has to be a text or a list of parts.")
    text, parts = content(item, "content")
    if has_image(parts) and asked != "user":
        refuse(item.at("content"), "Only a user shows images.")
    return ChatMessage(roles[asked], text, parts)


def _add_call(found: list[ChatMessage], item: Fields) -> None:
    """Calls are items of their own here, and part of the message before them elsewhere."""
    call = ToolCall(
        id=item.text("call_id", required=True),
        name=item.text("name", required=True),
        arguments=arguments(item),
    )
    if not found or found[-1].role != "assistant":
        found.append(ChatMessage("assistant", ""))
    found[-1] = replace(found[-1], tool_calls=(*found[-1].tool_calls, call))
