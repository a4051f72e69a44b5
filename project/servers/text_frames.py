"""The text frames of WebSockets as a server sends them: whole, not masked, not compressed.

Autobahn can make any frame, on a longer way. A token is a frame.
"""

from struct import pack

_TEXT = 0x81  # the only frame of its message


def text_frame(text: str) -> bytes:
    """The frame with this text."""
    body = text.encode()
    size = len(body)
    if size < 126:
        head = pack("!BB", _TEXT, size)
    elif size < 2**16:
        head = pack("!BBH", _TEXT, 126, size)
    else:
        head = pack("!BBQ", _TEXT, 127, size)
    return head + body
