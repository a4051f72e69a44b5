"""A real llama-server, from the package of the embedded model, with that model's weights."""

import fcntl
import http.client
import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.harness.clerk import ROOT
from tests.harness.ports import free_port
from tests.harness.services import Service

_PROCESS = Path(__file__).with_name("llama_process.py")
TEMPLATES = Path(__file__).with_name("templates")
# The same folder as `make run` uses, so that a machine downloads the model once.
MODELS = ROOT / "var" / "models"


class LlamaServer(Service):
    """`window` is llama-server's `-c`, for all its places together; `template` the name of a file
    in `templates`, instead of the model's own; other settings are fields of `CommonParams`."""

    name = "llama-server"
    start_s = 120.0

    def __init__(
        self,
        weights: Path,
        *,
        window: int = 1024,
        places: int = 1,
        template: str = "",
        **settings: Any,
    ) -> None:
        super().__init__()
        self.port = free_port()
        self.weights = weights
        self._settings = {"n_ctx": window, "n_parallel": places, **settings}
        if template:
            self._settings["chat_template"] = (TEMPLATES / f"{template}.jinja").read_text()

    @property
    def url(self) -> str:
        """The base of its OpenAI protocol."""
        return f"http://127.0.0.1:{self.port}/v1"

    def command(self) -> list[str]:
        settings = json.dumps(self._settings)
        return [sys.executable, str(_PROCESS), str(self.weights), str(self.port), settings]

    def answers(self) -> bool:
        return self.health() == 200

    def health(self) -> int | None:
        """The status of its health address: 503 while it loads, `None` while nothing listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Start it, and keep it loading its model while the block runs.

        Its weights are a copy, on which we hold a lease: whoever opens a file of which somebody
        else has the write lease waits until it is given back.
        """
        copy = self.directory / self.weights.name
        if self.weights != copy:
            self.weights = shutil.copyfile(self.weights, copy)
        with self.weights.open("r+b") as file:
            # Told by a signal that is ignored unless one wants it; else by one that ends us.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            self.launch()
            deadline = time.monotonic() + self.start_s
            while self.health() != 503:
                assert time.monotonic() < deadline, self.output
                time.sleep(0.02)
            yield
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)

    def get(self, path: str) -> Any:
        """The JSON of an address of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def busy(self) -> bool:
        """Whether it works for somebody."""
        return any(slot["is_processing"] for slot in self.get("/slots"))
