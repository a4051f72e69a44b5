"""The body of `/v1/chat/completions`, and what `/v1/responses` has in common with it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Self, cast

import orjson
from pydantic import (
    AfterValidator,
    BeforeValidator,
    FailFast,
    Field,
    PlainValidator,
    model_validator,
)

from providers.types import (
    ChatMessage,
    Image,
    ResponseFormat,
    Role,
    Tool,
    ToolCall,
    ToolChoice,
)
from streaming.v1.fields import Body, Count, ModelName, Word, is_base64, refuse, require, texts

STOPS = 16
TOOLS = 128
MESSAGES = 10_000

_DATA_URL = re.compile(r"data:(image/[\w.+-]+)(?:;[\w.+-]+=[^;,]*)*;base64,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a program wants. `model` is `None` where it names none; `parameters` holds those
    fields of a `ChatRequest` that it set, `echo` what the answer repeats."""

    messages: tuple[ChatMessage, ...]
    parameters: dict[str, Any]
    model: str | None = None
    stream: bool = False
    include_usage: bool = False
    echo: dict[str, Any] = field(default_factory=dict)


# --- Messages ---------------------------------------------------------------------------------


def _image(value: Any) -> Image:
    """Read an image that the request itself holds. Another address is never fetched: this server
    may reach what the program may not."""
    at = ("url",) if isinstance(value, dict) else ()
    url = value.get("url") if isinstance(value, dict) else value
    if not isinstance(url, str) or not (head := _DATA_URL.match(url)):
        refuse("Must be a data URL (data:image/png;base64,…)", *at)
    data = url[head.end() :]
    if not is_base64(data):
        refuse("Must be an image in base64", *at)
    return Image(head[1].lower(), data)


class Part(Body):
    """A text or an image in a message, spelled as in chat completions or as in responses."""

    type: Literal["text", "image_url", "input_text", "output_text", "input_image", "refusal"]
    text: str | None = None
    refusal: str | None = None
    image_url: Annotated[Image, PlainValidator(_image)] | None = None

    @model_validator(mode="after")
    def _has_its_value(self) -> Self:
        return require(self, "image_url" if "image" in self.type else self.type.split("_")[-1])

    @property
    def value(self) -> str | Image | None:
        return self.image_url or self.refusal or self.text


def _parts(value: Any) -> Any:
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


Content = Annotated[list[Part], BeforeValidator(_parts)]


def shows_image(content: list[Part] | None) -> bool:
    return any(part.image_url for part in content or ())


def chat_message(role: str, content: Iterable[Part], **more: Any) -> ChatMessage:
    """A message for the provider, with the order of its parts where some are images."""
    parts = tuple(part.value for part in content if part.value)
    text = "".join(part for part in parts if isinstance(part, str))
    shown = parts if any(isinstance(part, Image) for part in parts) else ()
    role = "system" if role == "developer" else role
    return ChatMessage(cast("Role", role), text, shown, **more)


def _arguments(text: str) -> str:
    """Check the arguments of a call that a model has made. Text that is not JSON may be what it
    really said, and is for the provider to refuse; JSON that is not an object never is."""
    try:
        wrong = not isinstance(orjson.loads(text), dict)
    except ValueError:
        wrong = False
    if wrong:
        refuse("Must be the text of a JSON object")
    return text


Arguments = Annotated[str, AfterValidator(_arguments)]


class CalledFunction(Body):
    name: Word
    arguments: Arguments = ""


class Call(Body):
    id: Word
    function: CalledFunction

    def to_provider(self) -> ToolCall:
        return ToolCall(self.id, self.function.name, self.function.arguments)


class Message(Body):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content | None = None
    tool_calls: list[Call] = []
    tool_call_id: Word | None = None
    name: str = ""

    @model_validator(mode="after")
    def _fits_its_role(self) -> Self:
        if self.tool_calls and self.role != "assistant":
            refuse("Only an assistant calls tools", "tool_calls")
        if self.role != "user" and shows_image(self.content):
            refuse("Only a user shows images", "content")
        needed = {"assistant": (), "tool": ("content", "tool_call_id")}
        return require(self, *needed.get(self.role, ("content",)))

    def to_provider(self) -> ChatMessage:
        return chat_message(
            self.role,
            self.content or (),
            tool_calls=tuple(call.to_provider() for call in self.tool_calls),
            tool_call_id=self.tool_call_id or "",
            name=self.name,
        )


# --- Tools and formats --------------------------------------------------------------------------


class Function(Body):
    name: Word
    description: str = ""
    parameters: dict[str, Any] | None = None
    strict: bool | None = None

    def to_provider(self) -> Tool:
        return Tool(self.name, self.description, self.parameters, self.strict)


