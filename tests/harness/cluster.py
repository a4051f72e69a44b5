"""What `compose.yaml` describes, without containers: `scripts/cluster` runs it.

PostgreSQL, Redis and nginx of our own, and several server processes behind it, with a database that
is gone afterwards. Providers and limits come from the environment, as with `make run`.
"""

import argparse
import http.client
import os
import secrets
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack

from tests.harness import WAIT_S
from tests.harness.clerk import ROOT
from tests.harness.nginx import Nginx
from tests.harness.ports import free_port
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
from tests.harness.services import Service


class Process(Service):
    """One server process, as a container of the image runs it."""

    name = "server"

    def __init__(self, environment: dict[str, str]) -> None:
        super().__init__()
        self.port = free_port()
        self.environment = {**os.environ, **environment, "PORT": str(self.port)}

    def command(self) -> list[str]:
        command = [sys.executable, "-m", "uvicorn", "project.asgi:application"]
        given = ["--port", str(self.port), "--loop", "uvloop", "--app-dir", str(ROOT)]
        told = ["--proxy-headers", "--forwarded-allow-ips", "127.0.0.1", "--no-access-log"]
        settings = [f"{name}={value}" for name, value in self.environment.items()]
        return ["env", *settings, *command, *given, *told, "--log-level", "warning"]

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/cluster", description=__doc__)
    parser.add_argument("--processes", type=int, default=4, help="server processes (4)")
    parser.add_argument("--port", type=int, default=8080, help="where nginx listens (8080)")
    arguments = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with ExitStack() as stack:

        def run(service: Service) -> None:
            stack.callback(service.close)
            service.start()

        postgresql, redis = PostgreSQL(), RedisServer(persistent=True)
        run(postgresql)
        run(redis)
        environment = {
            "DATABASE_URL": postgresql.database(),
            "REDIS_URL": redis.fresh(),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "LOCAL_MODEL": os.environ.get("LOCAL_MODEL", "off"),
            "WEB_CONCURRENCY": "1",
            "PYTHONUNBUFFERED": "1",
        }
        servers = [Process(environment) for _ in range(arguments.processes)]
        for server in servers:
            stack.callback(server.close)
            server.launch()
        for server in servers:
            server.wait_until_it_answers()
        nginx = Nginx([server.port for server in servers], port=arguments.port)
        run(nginx)
        subprocess.run(
            [sys.executable, "manage.py", "ownerlink", nginx.url],
            cwd=ROOT,
            env={**os.environ, **environment},
            check=True,
        )
        print(f"{len(servers)} processes, PostgreSQL and Redis behind nginx; Ctrl-C ends them.")
        for server in servers:
            print(f"  process {server.pid} on port {server.port}, log {server.directory}/output")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main()
