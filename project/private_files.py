"""Files that only the account of the server may read: the database, its keys, its backups."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.conf import settings

from project import database

# What new files and folders are for: their owner alone.
MASK: Final = 0o077


def protect() -> None:
    """Make what this process creates from now on private, and what is there already: the database,
    what SQLite puts beside it, people's files, and our own folder `var`. Another folder, in which
    a setting puts the database, may hold other things and be used by others.
    """
    os.umask(MASK)
    chosen = settings.DATABASES["default"]
    if chosen["ENGINE"] == database.SQLITE:
        for end in ("", "-wal", "-shm"):
            _restrict(Path(f"{chosen['NAME']}{end}"), 0o600)
    _restrict(settings.CHAT_FILES_DIR, 0o700)
    _restrict(settings.STATE_DIR / "secret_key", 0o600)
    _restrict(settings.VAR_DIR, 0o700)


def _restrict(path: Path, mode: int) -> None:
    """Take the rights of others away, where it is ours to do so."""
    with suppress(OSError):
        if path.stat().st_uid == os.getuid() and path.stat().st_mode & MASK:
            path.chmod(mode)