class FunctionTool(Body):
    type: Literal["function", ""] = "function"
    function: Function


def _without_names(value: Any) -> Any:
    """Leave out tools that are only names: some front ends send those of their own."""
    if not isinstance(value, list):
        return value
    return [tool for tool in value if not isinstance(tool, str)]


Form = Literal["text", "json_object", "json_schema"]


class Schema(Body):
    """The form of a reply; a `json_schema` has the schema in it, or beside its type."""

    type: Form = "json_schema"
    name: str = ""
    schema_: Annotated[dict[str, Any] | None, Field(validation_alias="schema")] = None
    strict: bool | None = None

    @model_validator(mode="after")
    def _has_a_schema(self) -> Self:
        return require(self, "schema_") if self.type == "json_schema" else self

    def to_provider(self) -> ResponseFormat | None:
        if self.type == "text":
            return None
        return ResponseFormat(self.schema_, self.name, self.strict)


class Format(Body):
    """The form of a reply, with the schema in an object of its own."""

    type: Form
    json_schema: Schema | None = None

    @model_validator(mode="after")
    def _has_a_schema(self) -> Self:
        return require(self, "json_schema") if self.type == "json_schema" else self

    def to_provider(self) -> ResponseFormat | None:
        return (self.json_schema or Schema(type=self.type)).to_provider()


def _choice(value: Any) -> ToolChoice:
    """Read whether a tool has to be called; a function is named as in chat completions or as in
    responses."""
    if value in ("auto", "none", "required"):
        return ToolChoice(value)
    if isinstance(value, dict):
        function = value.get("function", value)
        if isinstance(function, dict) and isinstance(name := function.get("name"), str):
            return ToolChoice("function", name)
    return refuse("Must be 'auto', 'none', 'required' or a function")


# --- Requests -----------------------------------------------------------------------------------

# Fields that mean the same here and to a provider.
_SAME = (
    *("temperature", "top_p", "stop", "seed"),
    *("presence_penalty", "frequency_penalty", "reasoning_effort"),
)
Penalty = Annotated[float, Field(ge=-2, le=2)] | None
# Programs ask for more than we have.
Effort = Annotated[
    Literal["none", "minimal", "low", "medium", "high", "xhigh"],
    AfterValidator(lambda effort: "high" if effort == "xhigh" else effort),
]


class ReplyRequest(Body):
    """What requests for a reply have in common."""

    model: ModelName = ""
    stream: bool = False
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    tool_choice: Annotated[ToolChoice, PlainValidator(_choice)] | None = None

    @property
    def functions(self) -> Sequence[Function]:
        raise NotImplementedError

    @model_validator(mode="after")
    def _chooses_one_of_its_functions(self) -> Self:
        names = [function.name for function in self.functions]
        if names and self.tool_choice and self.tool_choice.name not in ("", *names):
            refuse("Must name one of the tools", "tool_choice")
        return self

    def to_ask(self, messages: Iterable[ChatMessage], **parameters: Any) -> Ask:
        """The request as the engine wants it, without the parameters that were not set."""
        tools = tuple(function.to_provider() for function in self.functions)
        if tools:  # without, a choice means nothing
            parameters |= {"tools": tools, "tool_choice": self.tool_choice}
        parameters = {name: getattr(self, name, None) for name in _SAME} | parameters
        given = {name: value for name, value in parameters.items() if value is not None}
        return Ask(tuple(messages), given, self.model or None, self.stream)


class StreamOptions(Body):
    include_usage: bool = False


class ChatRequest(ReplyRequest):
    messages: Annotated[list[Message], Field(min_length=1, max_length=MESSAGES), FailFast()]
    tools: Annotated[
        list[FunctionTool], Field(max_length=TOOLS), BeforeValidator(_without_names)
    ] = []
    stream_options: StreamOptions = Field(default_factory=StreamOptions)
    n: Annotated[int, Field(ge=1, le=1)] = 1
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    stop: Annotated[tuple[str, ...], texts(STOPS)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    presence_penalty: Penalty = None
    frequency_penalty: Penalty = None
    reasoning_effort: Effort | None = None
    response_format: Format | None = None

    @property
    def functions(self) -> Sequence[Function]:
        return [tool.function for tool in self.tools]

    @classmethod
    def parse(cls, data: object) -> Ask:
        """The request in a body. Raises `InvalidInput`."""
        body = cls.read(data)
        ask = body.to_ask(
            (message.to_provider() for message in body.messages),
            max_tokens=body.max_completion_tokens or body.max_tokens,
            response_format=body.response_format and body.response_format.to_provider(),
        )
        return replace(ask, include_usage=body.stream_options.include_usage)
