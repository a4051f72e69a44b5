"""The body of `/v1/responses`, read into the same values as a chat completion.

Nothing is kept between two requests, so whatever refers to an earlier one is refused.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, FailFast, Field, model_validator
from pydantic.alias_generators import to_camel

from providers.types import ChatMessage, ChatToolCall
from streaming.v1.fields import Body, Count, Word, refuse, require
from streaming.v1.parts import ArgumentsText, Content, chat_message, shows_image, text_of
from streaming.v1.reply_request import (
    MESSAGES,
    Alternatives,
    Effort,
    ParsedRequest,
    ReplyRequest,
    ReplySchema,
    ResponseForm,
)
from streaming.v1.tools import FlatTools, as_arguments

# What every answer repeats of its request, and what it says where nothing was asked.
_ECHOED: dict[str, Any] = {
    **dict.fromkeys(("instructions", "max_output_tokens", "temperature", "top_p")),
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
}
_NOT_KEPT = "Nothing is stored here. Send the items themselves"
_NEEDED = {
    "message": ("role", "content"),
    "function_call": ("call_id", "name"),
    "function_call_output": ("call_id",),
    "custom_tool_call": ("call_id", "name", "input"),
    "custom_tool_call_output": ("call_id",),
}


def _not_a_reference(kind: Any) -> Any:
    if kind == "item_reference":
        refuse(
            "Responses are not stored here, so nothing can be referred to. Send the item itself; "
            "the AI SDK does with providerOptions.openai.store set to false"
        )
    return kind


ItemType = Literal[
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
]


class InputItem(Body):
    """A message, reasoning, a call of a tool or its output."""

    type: Annotated[
        ItemType,
        BeforeValidator(_not_a_reference),
    ] = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: Content | None = None
    summary: Content = []
    call_id: Word | None = None
    name: Word | None = None
    arguments: ArgumentsText = "{}"
    input: str | None = None
    output: Content | None = None
    extra_content: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.role != "user" and shows_image(self.content):
            refuse("Only a user or a tool shows images", "content")
        return require(self, *_NEEDED.get(self.type, ()))


class TextFormat(ReplySchema):
    """The form of a reply, with the schema beside its type."""

    type: ResponseForm


class TextOptions(Body):
    format: TextFormat | None = None


class ReasoningOptions(Body):
    effort: Effort | None = None


def _only_without(sentence: str) -> AfterValidator:
    """A validator of what would need an answer to be kept."""
    return AfterValidator(lambda value: refuse(sentence) if value else value)


def _items(value: Any) -> Any:
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


class ResponsesRequest(ReplyRequest):
    input: Annotated[
        list[InputItem],
        Field(min_length=1, max_length=MESSAGES),
        FailFast(),
        BeforeValidator(_items),
    ]
    tools: FlatTools = []
    instructions: str = ""
    max_output_tokens: Count | None = None
    reasoning: ReasoningOptions = Field(default_factory=ReasoningOptions)
    text: TextOptions = Field(default_factory=TextOptions)
    include: Annotated[list[str], Field(max_length=100), FailFast()] = []
    top_logprobs: Alternatives = 0
    background: Annotated[Any, _only_without("Nothing is made in the background here")] = None
    previous_response_id: Annotated[Any, _only_without(_NOT_KEPT)] = None
    conversation: Annotated[Any, _only_without(_NOT_KEPT)] = None

    @property
    def described_tools(self) -> Sequence[Any]:
        return self.tools

    @classmethod
    def parse(cls, data: Any) -> ParsedRequest:
        """The request in a body. Raises `InvalidInput`."""
        body = cls.read(data)
        asked = {name: data.get(name, data.get(to_camel(name))) for name in _ECHOED}
        logprobs = body.top_logprobs or "message.output_text.logprobs" in body.include
        return body.parsed(
            _messages(body),
            echo={name: _ECHOED[name] if value is None else value for name, value in asked.items()},
            max_tokens=body.max_output_tokens,
            reasoning_effort=body.reasoning.effort,
            response_format=body.text.format and body.text.format.to_provider(),
            top_logprobs=body.top_logprobs if logprobs else None,
        )


def _messages(body: ResponsesRequest) -> list[ChatMessage]:
    """The items as messages: reasoning and calls are parts of an assistant's message elsewhere."""
    messages: list[ChatMessage] = []
    reasoning = ""
    if body.instructions:
        messages.append(ChatMessage("system", body.instructions))
    for item in body.input:
        if item.type == "reasoning":
            reasoning += text_of(item.content or item.summary)
        elif item.type == "message":
            message = chat_message(item.role or "", item.content or ())
            if message.role == "assistant":
                message, reasoning = replace(message, reasoning=reasoning), ""
            messages.append(message)
        elif item.type.endswith("_output"):
            call_id = item.call_id or ""
            messages.append(chat_message("tool", item.output or (), tool_call_id=call_id))
        else:
            if not messages or messages[-1].role != "assistant" or reasoning:
                messages.append(ChatMessage("assistant", "", reasoning=reasoning))
                reasoning = ""
            arguments = item.arguments if item.input is None else as_arguments(item.input)
            call = ChatToolCall(item.call_id or "", item.name or "", arguments, item.extra_content)
            calls = (*messages[-1].tool_calls, call)
            messages[-1] = replace(messages[-1], tool_calls=calls)
    return messages
