"""The process of the embedded demonstration model, as seen by the process that starts it.

The child is `python -m providers.local_server`; `local_fetch` gets the files that it needs.
"""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from providers.local_fetch import LocalModelError, fetched, model_path

_ROOT = Path(__file__).resolve().parent.parent
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running child listens, and the key that it wants."""

    url: str
    key: str = field(repr=False)


class LocalModel:
    """Starts the child when it is first needed, and again when it has died.

    May be used from several event loops and threads.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        self._lock = threading.Lock()
        self._child: _Child | None = None

    async def start(self) -> Address:
        """Return the address of a child that answers.

        Calls that come while it loads (about 1 s) share that start. A cancelled call leaves it
        loading, for `stop` or a later `start`. Raises `LocalModelError` when the files are missing
        or it does not come up.
        """
        with self._lock:
            if self._child is None or not self._child.alive():
                if not fetched(self._directory):
                    raise LocalModelError("The demonstration model has not been fetched yet.")
                if self._child is not None:
                    self._child.end()  # it is dead: this closes its pipe
                self._child = _Child(model_path(self._directory))
            ready = self._child.ready
        return await asyncio.wrap_future(ready)

    async def stop(self) -> None:
        """End the child, whatever it is doing, and return when it is gone. `start` may follow."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            await asyncio.to_thread(child.end)


class _Child:
    """A process from its start to its end. `ready` gets its address, or the error."""

    def __init__(self, model: Path) -> None:
        # The child exits when its stdin closes, so it ends with us however we end.
        self._process = subprocess.Popen(  # noqa: S603 (fixed arguments)
            [sys.executable, "-m", "providers.local_server", "--model", str(model)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is for us: we may want to finish a reply first
        )
        self._stdin = cast(IO[bytes], self._process.stdin)
        self._stdout = cast(IO[bytes], self._process.stdout)
        self.ready: Future[Address] = Future()
        # From "running" on, a caller that is cancelled cannot cancel it for the others.
        self.ready.set_running_or_notify_cancel()
        threading.Thread(target=self._read_address, name="local-model-start", daemon=True).start()

    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """End the process and wait for it."""
        self._stdin.close()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read_address(self) -> None:
        limit = threading.Timer(_START_TIMEOUT_S, self._process.kill)
        limit.daemon = True
        limit.start()
        with self._stdout as stdout:
            word, *rest = stdout.readline().decode().split() or [""]
        limit.cancel()
        if word == "serving":
            self.ready.set_result(Address(*rest))
        else:
            self.end()
            self.ready.set_exception(
                LocalModelError("The demonstration model could not be started.")
            )
