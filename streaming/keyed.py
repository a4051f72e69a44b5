"""Replies and sockets on the strength of an API key, ended when the key is good no more.

Whoever revokes a key asks to look again at once (`hints.credentials_changed`). A key that expires,
or is revoked by another process or in the admin, is noticed by a look every few seconds.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import DatabaseError

from conversations import keys
from conversations.models import ApiKey
from streaming.stripes import stripes
from streaming.tasks import keep_going

logger = logging.getLogger(__name__)

# How often the keys of running work are looked at, in seconds.
LOOK_SECONDS = 5.0

End = Callable[[], object]


class KeyedWork:
    """What runs at this moment with an API key. Lives in one event loop."""

    def __init__(self) -> None:
        self._ends: dict[UUID, set[End]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @contextmanager
    def running(self, key: ApiKey | None, end: End) -> Iterator[None]:
        """While inside, `end` is called when the key stops being good; it must not raise, and
        may be called more than once. Without a key nothing happens."""
        if key is None:
            yield
            return
        ends = self._ends.setdefault(key.pk, set())
        ends.add(end)
        if self._watch is None:
            self._watch = keep_going(self._look_on, "keyed")
        try:
            yield
        finally:
            ends.discard(end)
            if not ends and self._ends.get(key.pk) is ends:
                del self._ends[key.pk]
            if not self._ends and self._watch is not None:
                self._watch.cancel()
                self._watch = None

    def look_again(self) -> None:
        """A key may have been revoked: look at once. Call it in the event loop."""
        self._changed.set()

    async def _look_on(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            looked_at = set(self._ends)
            try:
                async with stripes.borrow():
                    good = await database_sync_to_async(keys.good)(ids=looked_at)
            except DatabaseError as error:
                # Nobody's work ends because the database is away.
                logger.warning("keys not looked at (%s)", type(error).__name__)
                continue
            for key_id in looked_at - good:
                for end in list(self._ends.get(key_id, ())):
                    end()


keyed = KeyedWork()
