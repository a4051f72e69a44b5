"""What a tool gives back."""

from dataclasses import dataclass


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
