"""What a tool gives back."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The `text` of a result, and the ids of the `files` that its pictures became. `failed`: the
    tool itself says that it did not work; the text says why. `found` are the names of tools that
    `find_tools` has found."""

    text: str
    failed: bool = False
    files: tuple[str, ...] = ()
    found: tuple[str, ...] = ()

    def columns(self) -> dict[str, Any]:
        """The columns of the call's row beside its result."""
        return {"files": list(self.files), "found": list(self.found)}
