"""Reads the events of a streamed body by its content, since its Content-Type may be wrong.

Chat servers send server-sent events, a JSON document, or a JSON document on each line, and some
label one as another. Of server-sent events only the `data` is taken; comments, other fields and
events without data are keep-alives. A last event without the blank line after it is delivered:
servers that close the connection early are common, and a cut event does not parse anyway.
"""

from collections.abc import Iterable, Iterator
from enum import Enum, auto

import orjson

from providers.bodies import TooMuch
from providers.values import cost

# Of a line, of the lines of an event, and of a document, in bytes.
LINE = 4 * 1024 * 1024

# The most that a document may cost to read, and from how many bytes on that is counted.
MOST_COST = 250_000
_LONG = 64 * 1024

# What a line takes beside its bytes.
_LINE_COST = 32

_MARK = b"\xef\xbb\xbf"  # some servers begin a text with it


class BodyForm(Enum):
    UNKNOWN = auto()
    EVENTS = auto()
    JSON = auto()  # not yet known whether one or many
    LINES = auto()
    DOCUMENT = auto()


class StreamReader:
    """Takes bytes as they come and gives the complete events: all of a piece are to be taken before
    the next.

    Raises `TooMuch` for a line of more than `LINE` bytes, before they are joined, and for one of
    too many values; `ValueError` for a page of HTML and for bytes that are not UTF-8.
    """

    def __init__(self) -> None:
        self.form = BodyForm.UNKNOWN
        self._rest: list[bytes] = []  # of a line whose end has not come
        self._data: list[bytes] = []  # of an event or a document whose end has not come
        self._sizes = [0, 0]  # of both, in bytes

    def feed(self, piece: bytes) -> Iterable[str]:
        if self.form is BodyForm.UNKNOWN:
            piece = b"".join([*self._rest, piece]).removeprefix(_MARK).lstrip()
            self._rest = []
            if _MARK.startswith(piece):  # nothing yet, or a part of it
                self._rest = [piece]
                return []
            if piece[:1] == b"<":
                raise ValueError("a page instead of a reply")
            self.form = BodyForm.JSON if piece[:1] in b"{[" else BodyForm.EVENTS
        if not (self._rest or self._data):  # as a token comes
            if self.form is BodyForm.EVENTS and (data := _only_event(piece)):
                return (_text(data),)
            if self.form is BodyForm.LINES and piece.find(b"\n") == len(piece) - 1:
                line = self._line(piece)
                return (line,) if line else ()
        if b"\n" in piece and self.form is not BodyForm.DOCUMENT:
            return self._lines(piece)
        self._rest.append(piece)
        self._sizes[0] += len(piece)
        self._require_room()
        return []

    def end(self) -> list[str]:
        """Return what is left when nothing more comes."""
        rest, self._rest = b"".join(self._rest), []
        if self.form is BodyForm.EVENTS:
            events = [self._line(rest.removesuffix(b"\r")), self._line(b"")]
        else:
            events = [_text(b"".join([*self._data, rest])).strip()]
        return [event for event in events if event]

    def _lines(self, piece: bytes) -> Iterator[str]:
        """Yield the events that end in `piece`, in which a line ends; those before a line that
        cannot be read, too."""
        first, *lines, rest = piece.split(b"\n")
        if self._rest:
            self._sizes[0] += len(first)
            self._require_room()
            first = b"".join([*self._rest, first])
        self._rest = [rest] if rest else []
        self._sizes[0] = len(rest)
        for line in (first, *lines):
            event = self._line(line.removesuffix(b"\r"))
            if event:
                yield event

    def _require_room(self) -> None:
        if sum(self._sizes) > LINE:
            raise TooMuch(f"sent a line of more than {LINE // 2**20} MB")

    def _line(self, line: bytes) -> str:
        if self.form is BodyForm.EVENTS:
            return self._event_line(line)
        if self.form is BodyForm.JSON:
            text = _text(line)
            if _is_json(text):
                self.form = BodyForm.LINES
                return text.strip()
            self.form = BodyForm.DOCUMENT
        if self.form is BodyForm.LINES:
            return _text(line.removeprefix(b"data:")).strip()
        self._keep(line + b"\n")
        return ""

    def _event_line(self, line: bytes) -> str:
        if line.startswith(b"data:"):
            self._keep(line[5:].removeprefix(b" "))
            return ""
        if line or not self._data:
            return ""
        event = b"\n".join(self._data)
        self._data, self._sizes[1] = [], 0
        return _text(event)

    def _keep(self, line: bytes) -> None:
        self._data.append(line)
        self._sizes[1] += len(line) + _LINE_COST
        self._require_room()


def _only_event(piece: bytes) -> bytes:
    """The data of a piece that is one event of one line, as a token is. Empty for any other."""
    end = len(piece) - 2
    if piece.startswith(b"data: ") and piece.find(b"\n") == end and piece.endswith(b"\n\n"):
        return piece[6:end].removesuffix(b"\r")
    return b""


def _text(document: bytes) -> str:
    """The text of a document that can be read without holding up others. Raises `TooMuch`."""
    if len(document) > _LONG and cost(document, MOST_COST) > MOST_COST:
        raise TooMuch("sent a line of too many values")
    return document.decode()


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return '"' in text and text.rstrip().endswith("}")  # such as half a surrogate pair
    return True
