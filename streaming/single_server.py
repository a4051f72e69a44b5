"""The lock of the only server process of a database, where no Redis lets several share it."""

import asyncio
import fcntl
import logging
from pathlib import Path
from typing import IO, Any, Final, Self

from django.db import connection

logger = logging.getLogger(__name__)

# How long a start waits for a server that is just ending, in seconds.
LOCK_PATIENCE: Final = 15.0
# The number of our lock among those that programs take in a database of PostgreSQL.
ADVISORY_LOCK: Final = 0x63686174


class SingleServerError(RuntimeError):
    """Another server process uses this database, and without Redis the two cannot share running
    replies."""

    def __init__(self) -> None:
        super().__init__(
            "Another server is running on this database. Without REDIS_URL one process keeps "
            "running replies in its memory, so there can be only one. End the other first, or "
            "set REDIS_URL for both."
        )


class SingleServerLock:
    """A lock on a file and, on PostgreSQL, which other machines reach, one in the database. The
    system releases both when the process dies."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._session: Any = None

    @classmethod
    async def acquire(cls, path: Path) -> Self:
        """Take the locks, waiting a while for a server that is just ending.

        Raises:
            SingleServerError: another process holds them.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = cls(path.open("w"))
        waited = 0.0
        while not (lock._lock_file() and await asyncio.to_thread(lock._lock_database)):
            if waited >= LOCK_PATIENCE:
                lock.release()
                raise SingleServerError
            if not waited:
                logger.warning("another server is running on this database; waiting for its end")
            await asyncio.sleep(0.25)
            waited += 0.25
        return lock

    def release(self) -> None:
        """Let the next server start."""
        self._file.close()
        if self._session is not None:
            self._session.close()

    def _lock_file(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _lock_database(self) -> bool:
        if connection.vendor != "postgresql":
            return True
        if self._session is None:
            import psycopg

            chosen = connection.get_connection_params()
            chosen.pop("cursor_factory", None)
            self._session = psycopg.connect(**chosen, autocommit=True)
        row = self._session.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK]).fetchone()
        return bool(row and row[0])
