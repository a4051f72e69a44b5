"""Assembles the tool calls of a reply from the pieces that its provider sends."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from conversations.tools.asking import Asked
from providers.types import ToolPart


@dataclass(slots=True)
class _PartialCall:
    id: str
    name: str
    arguments: list[str] = field(default_factory=list)
    extra_content: dict[str, Any] | None = None


class AskedCalls:
    """Takes the pieces; `whole` gives the calls in their order."""

    def __init__(self) -> None:
        self._calls: dict[int, _PartialCall] = {}

    def take(self, parts: Iterable[ToolPart]) -> None:
        for part in parts:
            call = self._calls.setdefault(part.index, _PartialCall(part.id, part.name))
            call.arguments.append(part.arguments)
            if part.extra_content:
                call.extra_content = dict(part.extra_content)

    def whole(self) -> list[Asked]:
        return [
            Asked(call.id, call.name, "".join(call.arguments), call.extra_content)
            for _, call in sorted(self._calls.items())
        ]

    def text(self) -> str:
        """What was written of them, where nobody counts it."""
        return "".join(call.name + "".join(call.arguments) for call in self._calls.values())
