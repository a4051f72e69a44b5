"""Carries out the frames of one socket."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from channels.db import database_sync_to_async

from conversations.people import keys
from conversations.threads import access
from streaming.replies import message_queue
from streaming.replies.commands import (
    parse_client_id,
    parse_decide,
    parse_id,
    parse_queue_order,
    parse_turn_request,
)
from streaming.replies.turns import Turns
from streaming.socket.feed import Feed
from streaming.socket.handshake import Admitted

Frame = dict[str, Any]


class Commands:
    """The commands of one socket. `caller` may be replaced while the socket is open: the scopes of
    its key may change."""

    def __init__(self, admitted: Admitted, turns: Turns, feed: Feed) -> None:
        self.caller = admitted.caller
        self._conversation_id: UUID = admitted.conversation.id
        self._provider = admitted.provider
        self._turns, self._feed = turns, feed

    def knows(self, kind: object) -> bool:
        """Whether there is a frame of this type."""
        return isinstance(kind, str) and kind in _KNOWN

    async def run(self, kind: str, frame: Frame) -> None:
        """Carry out a command of a known kind; `frame` has its other fields.

        Raises:
            ValidationError: the frame is invalid.
            Problem: the command is refused.
            ProviderError: no provider has a model.
        """
        await _KNOWN[kind](self, frame)

    async def _user_message(self, frame: Frame) -> None:
        await self._begin(frame, regenerate=False)

    async def _regenerate(self, frame: Frame) -> None:
        await self._begin(frame, regenerate=True)

    async def _begin(self, frame: Frame, *, regenerate: bool) -> None:
        keys.require(self.caller.key, "chat")
        request = parse_turn_request(frame, regenerate=regenerate)
        reply_id, created = await self._turns.begin(
            self.caller, self._conversation_id, request, provider=self._provider
        )
        if reply_id is None:
            return  # it is queued, and every socket gets the queue
        if created:
            self._feed.follow_once(reply_id)
        else:
            await self._feed.tell(reply_id)

    async def _unqueue(self, frame: Frame) -> None:
        keys.require(self.caller.key, "chat")
        await message_queue.take_back(
            self.caller.user, self._conversation_id, parse_client_id(frame)
        )

    async def _stop(self, frame: Frame) -> None:
        keys.require(self.caller.key, "chat")
        await self._turns.stop_for_person(await self._own(frame), self._conversation_id)

    async def _queue_resume(self, frame: Frame) -> None:
        keys.require(self.caller.key, "chat")
        await self._turns.resume_queue(self._conversation_id)

    async def _queue_order(self, frame: Frame) -> None:
        keys.require(self.caller.key, "chat")
        await message_queue.arrange(
            self.caller.user, self._conversation_id, parse_queue_order(frame)
        )

    async def _send_now(self, frame: Frame) -> None:
        keys.require(self.caller.key, "chat")
        await self._turns.send_now(self.caller.user, self._conversation_id, parse_client_id(frame))

    async def _decide(self, frame: Frame) -> None:
        keys.require(self.caller.key, "chat")
        message_id, call_id, decision = parse_decide(frame)
        await self._require_own(message_id)
        call = await self._turns.decide(self.caller.user, message_id, call_id, decision)
        # Who repeats a decision learns what became of it.
        await self._feed.tell_call(message_id, call_id, call.state)

    async def _follow(self, frame: Frame) -> None:
        await self._feed.tell_again(await self._own(frame))

    async def _own(self, frame: Frame) -> UUID:
        """The id in the frame, if it is a message of this conversation. For a running reply the
        database is not asked."""
        reply_id = parse_id(frame)
        turn = self._turns.find(reply_id)
        if turn is None or turn.conversation_id != self._conversation_id:
            await self._require_own(reply_id)
        return reply_id

    async def _require_own(self, message_id: UUID) -> None:
        await database_sync_to_async(access.message)(
            self.caller.user, message_id, self._conversation_id
        )


_KNOWN: Final[dict[str, Callable[[Commands, Frame], Awaitable[None]]]] = {
    "user_message": Commands._user_message,
    "regenerate": Commands._regenerate,
    "stop": Commands._stop,
    "follow": Commands._follow,
    "unqueue": Commands._unqueue,
    "queue_resume": Commands._queue_resume,
    "queue_order": Commands._queue_order,
    "send_now": Commands._send_now,
    "decide": Commands._decide,
}
