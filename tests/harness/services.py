"""Programs that the product works with, as the tests run them: PostgreSQL, Redis and nginx.

Each runs on a free port of loopback, with a folder of its own under the system's temporary one.
The services of the system are not touched; `scripts/find-services` installs the programs. A program
ends with the test process that started it, however that ends.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tests.harness import WAIT_S

_PREFIX = "chat-playground-"
_PR_SET_PDEATHSIG = 1


class ServiceError(RuntimeError):
    """A program is not there, or did not start; says what it printed."""


def program(name: str) -> str:
    """The path of a program, where Debian puts it or on PATH."""
    homes = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda home: int(home.parent.name)
    )
    path = os.pathsep.join([*map(str, reversed(homes)), os.environ["PATH"], "/usr/sbin"])
    if found := shutil.which(name, path=path):
        return found
    raise ServiceError(f"{name} is not installed: run scripts/find-services.")


def unprivileged() -> str | None:
    """The name of a user for programs that refuse to run as root; `None` when we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


class Service:
    """One program. `start` and `stop` may follow each other, on the same port and folder.

    A subclass gives `command()`, and `answers()`, which tells whether it is ready to be used.
    Only the main thread may start it: the system ends it with the thread that did.
    """

    name = "service"
    # What ends it at once.
    crash = signal.SIGKILL
    # The longest that it may take to start, in seconds.
    start_s = WAIT_S

    def __init__(self, *, user: str | None = None) -> None:
        _sweep()
        self.user = user
        # The tests' own temporary folder is closed to other users.
        self.directory = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{self.name}-{os.getpid()}-"))
        if user is not None:
            shutil.chown(self.directory, user)
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def output(self) -> str:
        """What it has printed."""
        return (self.directory / "output").read_text(errors="replace")

    def start(self) -> None:
        """Start it, and return when it answers."""
        self.launch()
        self.wait_until_it_answers()

    def launch(self) -> None:
        """Start it, and return at once."""
        assert self._process is None
        with (self.directory / "output").open("ab") as output:
            self._process = self.spawn(self.command(), output)

    def wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + self.start_s
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServiceError(f"{self.name} did not start:\n{self.output}")
            time.sleep(0.01)

    def spawn(self, command: list[str], output: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Run a program as our user, to be ended when this process ends."""
        assert threading.current_thread() is threading.main_thread()
        return subprocess.Popen(
            command,
            cwd=self.directory,
            user=self.user,
            group=pwd.getpwnam(self.user).pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with(os.getpid(), self.crash),
        )

    def stop(self, number: signal.Signals | None = None) -> None:
        """End it, as a crash does unless told otherwise, and return when it has ended."""
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(number or self.crash)
        process.send_signal(signal.SIGCONT)
        process.wait(WAIT_S)

    def pause(self) -> None:
        """Stop it where it is: connections stay, nothing answers, until `resume`."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it, and remove its folder."""
        if self._process is not None:
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def _end_with(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    """What a child does before it becomes its program: ask for a signal when `parent` ends.

    Only Linux has this; elsewhere a killed test process leaves its programs behind.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended before we could ask
            os._exit(1)

    return ask


def _sweep() -> None:
    """Remove the folders of test processes that were killed."""
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*-*"):
        owner = directory.name.removeprefix(_PREFIX).split("-")[1]
        if owner.isdigit() and Path("/proc/self").exists() and not Path("/proc", owner).exists():
            shutil.rmtree(directory, ignore_errors=True)
