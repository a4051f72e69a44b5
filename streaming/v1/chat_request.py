"""The body of `/v1/chat/completions`."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import FailFast, Field, model_validator

from providers.types import ChatMessage, ChatToolCall, ResponseFormat
from streaming.v1.fields import Body, Count, Word, refuse, require, texts
from streaming.v1.parts import ArgumentsText, Content, chat_message, shows_image
from streaming.v1.reply_request import (
    MESSAGES,
    Alternatives,
    Effort,
    ParsedRequest,
    ReplyRequest,
    ReplySchema,
    ResponseForm,
)
from streaming.v1.tools import NestedTools, as_arguments

STOPS = 16
# Calls of tools in one message.
CALLS = 1000


class CalledFunction(Body):
    name: Word
    arguments: ArgumentsText = "{}"


class CalledCustom(Body):
    name: Word
    input: str = ""


class MessageCall(Body):
    id: Word
    function: CalledFunction | None = None
    custom: CalledCustom | None = None
    extra_content: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _calls_something(self) -> Self:
        return self if self.custom else require(self, "function")

    def to_provider(self) -> ChatToolCall:
        if self.function:
            name, arguments = self.function.name, self.function.arguments
        elif self.custom:
            name, arguments = self.custom.name, as_arguments(self.custom.input)
        return ChatToolCall(self.id, name, arguments, self.extra_content)


class InputMessage(Body):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content | None = None
    reasoning_content: str = ""
    tool_calls: Annotated[list[MessageCall], Field(max_length=CALLS), FailFast()] = []
    tool_call_id: Word | None = None
    name: str = ""

    @model_validator(mode="after")
    def _fits_its_role(self) -> Self:
        if self.tool_calls and self.role != "assistant":
            refuse("Only an assistant calls tools", "tool_calls")
        if self.role not in ("user", "tool") and shows_image(self.content):
            refuse("Only a user or a tool shows images", "content")
        needed = {"assistant": (), "tool": ("content", "tool_call_id")}
        return require(self, *needed.get(self.role, ("content",)))

    def to_provider(self) -> ChatMessage:
        return chat_message(
            self.role,
            self.content or (),
            tool_calls=tuple(call.to_provider() for call in self.tool_calls),
            tool_call_id=self.tool_call_id or "",
            name=self.name,
            reasoning=self.reasoning_content,
        )


class Format(Body):
    """The form of a reply, with the schema in an object of its own."""

    type: ResponseForm
    json_schema: ReplySchema | None = None

    @model_validator(mode="after")
    def _has_a_schema(self) -> Self:
        return require(self, "json_schema") if self.type == "json_schema" else self

    def to_provider(self) -> ResponseFormat | None:
        return (self.json_schema or ReplySchema(type=self.type)).to_provider()


class StreamOptions(Body):
    include_usage: bool = False


class WrittenRequest(ReplyRequest):
    """The fields that chat completions and completions share."""

    stream_options: StreamOptions = Field(default_factory=StreamOptions)
    n: Annotated[int, Field(ge=1, le=1)] = 1
    max_tokens: Count | None = None
    stop: Annotated[tuple[str, ...], texts(STOPS)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None


class ChatCompletionRequest(WrittenRequest):
    messages: Annotated[list[InputMessage], Field(min_length=1, max_length=MESSAGES), FailFast()]
    tools: NestedTools = []
    max_completion_tokens: Count | None = None
    reasoning_effort: Effort | None = None
    response_format: Format | None = None
    logprobs: bool = False
    top_logprobs: Alternatives = 0

    @property
    def described_tools(self) -> Sequence[Any]:
        return self.tools

    @classmethod
    def parse(cls, data: object) -> ParsedRequest:
        """The request in a body. Raises `InvalidInput`."""
        body = cls.read(data)
        return body.parsed(
            (message.to_provider() for message in body.messages),
            include_usage=body.stream_options.include_usage,
            max_tokens=body.max_completion_tokens or body.max_tokens,
            response_format=body.response_format and body.response_format.to_provider(),
            top_logprobs=body.top_logprobs if body.logprobs or body.top_logprobs else None,
        )
