"""Tool calls as servers send them, read into parts whose indices and ids can be relied on.

Servers repeat an id or a name in every piece, change the id between pieces, leave out ids, number
all calls 0, send calls whole or in pieces, or the arguments as an object. Pure; a `ToolCalls` for
each reply.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from providers import values
from providers.bodies import TooMuch
from providers.types import ToolPart

NO_ARGUMENTS = "{}"
# Calls of a reply at most. And characters of a call that are held until its name is known.
MOST = 64
HELD = 64 * 1024


def new_id() -> str:
    """An id of our own, for a call that came without."""
    return f"call_{uuid4().hex[:24]}"


@dataclass(slots=True)
class _StreamedCall:
    given_id: str
    given_index: int | None
    index: int = 0  # ours, once it has a name
    name: str = ""
    held: str = ""  # arguments that cannot be passed on yet
    extra_content: Mapping[str, Any] | None = None
    has_arguments: bool = False


class ToolCalls:
    """The calls of a reply so far; true when there are any with a name. Raises `TooMuch` for more
    than `MOST`."""

    def __init__(self) -> None:
        self._calls: list[_StreamedCall] = []
        self._ids: list[str] = []  # ours, of those with a name

    def __bool__(self) -> bool:
        return bool(self._ids)

    def feed(self, pieces: object, *, whole: bool = False) -> tuple[ToolPart, ...]:
        """Return the parts in the `tool_calls` of a delta or message; anything else in it is
        passed over. `whole`: each piece is a call of its own."""
        if not isinstance(pieces, list):
            return ()
        parts = (self._piece(piece, whole) for piece in pieces if isinstance(piece, Mapping))
        return tuple(part for part in parts if part is not None)

    def end(self) -> tuple[ToolPart, ...]:
        """Return the arguments of calls that have none: an empty object."""
        empty = [call for call in self._calls if call.name and not call.has_arguments]
        return tuple(ToolPart(call.index, arguments=NO_ARGUMENTS) for call in empty)

    def _piece(self, piece: Mapping[str, Any], whole: bool) -> ToolPart | None:
        function = piece.get("function")
        if not isinstance(function, Mapping):
            function = {}
        name = values.text(function.get("name"))
        call = self._new(piece) if whole else self._find(piece, name)
        call.held += _text(function.get("arguments"))
        if extra := values.document(piece.get("extra_content")):
            call.extra_content = extra
        if not call.name and not name:
            if len(call.held) > HELD:
                raise TooMuch("sent the arguments of a tool call before its name")
            return None
        id_ = "" if call.name else self._begin(call, name)
        arguments, extra = self._arguments(call), call.extra_content
        call.extra_content = None
        if not id_ and not arguments and not extra:
            return None
        return ToolPart(call.index, id_, name if id_ else "", arguments, extra)

    def _begin(self, call: _StreamedCall, name: str) -> str:
        """Give a call its name and index, and return its id."""
        call.name, call.index = name, len(self._ids)
        id_ = call.given_id if call.given_id not in ("", *self._ids) else new_id()
        self._ids.append(id_)
        return id_

    def _arguments(self, call: _StreamedCall) -> str:
        """Return the part of the held arguments that may be passed on: `null` means none."""
        if not call.has_arguments and "null".startswith(call.held.strip()):
            call.held = call.held.strip()
            return ""
        arguments, call.held = call.held, ""
        call.has_arguments = True
        return arguments

    def _find(self, piece: Mapping[str, Any], name: str) -> _StreamedCall:
        """Return the call that a piece belongs to: by id and index, then by index, then the last.
        Only a piece with a name begins another call."""
        id_, index = values.identifier(piece.get("id")), piece.get("index")
        if not isinstance(index, int):
            index = None
        same_id = [call for call in self._calls if id_ and call.given_id == id_]
        same_index = [c for c in self._calls if index is not None and c.given_index == index]
        if both := [call for call in same_id if index is None or call.given_index == index]:
            return both[-1]
        if same_index:
            known = same_index[-1]
            another = name and known.name and id_ and known.given_id
            return self._new(piece) if another else known
        if same_id and not name:
            return same_id[-1]
        if self._calls and not name and (index is None or not self._calls[-1].name):
            return self._calls[-1]
        return self._new(piece)

    def _new(self, piece: Mapping[str, Any]) -> _StreamedCall:
        index = piece.get("index")
        given = index if isinstance(index, int) else None
        if len(self._calls) >= MOST:
            raise TooMuch(f"called tools more than {MOST} times in one reply")
        call = _StreamedCall(values.identifier(piece.get("id")), given)
        self._calls.append(call)
        return call


def _text(arguments: Any) -> str:
    """The arguments as JSON text. Raises `ValueError` for what is not JSON."""
    if arguments is None:
        return ""
    if isinstance(arguments, str):
        return arguments
    try:
        return orjson.dumps(arguments).decode()
    except TypeError:  # half a character, a number beyond 64 bits, or nested deeply
        return json.dumps(arguments, allow_nan=False)


def as_object(arguments: str) -> str:
    """Return the arguments of a call as JSON text of an object, where a client sent none."""
    return NO_ARGUMENTS if arguments.strip() in ("", "null") else arguments
