"""A stack of `compose.yaml` under a name of its own, and what is done with it."""

import os
import re
import subprocess
import time
from typing import Any

import httpx

from tests.harness.clerk import ROOT

# Longest wait for what containers take long for, in seconds.
LONG_S = 300.0


class Stack:
    """`docker compose` with these settings. What is asked of it has to succeed."""

    def __init__(self, name: str, port: int, **settings: str) -> None:
        self.name, self.port = name, port
        self.environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": name,
            "CHAT_PORT": str(port),
            **settings,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *command: str, **options: Any) -> str:
        """What a command with the stack's settings prints."""
        given = {"text": True, "timeout": LONG_S * 4, **options}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            **given,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout  # type: ignore[no-any-return]

    def compose(self, *command: str, **options: Any) -> str:
        return self.run("docker", "compose", *command, **options)

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "-q", service).split()

    def address(self, service: str) -> str:
        """Where the first container of a service with one network is on the engine's machine."""
        container, *_ = self.containers(service)
        shown = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return self.run("docker", "inspect", "-f", shown, container).strip()

    def up(self, *options: str) -> None:
        self.compose("up", "-d", "--wait", *options)

    def crash(self, container: str) -> None:
        """Kill the first process of a container, as the kernel does when memory runs out."""
        pid = self.run("docker", "inspect", "-f", "{{.State.Pid}}", container).strip()
        outside = ["--rm", "--privileged", "--pid=host", "--user=0", "--entrypoint=kill"]
        self.run("docker", "run", *outside, "chat-playground", "-9", pid)

    def wait_until_ready(self) -> float:
        """Return when the page's door says that it serves; how many seconds that took."""
        started = time.monotonic()
        while time.monotonic() < started + LONG_S:
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False, timeout=10).status_code == 200:
                    return time.monotonic() - started
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise AssertionError(self.compose("ps", "-a"))

    def owner_link(self) -> str:
        """The path of the one-time link that `prepare` printed."""
        found = re.findall(r"http://\S+?(/setup/\S+)", self.compose("logs", "prepare"))
        return str(found[-1])

    def remove(self) -> None:
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans")
