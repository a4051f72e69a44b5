"""What a client is told beside its replies: the conversation, its queue and its calls.

News of it are hints, which may be lost; so every third heartbeat looks for itself. Whether the
client's credentials still count is looked after in the same way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from conversations.errors import NotFound
from conversations.threads import access
from conversations.tools import selectors
from conversations.tools.calls import MOST_CALLS
from streaming import events, hints, revocation
from streaming.credentials import Credentials
from streaming.events import CloseCode
from streaming.replies import message_queue
from streaming.replies.turns import Turns
from streaming.socket.commands import Commands
from streaming.socket.feed import Feed
from streaming.socket.writer import SocketState, SocketWriter

# Heartbeats between two checks of the credentials: a hint may have been lost.
HEARTBEATS_A_CHECK = 3


@dataclass(slots=True, kw_only=True)
class ConversationWatch:
    """Tells one client what changes in its conversation."""

    conversation_id: UUID
    # The title, the head and the revision that the client knows.
    known: tuple[str, UUID | None, int | None]
    credentials: Credentials
    commands: Commands
    turns: Turns
    feed: Feed
    out: SocketWriter
    join: Callable[[], Awaitable[None]]  # the groups to which hints are sent
    start: Callable[[Coroutine[Any, Any, None]], object]  # beside the handler of a message
    # The message queue that the client knows, and whether it is held.
    _queue: tuple[list[dict[str, Any]], bool] = field(default_factory=lambda: ([], False))
    _awaits: bool = False
    _beats: int = 0
    _timer: asyncio.TimerHandle = field(init=False)  # of the next heartbeat

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send heartbeats, and check the credentials as soon as they may not count any more."""
        with (
            revocation.api_keys.running(self.commands.caller.key_id, self._look_again),
            revocation.sessions.running(self.credentials.session, self._look_again),
        ):
            self._beat_later()
            try:
                yield
            finally:
                self._timer.cancel()

    def _beat_later(self) -> None:
        """Send the next heartbeat in a while: a timer, since a task for each idle socket would take
        more memory than all else of it."""
        seconds = settings.CHAT_HEARTBEAT_SECONDS
        self._timer = asyncio.get_running_loop().call_later(seconds, self._beat)

    def _beat(self) -> None:
        self.start(self._send_beat())

    async def _send_beat(self) -> None:
        self._beats += 1
        await self.out.tell(events.HEARTBEAT)
        if self._beats % HEARTBEATS_A_CHECK == 0:
            await self._catch_up()
        self._beat_later()

    # --- Hints ------------------------------------------------------------------------------

    async def hint_turn(self, message: dict[str, Any]) -> None:
        self.feed.follow_once(UUID(message["reply_id"]))

    async def hint_conversation(self, message: dict[str, Any]) -> None:
        head_id = UUID(message["head_id"]) if message["head_id"] else None
        # A server of the release before tells no revision.
        more = message.get("revision"), message.get("deleted")
        self.start(self._tell_conversation(message["title"], head_id, *more))

    async def hint_queue(self, message: dict[str, Any]) -> None:
        if "call_id" in message:
            ids = UUID(message["message_id"]), UUID(message["call_id"])
            self.start(self.feed.tell_call(*ids, message["state"]))
        elif "present" in message:
            if self.out.state is SocketState.OPEN:
                self.start(hints.tell_presence(message["present"], message["user"]))
        else:
            self.start(self.tell_queue())

    async def hint_deleted(self, message: dict[str, Any]) -> None:
        self.start(self._tell_deleted())

    async def hint_credentials(self, message: dict[str, Any]) -> None:
        self._look_again()
        self.start(self.tell_queue())  # what a revoked key queued is not sent

    async def hint_missed(self, message: dict[str, Any]) -> None:
        if self.out.state is not SocketState.OPEN:
            return
        self.start(self._catch_up())
        self.start(self.tell_queue())

    # --- What may have changed --------------------------------------------------------------

    async def _catch_up(self) -> None:
        """Check everything that a lost hint would have told."""
        await self.join()
        await self._check_credentials()
        with suppress(DatabaseError):
            await self._check_conversation()
            if (running := await self.turns.running_in(self.conversation_id)) is not None:
                self.feed.follow_once(running)

    async def _check_conversation(self) -> None:
        user = self.commands.caller.user
        try:
            row = await database_sync_to_async(access.conversation)(user, self.conversation_id)
        except NotFound:
            await self._tell_deleted()
            return
        if row.awaits or self._awaits:
            await self._tell_calls()
        self._awaits = bool(row.awaits)
        known = row.title, row.head_id, row.revision
        if known == self.known:
            return
        await self._tell_conversation(*known)
        if row.head_id is not None:
            self.feed.follow_once(row.head_id)  # it may have ended meanwhile

    async def _check_credentials(self) -> None:
        try:
            caller = await database_sync_to_async(self.credentials.caller)()
        except DatabaseError:
            return  # nobody is signed out because the database is away
        if caller is None or caller.user.pk != self.commands.caller.user.pk:
            sentence = "Your session has ended."
            await self.out.close("not_authenticated", sentence, CloseCode.NOT_SIGNED_IN)
        else:
            self.commands.caller = caller  # with what its key is good for by now

    def _look_again(self) -> None:
        self.start(self._check_credentials())

    # --- What is told -----------------------------------------------------------------------

    async def tell_queue(self) -> None:
        """Send the message queue, unless the client knows it."""
        queue = await message_queue.items(self.conversation_id)
        if queue != self._queue:
            self._queue = queue
            await self.out.tell(events.queue(self.conversation_id, *queue))

    async def _tell_calls(self) -> None:
        """Tell the calls of a turn that waits, or did at the last look."""
        calls = await database_sync_to_async(selectors.latest)(
            conversation_id=self.conversation_id, limit=MOST_CALLS
        )
        for call in calls:
            await self.feed.tell_call(call.message_id, call.id, call.state)

    async def _tell_conversation(
        self, title: str, head_id: UUID | None, revision: int | None, deleted: str | None = None
    ) -> None:
        self.known = title, head_id, revision
        await self.out.tell(
            events.conversation(self.conversation_id, title, head_id, revision, deleted)
        )

    async def _tell_deleted(self) -> None:
        await self.out.close("not_found", "The conversation was deleted.", CloseCode.NOT_FOUND)
