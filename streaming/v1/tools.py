"""The tools of a request, and the choice among them; what we do not have is left out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Self

import orjson
from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from providers.types import Tool, ToolChoice
from streaming.v1.fields import Body, Word, refuse, require

MOST = 128
# A custom tool is offered to the model as a function with this one argument.
INPUT = "input"


class Grammar(Body):
    definition: str = ""
    syntax: str = ""


class CustomFormat(Grammar):
    """The form of a custom tool's input; its grammar is an object of its own in chat
    completions."""

    grammar: Grammar | None = None


class Function(Body):
    """A function, or a custom tool, which takes one text."""

    name: Word | None = None
    description: str = ""
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    format: CustomFormat | None = None

    def to_provider(self, kind: str) -> Tool:
        if kind == "function":
            return Tool(self.name or "", self.description, self.parameters, self.strict)
        description = self.description
        if self.format and (grammar := self.format.grammar or self.format).definition:
            description += f"\n\nThe input follows this {grammar.syntax} grammar:\n"
            description += grammar.definition
        schema = {"type": "object", "properties": {INPUT: {"type": "string"}}, "required": [INPUT]}
        return Tool(self.name or "", description, schema)


def _named(value: Any) -> Any:
    """Some front ends send only the names of tools of their own."""
    return {"type": value} if isinstance(value, str) else value


class FlatTool(Function):
    """A tool as responses describe it."""

    type: Word

    @model_validator(mode="after")
    def _is_described(self) -> Self:
        return require(self, "name") if self.type in ("function", "custom") else self

    @property
    def described(self) -> Function:
        return self


class NestedTool(Body):
    """A tool as chat completions describe it: in an object that is named as its type."""

    type: str = "function"
    function: Function | None = None
    custom: Function | None = None

    @model_validator(mode="after")
    def _is_described(self) -> Self:
        self.type = self.type or "function"
        if self.type not in ("function", "custom"):
            return self
        if self.described and self.described.name is None:
            refuse("Required", self.type, "name")
        return require(self, self.type)

    @property
    def described(self) -> Function | None:
        return self.custom if self.type == "custom" else self.function


FlatTools = Annotated[list[FlatTool], Field(max_length=MOST)]
NestedTools = Annotated[
    list[Annotated[NestedTool, BeforeValidator(_named)]], Field(max_length=MOST)
]


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the tools a model may or must call: `allowed` are the names of the only ones that it
    is offered, where that was said."""

    choice: ToolChoice
    allowed: frozenset[str] | None = None


def _choice(value: Any) -> Choice:
    """Read a choice, spelled as in chat completions or as in responses."""
    if value in ("auto", "none", "required"):
        return Choice(ToolChoice(value))
    if isinstance(value, dict):
        kind = value.get("type")
        inner = value.get(kind, value) if isinstance(kind, str) else value
        if kind == "allowed_tools" and isinstance(inner, dict):
            mode, tools = inner.get("mode", "auto"), inner.get("tools")
            if mode in ("auto", "required") and isinstance(tools, list):
                return Choice(ToolChoice(mode), frozenset(filter(None, map(_name, tools))))
        elif name := _name(value):
            return Choice(ToolChoice("function", name))
    return refuse("Must be 'auto', 'none', 'required', a function or allowed_tools")


def _name(tool: Any) -> str:
    """The name in `{"type", "name"}` or in `{"type", type: {"name"}}`; empty if there is none."""
    if not isinstance(tool, dict):
        return ""
    inner = tool.get(tool.get("type")) if isinstance(tool.get("type"), str) else None
    name = (inner if isinstance(inner, dict) else tool).get("name")
    return name if isinstance(name, str) else ""


ToolChoiceField = Annotated[Choice, PlainValidator(_choice)]


def offered(tools: Iterable[FlatTool | NestedTool], choice: Choice | None) -> tuple[Tool, ...]:
    """The tools that the provider is told of."""
    allowed = choice.allowed if choice else None
    return tuple(
        tool.described.to_provider(tool.type)
        for tool in tools
        if tool.type in ("function", "custom") and tool.described
        if allowed is None or tool.described.name in allowed
    )


def left_out(tools: Iterable[FlatTool | NestedTool]) -> tuple[dict[str, str], ...]:
    """A warning for each tool that we do not have."""
    return tuple(
        {
            "code": "tool_left_out",
            "param": f"tools[{index}]",
            "message": f"Tools of the type {tool.type[:64]} are not available here.",
        }
        for index, tool in enumerate(tools)
        if tool.type not in ("function", "custom")
    )


def custom_names(tools: Iterable[FlatTool | NestedTool]) -> frozenset[str]:
    return frozenset(t.described.name or "" for t in tools if t.type == "custom" and t.described)


def as_arguments(text: str) -> str:
    """The arguments of the function that stands for a custom tool."""
    return orjson.dumps({INPUT: text}).decode()


def as_input(arguments: str) -> str:
    """The text in such arguments; all of them where a model has written something else."""
    try:
        text = orjson.loads(arguments)[INPUT]
    except (ValueError, TypeError, KeyError):
        return arguments
    return text if isinstance(text, str) else arguments
