"""The embedded demonstration model: a child process that speaks the Ollama protocol on loopback.

This is the parent's side. The child is `python -m providers.local_model --model PATH --port 0`
(`local_server` does its work); `local_fetch` gets the files.
"""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import IO, cast

from providers.local_fetch import LocalModelError, fetch, fetched, model_path

__all__ = ["LocalModel", "LocalModelError", "fetch"]

_ROOT = Path(__file__).resolve().parent.parent
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 5.0


class LocalModel:
    """Starts the child when it is first needed, and again when it has died.

    May be used from several event loops and threads; belongs to none of them.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._port = 0

    def available(self) -> bool:
        """Whether everything that `start` needs has been fetched."""
        return fetched(self._directory)

    async def start(self) -> str:
        """The base URL of a child that answers. Calls that come while it loads (about 1 s) share
        that one start; a cancelled call leaves it loading, for `stop` or a later `start`.

        A child that replaces a dead one keeps its port, as long as nobody else has taken it.
        Raises `LocalModelError` when the files are missing or it does not come up.
        """
        with self._lock:
            if self._child is None or not self._child.alive():
                if not self.available():
                    raise LocalModelError("The demonstration model has not been fetched yet.")
                if self._child is not None:
                    self._child.end()  # it is dead: this only lets go of its pipe
                self._child = _Child(model_path(self._directory), self._port)
            ready = self._child.ready
        self._port = await asyncio.wrap_future(ready)
        return f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """End the child, whatever it is doing, and return when it is gone. `start` may follow."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            await asyncio.to_thread(child.end)


class _Child:
    """One process, from its start to its end. `ready` gets its port, or why it has none."""

    def __init__(self, model: Path, port: int) -> None:
        command = [sys.executable, "-m", "providers.local_model"]
        command += ["--model", str(model), "--port", str(port)]
        # Its stdin is the leash: it closes with us, however we end, and the child goes too.
        self._process = subprocess.Popen(  # noqa: S603 (fixed arguments)
            command,
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is for us: we may want to finish a reply first
        )
        self._stdin = cast(IO[bytes], self._process.stdin)
        self._stdout = cast(IO[bytes], self._process.stdout)
        self.ready: Future[int] = Future()
        # From "running" on, a caller that is cancelled cannot cancel it for the others.
        self.ready.set_running_or_notify_cancel()
        threading.Thread(target=self._read_port, name="local-model-start", daemon=True).start()

    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Blocks until the process is gone."""
        self._stdin.close()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read_port(self) -> None:
        patience = threading.Timer(_START_TIMEOUT_S, self._process.kill)
        patience.daemon = True
        patience.start()
        with self._stdout as stdout:
            word, _, number = stdout.readline().partition(b" ")
        patience.cancel()
        if word == b"port":
            self.ready.set_result(int(number))
        else:
            self.end()
            self.ready.set_exception(
                LocalModelError("The demonstration model could not be started.")
            )


if __name__ == "__main__":
    from providers.local_server import main

    main()
