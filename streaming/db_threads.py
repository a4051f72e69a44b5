"""The threads on which requests and sockets touch the database.

By default all sockets of a process share one thread, so that one slow query stalls every other,
and a waiting request keeps a thread of its own for as long as it waits. Here both borrow one of a
few threads that live as long as the process, each with its own connection.

Only one thread of a process computes at a time, and the event loop stands in line again after each
call to the kernel. So there are few, and what many sockets ask at once is done on fewer still: with
eight busy ones a health check took over a second, with two a fifth of one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import Final, ParamSpec, TypeVar

from asgiref.sync import ThreadSensitiveContext
from channels.db import database_sync_to_async
from django.db import close_old_connections, connection

P = ParamSpec("P")
T = TypeVar("T")

# Enough that a few slow queries leave room; each costs a thread and a database connection.
COUNT: Final = 6
EVERY: Final = range(COUNT)
# Of sockets and replies: a request finds a thread that none of them uses. SQLite has one writer,
# and PostgreSQL is waited for.
SOCKETS: Final = range(2 if connection.vendor == "sqlite" else 4)

_borrowed: ContextVar[ThreadPoolExecutor] = ContextVar("borrowed")


class DatabaseThreads:
    """A few executors of one thread each, of which the least used is lent first."""

    def __init__(self, count: int = COUNT) -> None:
        self._executors = [
            ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"database-{number}")
            for number in range(count)
        ]
        self._holders = [0] * count

    @asynccontextmanager
    async def borrow(self, among: range = SOCKETS) -> AsyncIterator[None]:
        """Inside the block, thread-sensitive calls (`database_sync_to_async`) run on one thread,
        the least used `among` these.

        Tasks made inside have to end before the block does. Cancelling gives the thread back; a
        call that it is running goes on to its end.
        """
        number = min(among, key=self._holders.__getitem__)
        self._holders[number] += 1
        lent = _borrowed.set(self._executors[number])
        try:
            async with ThreadSensitiveContext(executor=self._executors[number]):
                yield
        finally:
            _borrowed.reset(lent)
            self._holders[number] -= 1

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do `work` on the thread that was borrowed, in line with what else goes there.

        As `database_sync_to_async`, in half of its time: the variables of this task's context are
        not carried there and back, and `work` cannot call what is async. For what each turn asks
        of the database.
        """
        executor = _borrowed.get(None)
        done: T
        if executor is None:
            done = await database_sync_to_async(work)(*args, **kwargs)
        else:
            call = partial(_with_good_connections, partial(work, *args, **kwargs))
            done = await asyncio.get_running_loop().run_in_executor(executor, call)
        return done


def _with_good_connections(work: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


db_threads = DatabaseThreads()
