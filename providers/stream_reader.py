"""The events of a streamed body, read for what the body is, whatever its label says.

Chat servers send server-sent events, a JSON document, or a JSON document on each line, and some
label one as another. Of server-sent events only the `data` is taken; comments, other fields and
events without data are keep-alives. A last event without the blank line after it is delivered:
servers that close the connection early are common, and a cut event does not parse anyway.
"""

from enum import Enum, auto

import orjson

_MARK = b"\xef\xbb\xbf"  # some servers begin a text with it


class Form(Enum):
    UNKNOWN = auto()
    EVENTS = auto()
    JSON = auto()  # not yet known whether one or many
    LINES = auto()
    DOCUMENT = auto()


class StreamReader:
    """Takes bytes as they come and returns the complete events.

    Raises `ValueError` for a page of HTML and for bytes that are not UTF-8.
    """

    def __init__(self) -> None:
        self.form = Form.UNKNOWN
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[str]:
        self._rest += piece
        if self.form is Form.UNKNOWN:
            self._rest = self._rest.removeprefix(_MARK).lstrip()
            if _MARK.startswith(self._rest):  # nothing yet, or a part of it
                return []
            if self._rest[:1] == b"<":
                raise ValueError("a page instead of a reply")
            self.form = Form.JSON if self._rest[:1] in b"{[" else Form.EVENTS
        if self.form is Form.DOCUMENT:
            self._data.append(self._rest)
            self._rest = b""
            return []
        *lines, self._rest = self._rest.split(b"\n")
        events = (self._line(line.removesuffix(b"\r")) for line in lines)
        return [event for event in events if event]

    def end(self) -> list[str]:
        """Return what is left when nothing more comes."""
        rest, self._rest = self._rest, b""
        if self.form is Form.EVENTS:
            events = [self._line(rest.removesuffix(b"\r")), self._line(b"")]
        else:
            events = [b"".join([*self._data, rest]).decode().strip()]
        return [event for event in events if event]

    def _line(self, line: bytes) -> str:
        if self.form is Form.EVENTS:
            return self._event_line(line)
        if self.form is Form.JSON:
            self.form = Form.LINES if _is_json(line) else Form.DOCUMENT
        if self.form is Form.LINES:
            return line.removeprefix(b"data:").decode().strip()
        self._data.append(line + b"\n")
        return ""

    def _event_line(self, line: bytes) -> str:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
            return ""
        if line or not self._data:
            return ""
        event = b"\n".join(self._data)
        self._data = []
        return event.decode()


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except ValueError:
        return b'"' in line and line.rstrip().endswith(b"}")  # such as half a surrogate pair
    return True
