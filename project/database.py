"""The database that `DATABASE_URL` names, as Django's settings want it."""

import hashlib
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"


def settings_for(url: str, *, pool_size: int) -> dict[str, Any]:
    """Return the entry for `DATABASES`. `pool_size` is the most connections that this process opens
    to PostgreSQL.

    Raises:
        ImproperlyConfigured: it is no address of SQLite or PostgreSQL.
    """
    try:
        database: dict[str, Any] = {**dj_database_url.parse(url)}
    except ValueError:
        database = {"ENGINE": None}
    if database["ENGINE"] == SQLITE:
        return database | _sqlite()
    if database["ENGINE"] == POSTGRESQL:
        return database | _postgresql(database.get("OPTIONS", {}), pool_size)
    raise ImproperlyConfigured(
        "The environment variable DATABASE_URL is not usable: "
        "write it as sqlite:///path or postgres://user:password@host/name."
    )


def _sqlite() -> dict[str, Any]:
    """Without these, writers at the same time end in "database is locked". Connections live as
    long as the few threads that the server keeps for the database (`streaming/db_threads.py`)."""
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    options = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": pragmas}
    return {"CONN_MAX_AGE": 600, "OPTIONS": options}


def _postgresql(given: dict[str, Any], pool_size: int) -> dict[str, Any]:
    """A connection goes back to the pool after each use, so that whoever waits for a model holds
    none. One that a restart of PostgreSQL broke is noticed when it is taken out."""
    pool = {"min_size": 1, "max_size": pool_size, "timeout": 10}
    options = {"connect_timeout": 5, **given, "pool": pool}
    return {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}


def state_dir(database: dict[str, Any], otherwise: Path) -> Path:
    """Where files that belong to the database are kept: beside that of SQLite."""
    if database["ENGINE"] != SQLITE:
        return otherwise
    folder = Path(database["NAME"]).resolve().parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def server_lock(database: dict[str, Any], folder: Path) -> Path:
    """The file that the only server process of this database holds locked."""
    if database["ENGINE"] == SQLITE:
        return Path(f"{database['NAME']}.lock")
    named = "/".join(str(database[part]) for part in ("HOST", "PORT", "NAME"))
    return folder / f"server-{hashlib.sha256(named.encode()).hexdigest()[:12]}.lock"
