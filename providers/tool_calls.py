"""Tool calls as servers send them, read into parts whose indices and ids can be relied on.

Servers repeat an id or a name in every piece, leave out ids, number all calls 0, send calls whole
or in pieces, or the arguments as an object. Pure; one `ToolCalls` for each reply.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from providers.types import ToolPart


def new_id() -> str:
    """An id of our own, for a call that came without."""
    return f"call_{uuid4().hex[:24]}"


@dataclass(slots=True)
class _Call:
    index: int
    id: str
    name: str = ""
    given_id: str = ""
    held: str = ""  # arguments that came before the name


class ToolCalls:
    """The calls of one reply so far."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def whole(self, name: str, arguments: Any) -> ToolPart:
        """A call that comes at once, and with nothing to tell it from others."""
        call = self._new("")
        call.name = name
        return ToolPart(call.index, call.id, name, _text(arguments))

    def feed(self, pieces: object) -> tuple[ToolPart, ...]:
        """The parts in the `tool_calls` of one delta or message; what is no call is passed over."""
        if not isinstance(pieces, list):
            return ()
        parts = (self._piece(piece) for piece in pieces if isinstance(piece, Mapping))
        return tuple(part for part in parts if part is not None)

    def _piece(self, piece: Mapping[str, Any]) -> ToolPart | None:
        function = piece.get("function")
        if not isinstance(function, Mapping):
            function = {}
        name = str(function.get("name") or "")
        call = self._find(piece, name)
        arguments = call.held + _text(function.get("arguments"))
        if call.name:
            return ToolPart(call.index, arguments=arguments) if arguments else None
        if not name:
            call.held = arguments
            return None
        call.name, call.held = name, ""
        return ToolPart(call.index, call.id, name, arguments)

    def _find(self, piece: Mapping[str, Any], name: str) -> _Call:
        """The call that a piece belongs to. An id decides; without one the index; without both a
        name begins a call and anything else goes on with the last."""
        given, index = str(piece.get("id") or ""), piece.get("index")
        if given:
            for call in self._calls:
                if call.given_id == given:
                    return call
        if isinstance(index, int):
            known = self._by_index.get(index)
            if known is None or (given and known.given_id):
                known = self._by_index[index] = self._new(given)
            return known
        if self._calls and not given and not name:
            return self._calls[-1]
        return self._new(given)

    def _new(self, given: str) -> _Call:
        call = _Call(len(self._calls), given or new_id(), given_id=given)
        self._calls.append(call)
        return call


def _text(arguments: Any) -> str:
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
