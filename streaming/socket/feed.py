"""Sends replies to one socket: each from its snapshot to its end, one after the other."""

from collections.abc import Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Any
from uuid import UUID

from conversations.errors import NotFound, Unavailable
from streaming.log import Follower, LogLost
from streaming.replies.row_events import events_of_ended
from streaming.replies.turns import Turns
from streaming.small_queue import SmallQueue
from streaming.socket.call_news import CallNews
from streaming.socket.writer import SocketWriter

# Replies that a socket remembers having followed, so that a late hint does not repeat one.
REMEMBERED = 64


class Feed:
    """Follows replies at the reader's pace, in a task that is there while there are any. For a slow
    reader only the ids of the replies to come are kept."""

    def __init__(
        self,
        turns: Turns,
        out: SocketWriter,
        start: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        """`start` starts a task that ends with the socket."""
        self._turns, self._out, self._start = turns, out, start
        self._runs = False
        self._ids: SmallQueue[UUID] = SmallQueue()
        self._to_come: set[UUID] = set()  # replies whose end was not sent yet
        self._follower: Follower | None = None
        self._sending_snapshot = False  # of the reply that is followed
        self._followed: list[UUID] = []
        self._questions: set[UUID] = set()  # replies to come that are sent with their question
        self._telling: set[UUID] = set()  # replies that are being sent again
        self._calls = CallNews(out)

    def follow_once(self, reply_id: UUID, *, question: bool = True) -> None:
        """Follow a reply, unless this socket does or did. `question` sends the user message before
        it: a client that was connected when the message was sent has not read it."""
        if reply_id not in self._followed:
            self._followed.append(reply_id)
            del self._followed[:-REMEMBERED]
            self._to_come.add(reply_id)
            self._ids.put_nowait(reply_id)
            if question:
                self._questions.add(reply_id)
            if not self._runs:
                self._runs = True
                self._start(self._run())

    async def tell_again(self, reply_id: UUID) -> None:
        """Send a fresh snapshot of a reply, or all of it when it has ended; once for all calls
        that come before its end is sent. Raises `NotFound`."""
        if reply_id in self._telling:
            return
        self._telling.add(reply_id)
        try:
            await self._tell(reply_id, question=False)
        finally:
            self._telling.discard(reply_id)

    async def tell(self, reply_id: UUID) -> None:
        """Follow a reply that is being written, or send all of a reply that has ended, to a client
        that repeats its request; the question says that the request is known.

        Raises:
            NotFound: there is no such reply.
            Unavailable: this process cannot follow it at the moment.
        """
        await self._tell(reply_id, question=True)

    async def _tell(self, reply_id: UUID, *, question: bool) -> None:
        if self._restart(reply_id, question=question):
            return
        if await self._turns.log_of(reply_id) is None:
            await self._tell_ended(reply_id, question=question)
        elif not self._restart(reply_id, question=question):
            if reply_id not in self._to_come and reply_id in self._followed:
                self._followed.remove(reply_id)  # all of it was sent before this was asked
            self.follow_once(reply_id, question=question)
            if question:
                self._questions.add(reply_id)  # it may have been next already

    def _restart(self, reply_id: UUID, *, question: bool) -> bool:
        """Begin again with a reply, if this socket follows it at the moment. While its snapshot is
        being sent, which may be long, another one would tell nothing more."""
        if self._follower is None or self._follower.id != str(reply_id):
            return False
        if question or not self._sending_snapshot:
            self._follower.restart(question=question)
        return True

    async def _tell_ended(self, reply_id: UUID, *, question: bool, late: bool = False) -> None:
        opened = await self._turns.result(reply_id)
        for event in events_of_ended(opened, question=question, late=late):
            if event["type"] == "message_end":  # who has it may ask again
                self._telling.discard(reply_id)
            await self._out.tell(event)

    async def tell_call(self, message_id: UUID, call_id: UUID, state: str) -> None:
        """Send the new state of a tool call, but not before the end of its reply."""
        self._calls.add(message_id, call_id, state)
        if message_id not in self._to_come:
            self._calls.release(message_id)
            await self._calls.told()

    async def _run(self) -> None:
        """Send the followed replies that are to come."""
        while not self._ids.empty():
            reply_id = self._ids.get_nowait()
            try:
                await self._calls.told()  # of the replies before it
                await self._tell_all(reply_id)
            except (LogLost, Unavailable):
                # The client reconnects, here or elsewhere, and begins with a fresh snapshot.
                await self._out.send_away()
            self._to_come.discard(reply_id)
            self._calls.release(reply_id)
            await self._calls.told()
            self._ids.task_done()
        self._runs = False

    async def _tell_all(self, reply_id: UUID) -> None:
        with suppress(NotFound):
            log = await self._turns.log_of(reply_id)
            question = reply_id in self._questions
            self._questions.discard(reply_id)
            if log is not None:
                await self._send_all(Follower(log, question=question))
            else:
                await self._tell_ended(reply_id, question=question, late=True)

    async def told(self) -> None:
        """Return when nothing is left to send."""
        await self._ids.join()

    async def _send_all(self, follower: Follower) -> None:
        self._follower = follower
        try:
            async with aclosing(follower.events()) as followed:
                async for event in followed:
                    self._sending_snapshot = event["type"] == "message_start"
                    await self._out.tell(event)
                    self._sending_snapshot = False
        finally:
            self._follower, self._sending_snapshot = None, False
