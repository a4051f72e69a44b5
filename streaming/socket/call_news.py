"""Tells one socket of the states of tool calls, in their order."""

import asyncio
from collections import OrderedDict
from typing import Final
from uuid import UUID

from channels.db import database_sync_to_async

from conversations.tools import selectors
from conversations.tools.models import UNDECIDED, State, ToolCall
from streaming import events
from streaming.socket.writer import SocketWriter

# Calls whose last state is remembered, so that none is told twice.
REMEMBERED: Final = 256


class CallNews:
    """News wait until their reply has been sent. A call is read when it is told: a hint has only
    its state."""

    def __init__(self, out: SocketWriter) -> None:
        self._out = out
        self._held: dict[UUID, list[tuple[UUID, str]]] = {}
        self._ready: list[tuple[UUID, UUID, str]] = []
        self._told: OrderedDict[UUID, int] = OrderedDict()
        self._telling = asyncio.Lock()

    def add(self, message_id: UUID, call_id: UUID, state: str) -> None:
        """Keep a call's new state until `release`."""
        self._held.setdefault(message_id, []).append((call_id, state))

    def release(self, message_id: UUID) -> None:
        """Let the news of a reply's calls be told."""
        news = self._held.pop(message_id, ())
        self._ready += [(message_id, call_id, state) for call_id, state in news]

    async def told(self) -> None:
        """Tell what is ready. Cancelling loses what was about to be told."""
        async with self._telling:
            while self._ready:
                ready, self._ready = self._ready, []
                ids = {call_id for _, call_id, _ in ready}
                rows = await database_sync_to_async(selectors.by_id)(ids=ids)
                for message_id, call_id, state in ready:
                    if (row := rows.get(call_id)) and self._is_new(row, state):
                        wire = selectors.as_wire(row, state)
                        await self._out.tell(events.tool_call(message_id, wire))

    def _is_new(self, row: ToolCall, state: str) -> bool:
        rank, told = selectors.rank(state), self._told.get(row.id, -1)
        if state == row.state in UNDECIDED:
            new = rank != told  # one that ran may wait again, for a sign-in
        else:
            new = rank > told and row.state != State.NEEDS_SIGN_IN
        if not new:
            return False
        self._told[row.id] = rank
        self._told.move_to_end(row.id)
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True
