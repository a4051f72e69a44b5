"""The threads on which requests and sockets touch the database.

By default all sockets of a process share one thread, so that one slow query stalls every other,
and a waiting request keeps a thread of its own for as long as it waits. Here both borrow one of a
few threads that live as long as the process, each with its own connection.
"""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from asgiref.sync import ThreadSensitiveContext

# Enough that a few slow queries leave room; each costs a thread and a database connection.
COUNT: Final = 8


class DatabaseThreads:
    """A few executors of one thread each, of which the least used is lent first."""

    def __init__(self, count: int = COUNT) -> None:
        self._executors = [
            ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"database-{number}")
            for number in range(count)
        ]
        self._holders = [0] * count

    @asynccontextmanager
    async def borrow(self, among: int | None = None) -> AsyncIterator[None]:
        """Inside the block, thread-sensitive calls (`database_sync_to_async`) run on one thread, of
        the first `among` threads or of all.

        Tasks made inside have to end before the block does. Cancelling gives the thread back; a
        call that it is running goes on to its end.
        """
        number = min(range(among or len(self._holders)), key=self._holders.__getitem__)
        self._holders[number] += 1
        try:
            async with ThreadSensitiveContext(executor=self._executors[number]):
                yield
        finally:
            self._holders[number] -= 1


db_threads = DatabaseThreads()
