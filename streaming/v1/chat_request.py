"""A program's chat request, read: OpenAI's fields into the values of `providers`. Pure."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import orjson

from providers.types import (
    ChatMessage,
    Image,
    ResponseFormat,
    Role,
    Tool,
    ToolCall,
    ToolChoice,
)
from streaming.v1.fields import Fields, refuse

ROLES = ("system", "developer", "user", "assistant", "tool")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")
FORMS = ("text", "json_object", "json_schema")
STOPS = 16
TOOLS = 128

_DATA_URL = re.compile(r"data:(image/[\w.+-]+)(?:;[\w.+-]+=[^;,]*)*;base64,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a program wants. `model` is `None` where it names none; `parameters` holds those
    fields of a `ChatRequest` that it set."""

    messages: tuple[ChatMessage, ...]
    parameters: dict[str, Any]
    model: str | None = None
    stream: bool = False
    include_usage: bool = False


def parse_chat(data: object) -> Ask:
    """The body of `/v1/chat/completions`. Raises `InvalidInput`, which names the field."""
    body = Fields(data)
    if (body.whole("n", least=1) or 1) > 1:
        refuse("n", "Only one reply is made for a request.")
    options = body.inner("stream_options")
    tools = tuple(_tool(item) for item in body.items("tools", skip=str))
    if len(tools) > TOOLS:
        refuse("tools", f"There can be at most {TOOLS}.")
    return Ask(
        messages=tuple(_message(item) for item in body.items("messages", required=True)),
        parameters=given(
            {
                **sampling(body),
                "max_tokens": body.whole("max_completion_tokens", "max_tokens", least=1),
                "stop": body.texts("stop", STOPS),
                "seed": body.whole("seed", least=-(2**63), most=2**63 - 1),
                "presence_penalty": body.number("presence_penalty", -2, 2),
                "frequency_penalty": body.number("frequency_penalty", -2, 2),
                "reasoning_effort": effort(body, "reasoning_effort"),
                "tools": tools,
                "tool_choice": choice(body.get("tool_choice"), tools),
                "response_format": _format(body.inner("response_format")),
            }
        ),
        model=body.model() or None,
        stream=body.flag("stream"),
        include_usage=options is not None and options.flag("include_usage"),
    )


def sampling(body: Fields) -> dict[str, Any]:
    """The two that every kind of request has."""
    return {
        "temperature": body.number("temperature", 0, 2),
        "top_p": body.number("top_p", 0, 1),
    }


def effort(body: Fields, name: str) -> str | None:
    """How long to think; what goes beyond "high" is "high"."""
    wanted = body.one_of(name, EFFORTS)
    return "high" if wanted == "xhigh" else wanted


def given(parameters: dict[str, Any]) -> dict[str, Any]:
    """Without those that were not set."""
    return {name: value for name, value in parameters.items() if value not in (None, ())}


# --- Messages ---------------------------------------------------------------------------------


def _message(item: Fields) -> ChatMessage:
    role = item.one_of("role", ROLES)
    if role is None:
        refuse(item.at("role"), f"This has to be one of {', '.join(ROLES)}.")
    text, parts = content(item, "content")
    calls = tuple(_call(call) for call in item.items("tool_calls"))
    if calls and role != "assistant":
        refuse(item.at("tool_calls"), "Only an assistant calls tools.")
    if has_image(parts) and role != "user":
        refuse(item.at("content"), "Only a user shows images.")
    if item.get("content") is None and not calls and role != "assistant":
        refuse(item.at("content"), "This has to be a text or a list of parts.")
    return ChatMessage(
        role=cast("Role", "system" if role == "developer" else role),
        content=text,
        parts=parts,
        tool_calls=calls,
        tool_call_id=item.text("tool_call_id", required=role == "tool"),
        name=item.text("name"),
    )


