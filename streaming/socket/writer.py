"""The sending half of a socket: events, refusals, and the close."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from streaming import events
from streaming.events import CloseCode, Event

# Frames in a row that make no sense before the socket is closed.
INVALID_FRAMES = 10
# How long a reader may take for the reason why it is closed, in seconds.
REASON_PATIENCE = 1.0


class SocketWriter:
    """Sends until the socket is closed, and nothing afterwards. Each call returns when the
    server has taken the frame, which on a slow reader's socket may be late."""

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._send = send
        self.closed = False
        self.invalid_frames = 0

    async def tell(self, event: Event) -> None:
        """Send one event."""
        if not self.closed:
            await self._tell(event)

    async def refuse(
        self, frame: dict[str, Any], code: str, message: str, fields: Any = None
    ) -> None:
        """Say why a command was not carried out."""
        asked = frame.get("client_id")
        client_id = asked if isinstance(asked, str) else None
        await self.tell(events.error(code, message, client_id=client_id, fields=fields))

    async def invalid(self, code: str, message: str) -> None:
        """Say why a frame makes no sense; close when they never do."""
        await self.tell(events.error(code, message))
        await self.count_invalid()

    async def count_invalid(self) -> None:
        """Count a frame that made no sense, and close after too many in a row."""
        self.invalid_frames += 1
        if self.invalid_frames >= INVALID_FRAMES:
            await self.close(
                "invalid_frame", "Too many frames made no sense.", CloseCode.INVALID_FRAMES
            )

    async def close(self, code: str, message: str, close_code: CloseCode) -> None:
        """Close the socket, once, after an `error` event that says why. A reader that does not
        take that is closed without."""
        if self.closed:
            return
        self.closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(REASON_PATIENCE):
                await self._tell(events.error(code, message))
        await self._send({"type": "websocket.close", "code": int(close_code)})

    async def send_away(self) -> None:
        """Close a socket that finds all it needs when it comes back."""
        await self.close(
            "restarting", "The server is restarting. Connect again.", CloseCode.RESTARTING
        )

    async def _tell(self, event: Event) -> None:
        await self._send({"type": "websocket.send", "text": events.encode(event)})
