"""The sending half of a socket: events, refusals and the close; and the socket's state."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Any

from streaming import events
from streaming.events import CloseCode, Event

# Invalid frames in a row before the socket is closed.
INVALID_FRAMES = 10
# How long a reader may take for the reason of the close, in seconds.
REASON_PATIENCE = 1.0


class SocketState(Enum):
    """Where a socket is in its life: not yet admitted, in use, closed by either end."""

    OPENING = auto()
    OPEN = auto()
    CLOSED = auto()


class SocketWriter:
    """Sends until the socket is closed, and nothing afterwards. Each call returns when the
    server has taken the frame, which on a slow reader's socket may be late."""

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._send = send
        self.state = SocketState.OPENING
        self.invalid_frames = 0

    async def tell(self, event: Event) -> None:
        """Send one event."""
        if self.state is not SocketState.CLOSED:
            await self._tell(event)

    async def refuse(
        self, frame: dict[str, Any], code: str, message: str, fields: Any = None
    ) -> None:
        """Say why a command was not carried out."""
        client_id = frame.get("client_id")
        client_id = client_id if isinstance(client_id, str) else None
        await self.tell(events.error(code, message, client_id=client_id, fields=fields))

    async def invalid(self, code: str, message: str) -> None:
        """Say why a frame is invalid; close after too many in a row."""
        await self.tell(events.error(code, message))
        await self.count_invalid()

    async def count_invalid(self) -> None:
        """Count an invalid frame, and close after too many in a row."""
        self.invalid_frames += 1
        if self.invalid_frames >= INVALID_FRAMES:
            await self.close("invalid_frame", "Too many invalid frames.", CloseCode.INVALID_FRAMES)

    async def close(self, code: str, message: str, close_code: CloseCode) -> None:
        """Close the socket, once, after an `error` event that says why. A reader that does not
        take the event is closed without it."""
        if self.state is SocketState.CLOSED:
            return
        self.state = SocketState.CLOSED
        with suppress(TimeoutError):
            async with asyncio.timeout(REASON_PATIENCE):
                await self._tell(events.error(code, message))
        await self._send({"type": "websocket.close", "code": int(close_code)})

    async def send_away(self) -> None:
        """Close a socket whose client finds everything again when it reconnects."""
        await self.close(
            "restarting", "The server is restarting. Connect again.", CloseCode.RESTARTING
        )

    async def _tell(self, event: Event) -> None:
        await self._send({"type": "websocket.send", "text": events.encode(event)})
