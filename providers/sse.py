"""Server-sent events, as chat servers send them: the `data` of each, and nothing else.

Lines end with LF or CRLF. Comments, other fields and events without data are keep-alives of one
kind or another and are passed over. A last event without the blank line after it is delivered:
servers that close the connection early are common, and a cut one does not parse anyway.
"""


class EventReader:
    """Takes bytes as they come and gives back the events that are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[str]:
        """Raises `UnicodeDecodeError` for an event that is not UTF-8."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return [event for line in lines if (event := self._line(line.removesuffix(b"\r")))]

    def end(self) -> list[str]:
        """What is left when nothing more comes."""
        events = (self._line(self._rest.removesuffix(b"\r")), self._line(b""))
        self._rest = b""
        return [event for event in events if event]

    def _line(self, line: bytes) -> str:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
            return ""
        if line or not self._data:
            return ""
        event = b"\n".join(self._data)
        self._data = []
        return event.decode()


class DocumentReader:
    """The same for a server that does not stream: the whole body is one event."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, piece: bytes) -> list[str]:
        self._pieces.append(piece)
        return []

    def end(self) -> list[str]:
        return [b"".join(self._pieces).decode()]