def content(item: Fields, name: str) -> tuple[str, tuple[str | Image, ...]]:
    """A text or a list of parts: their texts joined, and the parts if there are images."""
    value = item.get(name)
    if value is None or isinstance(value, str):
        return value or "", ()
    if not isinstance(value, list):
        refuse(item.at(name), "This has to be a text or a list of parts.")
    parts: list[str | Image] = []
    for part in item.items(name):
        match part.text("type", required=True):
            case "text" | "input_text" | "output_text":
                parts.append(_said(part, "text"))
            case "refusal":
                parts.append(_said(part, "refusal"))
            case "image_url" | "input_image":
                parts.append(_image(part))
            case _:
                refuse(part.at("type"), "Only parts with text and images are understood.")
    text = "".join(part for part in parts if isinstance(part, str))
    return text, tuple(part for part in parts if part) if has_image(parts) else ()


def has_image(parts: Iterable[str | Image]) -> bool:
    return any(isinstance(part, Image) for part in parts)


def _said(part: Fields, name: str) -> str:
    """The text of a part: it may be empty, and has to be there."""
    if part.get(name) is None:
        refuse(part.at(name), "This has to be a text.")
    return part.text(name)


def _image(part: Fields) -> Image:
    """An image that the request itself holds. Another address is never fetched: this server may
    reach what the program may not."""
    value = part.get("image_url")
    at = part.at("image_url")
    if isinstance(value, dict):
        value, at = value.get("url"), f"{at}.url"
    found = _DATA_URL.match(value) if isinstance(value, str) else None
    if found is None or not isinstance(value, str):
        refuse(at, "An image has to be sent along, as a data URL (data:image/png;base64,…).")
    data = value[found.end() :]
    try:
        picture = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        refuse(at, "This is not base64.")
    if not picture:
        refuse(at, "There is no image in it.")
    return Image(found[1].lower(), data)


def _call(item: Fields) -> ToolCall:
    function = item.needed("function")
    return ToolCall(
        id=item.text("id", required=True),
        name=function.text("name", required=True),
        arguments=arguments(function),
    )


def arguments(call: Fields) -> str:
    """Those of a call that a model has made. Text that is no JSON may be what it really said, and
    is for the provider to judge; JSON that is no object never is."""
    text = call.text("arguments")
    try:
        wrong = not isinstance(orjson.loads(text), dict)
    except ValueError:
        wrong = False
    if wrong:
        refuse(call.at("arguments"), "This has to be the text of a JSON object.")
    return text


# --- Tools and formats --------------------------------------------------------------------------


def _tool(item: Fields) -> Tool:
    if item.text("type") not in ("", "function"):
        refuse(item.at("type"), "Only tools of the type function can be used here.")
    return tool(item.needed("function"))


def tool(function: Fields) -> Tool:
    """The function of a tool, described."""
    return Tool(
        name=function.text("name", required=True),
        description=function.text("description"),
        parameters=function.schema("parameters"),
        strict=function.flag("strict") if function.get("strict") is not None else None,
    )


def choice(value: Any, tools: tuple[Tool, ...]) -> ToolChoice | None:
    """Whether a tool has to be called; a named one as chat completions or as responses spell it.
    Without tools it means nothing."""
    if value is None:
        return None
    named = isinstance(value, dict)
    if not named and value not in ("auto", "none", "required"):
        refuse("tool_choice", "This has to be auto, none, required or a function.")
    if not tools:
        return None
    if not named:
        return ToolChoice(value)
    function = value.get("function")
    name = function.get("name") if isinstance(function, dict) else value.get("name")
    if name not in [entry.name for entry in tools]:
        refuse("tool_choice", "This names no function of tools.")
    return ToolChoice("function", str(name))


def _format(wanted: Fields | None) -> ResponseFormat | None:
    if wanted is None:
        return None
    described = wanted.get("type") == "json_schema"
    return form(wanted, wanted.needed("json_schema") if described else wanted)


def form(wanted: Fields, described: Fields) -> ResponseFormat | None:
    """The form of a reply; `described` is the object in which its schema stands."""
    kind = wanted.one_of("type", FORMS)
    if kind is None:
        refuse(wanted.at("type"), f"This has to be one of {', '.join(FORMS)}.")
    if kind == "json_object":
        return ResponseFormat()
    if kind != "json_schema":
        return None
    schema = described.schema("schema")
    if schema is None:
        refuse(described.at("schema"), "This has to be a JSON schema.")
    strict = described.flag("strict") if described.get("strict") is not None else None
    return ResponseFormat(schema, described.text("name"), strict)
