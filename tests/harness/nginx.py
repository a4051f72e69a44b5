"""An nginx of the tests' own, with the configuration that `compose.yaml` uses, or a worse one.

It is started as its container starts it: by `deploy/proxy`, which fills the configuration in.
"""

import os
import shutil
import socket
from pathlib import Path

from tests.harness.clerk import ROOT
from tests.harness.ports import free_port
from tests.harness.services import Service, program

TEMPLATE = ROOT / "deploy" / "nginx.conf.template"
SCRIPT = ROOT / "deploy" / "proxy"


class Nginx(Service):
    """In front of servers on these ports of loopback, or of `app`, a name that `resolver` knows.

    `changes` replaces text of the template, for a configuration with a fault; `environment` is
    what compose gives. As `user`, where we are root, it may write where `mode` lets it: in a folder
    of root's, as the engine makes them.
    """

    name = "nginx"

    def __init__(
        self,
        servers: list[int],
        *,
        port: int | None = None,
        app: str = "servers",
        changes: dict[str, str] | None = None,
        user: int | None = None,
        mode: int = 0o755,
        **environment: str,
    ) -> None:
        super().__init__()
        self.port = port or free_port()
        text = TEMPLATE.read_text()
        for old, new in (changes or {}).items():
            assert old in text, old
            text = text.replace(old, new)
        # One process, which leaves none behind when it is killed.
        text = text.replace("daemon off;", "daemon off; master_process off;", 1)
        if servers:
            # A name that is not looked up: here servers differ in their ports.
            listed = " ".join(
                f"server 127.0.0.1:{server} max_fails=1 fail_timeout=2s;" for server in servers
            )
            text = text.replace(
                "http {", f"http {{\n upstream servers {{ least_conn; {listed} }}", 1
            )
        template = self.directory / "template"
        template.write_text(text)
        self.temporary = self.directory / "tmp"
        self.temporary.mkdir()
        self.temporary.chmod(mode)
        self._become: list[str] = []
        self._script = SCRIPT
        if user is not None and os.geteuid() == 0:
            # The checkout may be closed to other users.
            self._script = self.directory / "proxy"
            shutil.copyfile(SCRIPT, self._script)
            self._become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
            self.directory.chmod(0o755)
            # As runc does with the streams of a container.
            output = self.directory / "output"
            output.touch()
            os.chown(output, user, user)
        self._environment = {
            "CHAT_LISTEN": f"127.0.0.1:{self.port}",
            "CHAT_APP": app,
            "CHAT_TEMPLATE": str(template),
            "CHAT_TEMPORARY": str(self.temporary),
            "CHAT_WORKERS": "1",
            "PATH": f"{os.environ['PATH']}:{Path(program('nginx')).parent}",
            **environment,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        given = [f"{name}={value}" for name, value in self._environment.items()]
        return [*self._become, "env", *given, "sh", str(self._script)]

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
