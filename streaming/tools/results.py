"""The result of a tool call."""

from collections.abc import Sequence
from dataclasses import dataclass

from conversations.tools.inputs import Question


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a result: a name for its file, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The `text` of a result, and its pictures. `failed`: the tool itself says that it did not
    work; the text says why. `found` are tools, by their names, that may be called from now on."""

    text: str
    failed: bool = False
    pictures: tuple[Picture, ...] = ()
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputNeeded:
    """A call that cannot go on before a person has answered. It is made once more then, with the
    answers and with `state`."""

    questions: Sequence[Question]
    state: str | None = None
