"""The body of `/v1/responses`, read into the same values as a chat completion.

Nothing is kept between two requests, so whatever refers to an earlier one is refused.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, FailFast, Field, model_validator
from pydantic.alias_generators import to_camel

from providers.types import ChatMessage, ToolCall
from streaming.v1.chat_request import (
    MESSAGES,
    TOOLS,
    Arguments,
    Ask,
    Content,
    Effort,
    Form,
    Function,
    ReplyRequest,
    Schema,
    chat_message,
    shows_image,
)
from streaming.v1.fields import Body, Count, Word, refuse, require

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
}


def _not_a_reference(kind: Any) -> Any:
    if kind == "item_reference":
        refuse("Responses are not stored here. Set store to false, and send the item itself")
    return kind


class Item(Body):
    """A message, a call of a function or its output; no model reads its reasoning again."""

    type: Annotated[
        Literal["message", "function_call", "function_call_output", "reasoning"],
        BeforeValidator(_not_a_reference),
    ] = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: Content | None = None
    call_id: Word | None = None
    name: Word | None = None
    arguments: Arguments = ""
    output: Content = []

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.role != "user" and shows_image(self.content):
            refuse("Only a user shows images", "content")
        return require(self, *_NEEDED.get(self.type, ()))


class Typed(Body):
    type: Literal["function"]


class FunctionTool(Function, Typed):
    pass


class TextFormat(Schema):
    """The form of a reply, with the schema beside its type."""

    type: Form


class Text(Body):
    format: TextFormat | None = None


class Reasoning(Body):
    effort: Effort | None = None


def _only_without(sentence: str) -> AfterValidator:
    """A validator of what would need an answer to be kept."""
    return AfterValidator(lambda value: refuse(sentence) if value else value)


def _items(value: Any) -> Any:
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


class ResponsesRequest(ReplyRequest):
    input: Annotated[
        list[Item], Field(min_length=1, max_length=MESSAGES), FailFast(), BeforeValidator(_items)
    ]
    tools: Annotated[list[FunctionTool], Field(max_length=TOOLS)] = []
    instructions: str = ""
    max_output_tokens: Count | None = None
    reasoning: Reasoning = Field(default_factory=Reasoning)
    text: Text = Field(default_factory=Text)
    store: Annotated[Any, _only_without("Responses are not stored here")] = None
    background: Annotated[Any, _only_without("Nothing is made in the background here")] = None
    previous_response_id: Annotated[Any, _only_without(_NOT_KEPT)] = None
    conversation: Annotated[Any, _only_without(_NOT_KEPT)] = None

    @property
    def functions(self) -> Sequence[Function]:
        return self.tools

    @classmethod
    def parse(cls, data: Any) -> Ask:
        """The request in a body. Raises `InvalidInput`."""
        body = cls.read(data)
        ask = body.to_ask(
            _messages(body),
            max_tokens=body.max_output_tokens,
            reasoning_effort=body.reasoning.effort,
            response_format=body.text.format and body.text.format.to_provider(),
        )
        asked = {name: data.get(name, data.get(to_camel(name))) for name in _ECHOED}
        echo = {name: _ECHOED[name] if value is None else value for name, value in asked.items()}
        return replace(ask, echo=echo)


def _messages(body: ResponsesRequest) -> list[ChatMessage]:
    messages: list[ChatMessage] = []
    if body.instructions:
        messages.append(ChatMessage("system", body.instructions))
    for item in body.input:
        if item.type == "message":
            messages.append(chat_message(str(item.role), item.content or ()))
        elif item.type == "function_call_output":
            messages.append(chat_message("tool", item.output, tool_call_id=item.call_id or ""))
        elif item.type == "function_call":
            # A call is an item of its own here, and part of the message before it elsewhere.
            call = ToolCall(item.call_id or "", item.name or "", item.arguments)
            if not messages or messages[-1].role != "assistant":
                messages.append(ChatMessage("assistant", ""))
            messages[-1] = replace(messages[-1], tool_calls=(*messages[-1].tool_calls, call))
    return messages
