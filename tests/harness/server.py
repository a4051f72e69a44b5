"""A server process on a free port, with a database of its own."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from tests.harness import WAIT_S
from tests.harness.clerk import ROOT, Clerk
from tests.harness.ports import free_port

Kind = Literal["daphne", "daphne-cli", "uvicorn"]
KINDS: tuple[Kind, ...] = ("daphne", "uvicorn")

# Every variable that the product reads; unset in its environment unless a test sets it.
VARIABLES = sorted(
    set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "project/settings.py").read_text()))
    | {"SECRET_KEY", "REDIS_URL"}
)


class ChatServer:
    """`manage.py serve` (daphne), the `daphne` command, or uvicorn with uvloop.

    The database, the log and the lock live in `directory`. `start` after `kill` or `terminate`
    starts it again on the same port and database. Keyword arguments are environment variables.
    """

    def __init__(
        self,
        kind: Kind,
        directory: Path,
        *,
        beside: "ChatServer | None" = None,
        checkout: Path = ROOT,
        **settings: Any,
    ) -> None:
        """`beside` is another server of the same installation: with its settings, its models and
        its clerk. `checkout` is the folder of its version."""
        self.kind = kind
        self.directory = directory
        self.checkout = checkout
        self.shared = False  # by other tests
        self.port = free_port()
        self.model_port = beside.model_port if beside else free_port()
        self.second_model_port = beside.second_model_port if beside else free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        directory.mkdir(parents=True, exist_ok=True)
        ours = {
            "HOST": "127.0.0.1",
            "PORT": self.port,
            "DATABASE_URL": f"sqlite:///{directory / 'chat.sqlite3'}",
            "CHAT_FILES_DIR": directory / "files",
            "OLLAMA_BASE_URL": f"http://127.0.0.1:{self.model_port}",
            "USE_OPENAI": "on",
            "OPENAI_API_KEY": "sk-secret-1",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.second_model_port}/v1",
            "OPENAI_CHAT_MODEL": "normal",
            "INFERENCE_SERVICE_URL": f"http://127.0.0.1:{self.second_model_port}",
            "INFERENCE_SERVICE_API_KEY": "sk-secret-2",
            "CHAT_DEFAULT_PROVIDER": "ollama",
            "CHAT_DEFAULT_MODEL": "normal",
            "CHAT_REQUESTS_PER_MINUTE": 1_000_000,
            "CHAT_CONCURRENT_REQUESTS": 1_000,
            "PROVIDER_MAX_CONCURRENCY": 1_000,
            "LOCAL_MODEL": "off",
            "WEB_CONCURRENCY": 1,
            # Long, so that nothing here happens only because a heartbeat came.
            "CHAT_HEARTBEAT_SECONDS": 120,
            "PYTHONUNBUFFERED": "1",
            "UVICORN_LOG_LEVEL": "warning",
            **settings,
        }
        # Empty is unset, and wins over a `.env` in the checkout.
        self.environment = {
            **os.environ,
            **dict.fromkeys(VARIABLES, ""),
            **{name: str(value) for name, value in ours.items()},
        }
        if beside is not None:
            self.environment = {**beside.environment, "PORT": str(self.port)}
        self._owns_clerk = beside is None
        self.clerk = beside.clerk if beside else Clerk(self.environment, checkout)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def log(self) -> str:
        """Everything that it has printed, over all its starts."""
        parts = sorted(self.directory.glob("server-*.log"))
        return "".join(part.read_text(errors="replace") for part in parts)

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def memory(self) -> int:
        """Resident memory in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) * 1024

    def start(self) -> None:
        """Start it, and return when it answers."""
        assert self._process is None
        self.clerk("count", model="User")  # the database is migrated
        self._process = self._spawn()
        deadline = time.monotonic() + 2 * WAIT_S
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.kind} did not start:\n{self.log}")
            time.sleep(0.02)

    @staticmethod
    def start_all(servers: "Sequence[ChatServer]") -> None:
        """Start several at once, and return when all of them answer."""
        with ThreadPoolExecutor(len(servers)) as threads:
            list(threads.map(ChatServer.start, servers))

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """Tell it to end, and give its exit status when it has."""
        return self._end(signal.SIGTERM)

    def run_until_it_ends(self) -> int:
        """Start it, and give its exit status when it has ended by itself."""
        self.clerk("count", model="User")
        self._process = self._spawn()
        return self.wait()

    def wait(self) -> int:
        """Its exit status, when it has ended."""
        assert self._process is not None
        status = self._process.wait(3 * WAIT_S)
        self._process = None
        return status

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def close(self) -> None:
        """End everything."""
        if self._process is not None:
            self.kill()
        if self._owns_clerk:
            self.clerk.close()

    def _end(self, number: signal.Signals) -> int:
        self.send(number)
        return self.wait()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        self._starts += 1
        with (self.directory / f"server-{self._starts}.log").open("wb") as log:
            return subprocess.Popen(
                self._command(), cwd=self.checkout, env=self.environment, stdout=log, stderr=log
            )

    def _command(self) -> list[str]:
        application = "project.asgi:application"
        python, port = sys.executable, str(self.port)
        match self.kind:
            case "daphne":
                return [python, "manage.py", "serve"]
            case "daphne-cli":
                return [python, "-m", "daphne", "-b", "127.0.0.1", "-p", port, application]
            case "uvicorn":
                options = ["--port", port, "--loop", "uvloop"]
                return [python, "-m", "uvicorn", application, *options]

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
