"""A second process beside a server, in its database: makes accounts and rows, and looks at them.

The test's side is `Clerk`. The other reads one JSON object a line (`{"do": name, …arguments}`) and
answers each with one line. The clerks of a test process are forks of one that has loaded Django;
that of another checkout is a process of its own.
"""

import importlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import IO, Any

from tests.harness import WAIT_S

ROOT = Path(__file__).resolve().parents[2]
MODULE = [sys.executable, "-m", "tests.harness.clerk"]
SQLITE = "sqlite:///"
# Databases that were made with every migration of this checkout.
MIGRATED: set[str] = set()
# The processes that make clerks, by the kind of database, and the sockets to them.
_started: dict[str, tuple[socket.socket, "subprocess.Popen[bytes]"]] = {}
_starting = threading.Lock()


@cache
def new_database() -> bytes:
    """An SQLite database with every migration of this checkout, made once by a test process: to
    migrate each server's anew would take half of its start."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chat.sqlite3"
        environment = {**os.environ, "DATABASE_URL": f"{SQLITE}{path}", "SECRET_KEY": "unused"}
        subprocess.run(MODULE, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=True)
        with closing(sqlite3.connect(path)) as database:
            return database.serialize()


class Clerk:
    """Calls the functions of `clerk_calls.py` in a process with the server's environment."""

    def __init__(self, environment: dict[str, str], checkout: Path = ROOT) -> None:
        """`checkout` is the folder of the server's version."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._asks: IO[str]
        self._answers: IO[str]
        if checkout == ROOT:
            self._connection = _fork(environment)
            self._asks = self._connection.makefile("w")
            self._answers = self._connection.makefile("r")
        else:
            self._process = subprocess.Popen(
                MODULE,
                cwd=checkout,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._asks, self._answers = self._process.stdin, self._process.stdout

    def __call__(self, do: str, **arguments: Any) -> Any:
        """What the function `do` returns; `RuntimeError` with what it raised."""
        with self._lock:
            self._asks.write(json.dumps({"do": do, **arguments}) + "\n")
            self._asks.flush()
            line = self._answers.readline()
        if not line:
            raise RuntimeError("the clerk has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def close(self) -> None:
        self._asks.close()
        if self._process is None:
            with self._connection:
                self._connection.shutdown(socket.SHUT_WR)
                self._answers.read()  # to the end of the clerk
        else:
            self._process.wait(WAIT_S)
        self._answers.close()


def _fork(environment: dict[str, str]) -> socket.socket:
    """The socket to a new clerk."""
    url = environment["DATABASE_URL"]
    database = Path(url.removeprefix(SQLITE))
    if url.startswith(SQLITE) and not database.exists():
        database.write_bytes(new_database())
        MIGRATED.add(url)
    ours, theirs = socket.socketpair()
    with theirs:
        socket.send_fds(_forking(environment), [b"1"], [theirs.fileno()])
    first = {"environment": environment, "migrated": url in MIGRATED}
    ours.sendall(json.dumps(first).encode() + b"\n")
    return ours


def _forking(environment: dict[str, str]) -> socket.socket:
    """The socket to a process that makes a clerk of each socket that it is sent; it ends with this
    process. There is one for each kind of database."""
    kind = environment["DATABASE_URL"].partition(":")[0]
    with _starting:
        if kind not in _started:
            ours, theirs = socket.socketpair()
            with theirs:
                process = subprocess.Popen(
                    [*MODULE, "fork"], cwd=ROOT, env=environment, stdin=theirs
                )
            _started[kind] = ours, process
        return _started[kind][0]


# --- The other side ---------------------------------------------------------------------------


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    if sys.argv[1:] == ["fork"]:
        _fork_clerks()
    else:
        _migrate()
        _answer(sys.stdin, sys.stdout)


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)


def _fork_clerks() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    with socket.socket(fileno=sys.stdin.fileno()) as asked:
        while True:
            message, files, *_ = socket.recv_fds(asked, 1, 1)
            if not message:
                return
            if os.fork() == 0:
                asked.close()
                with socket.socket(fileno=files[0]) as connection:
                    _serve(connection)
                return
            os.close(files[0])


def _serve(connection: socket.socket) -> None:
    with connection.makefile("r") as asked, connection.makefile("w") as answers:
        first = json.loads(asked.readline())
        _move_to(first["environment"])
        if not first["migrated"]:
            _migrate()
        _answer(asked, answers)


def _answer(asked: IO[str], answers: IO[str]) -> None:
    from tests.harness.clerk_calls import CALLS

    for line in asked:
        call = json.loads(line)
        try:
            answer = {"result": CALLS[call.pop("do")](**call)}
        except Exception as error:  # noqa: BLE001 - told to the test
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=str), file=answers, flush=True)


def _move_to(environment: dict[str, str]) -> None:
    """Have the settings of another server."""
    from django.conf import settings
    from django.core.cache import caches
    from django.db import connections

    os.environ.update(environment)
    module = importlib.reload(sys.modules[settings.SETTINGS_MODULE])
    for name in filter(str.isupper, dir(module)):
        setattr(settings, name, getattr(module, name))
    for handler in (connections, caches):
        handler.__init__()  # type: ignore[misc] - forgets what was made of those before
        vars(handler).pop("settings", None)


if __name__ == "__main__":
    main()
