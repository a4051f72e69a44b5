"""A client of the chat socket that remembers what it was told."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.harness import WAIT_S
from tests.harness.fold import Event, Thread

T = TypeVar("T")


class Closed(AssertionError):
    """The socket ended while a test waited for an event on it."""


class Socket:
    """An open socket. `events` is everything it was told, `sizes` the bytes of each frame.

    `next` reads it as a conversation: each call goes on behind the event that the last one gave.
    Leaving the `async with` block closes it. With `reading=False` nothing is read before
    `read()`: a reader that is behind.
    """

    def __init__(
        self,
        url: str,
        headers: dict[str, str],
        offer: Callable[[str], None] = lambda model: None,
        *,
        reading: bool = True,
        **options: Any,
    ) -> None:
        """`offer` is told every model before it is asked for."""
        self._url, self._headers, self._offer = url, headers, offer
        self._reading = reading
        self._options = {"compression": None, "max_size": None, "close_timeout": 2, **options}
        self.events: list[Event] = []
        self.sizes: list[int] = []
        self.close_code: int | None = None
        self._position = 0
        self._news = asyncio.Event()
        self._open = False
        self._reader: asyncio.Task[None] | None = None
        self.connection: ClientConnection

    async def __aenter__(self) -> Self:
        self.connection = await connect(
            self._url,
            additional_headers=self._headers,
            proxy=None,
            open_timeout=WAIT_S,
            ping_interval=None,
            **self._options,
        )
        self._open = True
        if self._reading:
            self.read()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self.connection.close()
        if self._reader is not None:
            await self._reader

    def read(self) -> None:
        """Begin to read."""
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())

    def abort(self) -> None:
        """Go away without a word."""
        self.connection.transport.abort()

    # --- Saying -----------------------------------------------------------------------------

    async def send(self, frame: Any) -> None:
        """Send a frame; what is not text or bytes goes as JSON."""
        raw = frame if isinstance(frame, str | bytes) else json.dumps(frame)
        await self.connection.send(raw)

    async def try_to_send(self, frame: str) -> None:
        """Send a frame that the server may not want to hear to its end."""
        with contextlib.suppress(ConnectionClosed):
            await self.send(frame)

    async def ask(
        self,
        content: str = "Hello",
        *,
        client_id: str | None = None,
        model: str | None = "normal",
        parameters: dict[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        """Send a `user_message`, and give its client_id. `model=None` leaves the model out."""
        client_id = client_id or str(uuid4())
        if model:
            self._offer(model)
        frame = {"type": "user_message", "client_id": client_id, "content": content, **fields}
        if model or parameters:
            frame["parameters"] = {**({"model": model} if model else {}), **(parameters or {})}
        await self.send(frame)
        return client_id

    async def regenerate(self, message_id: str, *, client_id: str | None = None) -> str:
        client_id = client_id or str(uuid4())
        await self.send({"type": "regenerate", "client_id": client_id, "message_id": message_id})
        return client_id

    async def stop(self, message_id: str) -> None:
        await self.send({"type": "stop", "id": message_id})

    async def follow(self, message_id: str) -> None:
        await self.send({"type": "follow", "id": message_id})

    # --- Hearing ----------------------------------------------------------------------------

    async def next(self, kind: str, within: float = WAIT_S, **fields: Any) -> Event:
        """The next event of this type with these fields; those before it are passed over."""

        def look() -> Event | None:
            while self._position < len(self.events):
                event = self.events[self._position]
                self._position += 1
                if _matches(event, kind, fields):
                    return event
            return None

        return await self.until(look, within, f"{kind} {fields}")

    async def until(self, look: Callable[[], T | None], within: float, what: str) -> T:
        """What `look` finds, asked again whenever something came."""
        try:
            async with asyncio.timeout(within):
                while True:
                    self._news.clear()
                    if found := look():
                        return found
                    if not self._open:
                        raise Closed(f"closed with {self.close_code} before {what}; {self._tail()}")
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {what} within {within} s; {self._tail()}") from None

    async def said(self, text: str, within: float = WAIT_S) -> None:
        """Return when the folded text of the last reply contains `text`."""

        def look() -> bool:
            messages = self.thread.messages
            return bool(messages) and text in messages[-1]["content"]

        await self.until(look, within, f"text {text!r}")

    async def reply(self, content: str = "Hello", **options: Any) -> Event:
        """Ask, and give the end of the reply."""
        client_id = await self.ask(content, **options)
        start = await self.next("message_start", client_id=client_id)
        return await self.next("message_end", id=start["id"])

    async def closed(self, within: float = WAIT_S) -> int | None:
        """The code with which the server closed it."""
        assert self._reader is not None
        async with asyncio.timeout(within):
            await asyncio.shield(self._reader)
        return self.close_code

    def heard(self, kind: str, **fields: Any) -> list[Event]:
        """All events of this type so far."""
        return [event for event in self.events if _matches(event, kind, fields)]

    @property
    def thread(self) -> Thread:
        return Thread(self.events)

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self.connection:
                assert isinstance(text, str)
                self.sizes.append(len(text.encode()))
                self.events.append(json.loads(text))
                self._news.set()
        self._open = False
        self.close_code = self.connection.close_code
        self._news.set()

    def _tail(self) -> str:
        return f"the last events: {json.dumps(self.events[-4:])[:1500]}"


def _matches(event: Event, kind: str, fields: dict[str, Any]) -> bool:
    return event["type"] == kind and all(event.get(k) == v for k, v in fields.items())
