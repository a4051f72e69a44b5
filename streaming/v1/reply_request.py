"""The fields that all requests for a reply share, and the form into which they are parsed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from providers.types import ChatMessage, ResponseFormat
from streaming.v1 import tools
from streaming.v1.fields import Body, ModelName, Word, refuse, require

MESSAGES = 10_000
EFFORTS = ("none", "minimal", "low", "medium", "high")
# Fields that mean the same here and to a provider.
_SAME = (
    *("temperature", "top_p", "stop", "seed", "suffix"),
    *("presence_penalty", "frequency_penalty", "reasoning_effort"),
)

# What goes beyond "high" is named anew with each model.
Effort = Annotated[Word, AfterValidator(lambda effort: effort if effort in EFFORTS else "high")]
ResponseForm = Literal["text", "json_object", "json_schema"]
Alternatives = Annotated[int, Field(ge=0, le=20)]


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A request for a reply, parsed. `model` is `None` where it names none; `parameters` holds
    those fields of a `ChatRequest` that it set. The answer calls functions with a name in `custom`
    as custom tools, tells the `warnings`, and repeats `echo`."""

    messages: tuple[ChatMessage, ...]
    parameters: dict[str, Any]
    model: str | None = None
    stream: bool = False
    include_usage: bool = False
    custom: frozenset[str] = frozenset()
    warnings: tuple[dict[str, str], ...] = ()
    echo: dict[str, Any] = field(default_factory=dict)


class ReplySchema(Body):
    """The form of a reply; a `json_schema` has the schema in it, or beside its type."""

    type: ResponseForm = "json_schema"
    name: str = ""
    schema_: Annotated[dict[str, Any] | None, Field(validation_alias="schema")] = None
    strict: bool | None = None

    @model_validator(mode="after")
    def _has_a_schema(self) -> Self:
        return require(self, "schema_") if self.type == "json_schema" else self

    def to_provider(self) -> ResponseFormat | None:
        if self.type == "json_schema":
            return ResponseFormat(self.schema_, self.name, self.strict)
        return ResponseFormat() if self.type == "json_object" else None


class ReplyRequest(Body):
    """The fields that all requests for a reply share."""

    model: ModelName = ""
    stream: bool = False
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    tool_choice: tools.ToolChoiceField | None = None

    @property
    def described_tools(self) -> Sequence[tools.FlatTool | tools.NestedTool]:
        return ()

    @model_validator(mode="after")
    def _chooses_one_of_its_tools(self) -> Self:
        names = [tool.name for tool in tools.offered(self.described_tools, None)]
        if names and self.tool_choice and self.tool_choice.choice.name not in ("", *names):
            refuse("Must name one of the tools", "tool_choice")
        return self

    def parsed(
        self,
        messages: Iterable[ChatMessage],
        *,
        include_usage: bool = False,
        echo: dict[str, Any] | None = None,
        **parameters: Any,
    ) -> ParsedRequest:
        """The request as the engine wants it, without the parameters that were not set."""
        parameters = {name: getattr(self, name, None) for name in _SAME} | parameters
        if offered := tools.offered(self.described_tools, self.tool_choice):
            choice = self.tool_choice and self.tool_choice.choice
            parameters |= {"tools": offered, "tool_choice": choice}
        return ParsedRequest(
            messages=tuple(messages),
            parameters={name: value for name, value in parameters.items() if value is not None},
            model=self.model or None,
            stream=self.stream,
            include_usage=include_usage,
            custom=tools.custom_names(self.described_tools),
            warnings=tools.left_out(self.described_tools),
            echo=echo or {},
        )
