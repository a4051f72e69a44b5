"""Replies and sockets on the strength of an API key or a session, ended when it is good no more.

Whoever revokes a key or ends a session says so at once (`hints.credentials_changed`). What expires,
or is ended by another program (`manage.py changepassword`), is noticed by a look every few seconds,
one for all that runs in this process.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import DatabaseError

from conversations.people import keys
from streaming import credentials
from streaming.background import keep_going
from streaming.db_threads import db_threads

logger = logging.getLogger(__name__)

# How often the credentials of running work are looked at, in seconds.
LOOK_SECONDS = 5.0

End = Callable[[], object]
Id = TypeVar("Id", bound=Hashable)


class Revocable(Generic[Id]):
    """What runs at this moment with credentials of one kind, by their ids. Lives in one event loop.

    `good` reads from the database which of the ids are still good. `kind` names the
    task that asks it, and the log's line when the database is away.
    """

    def __init__(self, kind: str, good: Callable[[set[Id]], set[Id]]) -> None:
        self._kind = kind
        self._good = good
        self._ends: dict[Id, set[End]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @contextmanager
    def running(self, which: Id | None, end: End) -> Iterator[None]:
        """While inside, `end` is called when the credentials stop being good; it must not raise,
        and may be called more than once. Without an id nothing happens."""
        if which is None:
            yield
            return
        ends = self._ends.setdefault(which, set())
        ends.add(end)
        if self._watch is None:
            self._watch = keep_going(self._look_on, self._kind)
        try:
            yield
        finally:
            ends.discard(end)
            if not ends and self._ends.get(which) is ends:
                del self._ends[which]
            if not self._ends and self._watch is not None:
                self._watch.cancel()
                self._watch = None

    def look_again(self) -> None:
        """Some may have been revoked: look at once. Call it in the event loop."""
        self._changed.set()

    async def _look_on(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            looked_at = set(self._ends)
            try:
                async with db_threads.borrow():
                    good = await database_sync_to_async(self._good)(looked_at)
            except DatabaseError as error:
                # Nobody's work ends because the database is away.
                logger.warning("%s not looked at (%s)", self._kind, type(error).__name__)
                continue
            for bad in looked_at - good:
                for end in list(self._ends.get(bad, ())):
                    end()


api_keys = Revocable[UUID]("keys", keys.good)
sessions = Revocable[str]("sessions", credentials.signed_in)
