"""An nginx of the tests' own, with the configuration that `compose.yaml` uses, or a worse one."""

import socket
from pathlib import Path
from string import Template

from tests.harness.clerk import ROOT
from tests.harness.ports import free_port
from tests.harness.services import Service, program

TEMPLATE = ROOT / "deploy" / "nginx.conf.template"
# One process, which ends with the tests; everything that it writes goes into its folder.
_MAIN = """
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/errors;
events {{ worker_connections 4096; }}
http {{
    types {{ }}
    client_body_temp_path {directory}/bodies;
    proxy_temp_path {directory}/answers;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/chat.conf;
}}
"""


class Nginx(Service):
    """In front of servers on these ports of loopback. `changes` replaces text of the template, for
    a configuration with a fault."""

    name = "nginx"

    def __init__(
        self, servers: list[int], *, port: int | None = None, changes: dict[str, str] | None = None
    ) -> None:
        super().__init__()
        self.port = port or free_port()
        text = TEMPLATE.read_text()
        for old, new in (changes or {}).items():
            assert old in text, old
            text = text.replace(old, new)
        filled = Template(text).safe_substitute(
            CHAT_LISTEN=f"127.0.0.1:{self.port}",
            CHAT_SCHEME="$scheme",
            CHAT_SERVERS=" ".join(
                f"server 127.0.0.1:{server} max_fails=1 fail_timeout=2s;" for server in servers
            ),
        )
        (self.directory / "chat.conf").write_text(filled)
        (self.directory / "nginx.conf").write_text(_MAIN.format(directory=self.directory))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        configuration: Path = self.directory / "nginx.conf"
        return [
            program("nginx"),
            "-p",
            str(self.directory),
            "-c",
            str(configuration),
            "-e",
            "stderr",
        ]

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
