"""A tool server that wants people to sign in, the OAuth server where they do, and a browser."""

import asyncio
import html
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import Popen
from sys import executable
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import httpx

from tests.harness import WAIT_S
from tests.harness.clerk import ROOT
from tests.harness.place import Person
from tests.harness.ports import free_port
from tests.harness.rest import ok

NODE = f"{executable.rpartition('/')[0]}/node"


@dataclass(frozen=True)
class SignInServers:
    """Two processes: the tool server at `url`, and the OAuth server `issuer`."""

    url: str
    issuer: str

    async def add(self, staff: Person, **fields: Any) -> dict[str, Any]:
        """Add the tool server under a name of its own."""
        name = f"own-{uuid4().hex[:8]}"
        given = {"name": name, "url": f"{self.url}/mcp", "auth": "oauth", "issuer": self.issuer}
        return ok(await staff.page.post("/api/tool-servers/", {**given, **fields}), 201)

    def kept(self) -> dict[str, dict[str, int]]:
        """What the OAuth server keeps, and how often it has granted tokens, by their kinds."""
        found: dict[str, dict[str, int]] = httpx.get(f"{self.issuer}/kept", timeout=WAIT_S).json()
        return found

    def granted(self, kind: str) -> int:
        """How often the OAuth server has granted tokens for a code, or for a refresh token."""
        return self.kept()["granted"].get(kind, 0)

    async def until_nothing_is_kept(self) -> None:
        """Return when the OAuth server keeps no client of ours, and no token."""
        async with asyncio.timeout(WAIT_S):
            while self._rows():
                await asyncio.sleep(0.05)

    def _rows(self) -> int:
        kept = self.kept()["kept"]
        return sum(kept.get(kind, 0) for kind in ("Client", "AccessToken", "RefreshToken"))

    def drop(self, kind: str) -> None:
        """Let the OAuth server forget what it keeps of a kind."""
        httpx.post(f"{self.issuer}/drop/{kind}", timeout=WAIT_S).raise_for_status()


@contextmanager
def sign_in_servers() -> Iterator[SignInServers]:
    ports = free_port(), free_port()
    issuer = f"http://127.0.0.1:{ports[1]}"
    module = "tests.scripted.protected_mcp_server"
    commands = (
        [NODE, "tests/clients/oauth-server.mjs", str(ports[1])],
        [executable, "-m", module, str(ports[0]), issuer],
    )
    # Groups of their own: `node` starts the real one as its child.
    processes = [Popen(command, cwd=ROOT, start_new_session=True) for command in commands]
    try:
        for port in ports:
            _wait_for(port)
        yield SignInServers(f"http://127.0.0.1:{ports[0]}", issuer)
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + WAIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=WAIT_S).close()
            return
        except OSError:
            assert time.monotonic() < until, "it does not listen"
            time.sleep(0.05)


class Browser:
    """Follows redirects from one server to the other, as the browser of a person does, and fills in
    the forms of the OAuth server."""

    def __init__(self, person: Person) -> None:
        self._ours = {"sessionid": person.session}
        self.http = httpx.AsyncClient(timeout=WAIT_S, trust_env=False)

    async def open(self, url: str, **form: str) -> httpx.Response:
        """The answer of an address; a form is sent there."""
        cookies = self._ours if urlsplit(url).path.startswith(("/tools/", "/api/")) else None
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())} if cookies else {}
        method = "POST" if form else "GET"
        return await self.http.request(method, url, data=form or None, headers=headers)

    async def leave(self, url: str, name: str) -> str:
        """Sign in at the OAuth server by a name, and agree. Returns the address that leads back."""
        login = {"login": name, "password": "any"}
        while True:
            response = await self.open(url)
            while response.is_redirect:
                url = urljoin(url, response.headers["location"])
                if "/tools/callback/" in url:
                    return url
                response = await self.open(url)
            assert response.status_code == 200, response.text
            [action] = re.findall(r'<form[^>]* action="([^"]+)"', response.text)
            [prompt] = re.findall(r'name="prompt" value="(\w+)"', response.text)
            more = login if prompt == "login" else {}
            response = await self.open(html.unescape(action), prompt=prompt, **more)
            url = urljoin(url, response.headers["location"])

    async def aclose(self) -> None:
        await self.http.aclose()


async def sign_in(person: Person, server: dict[str, Any], name: str, at: str = "") -> str:
    """Walk the whole way. Returns the text of the page at its end."""
    browser = Browser(person)
    try:
        url = f"{at or person.place.last.url}/tools/{server['name']}/sign-in"
        response = await browser.open(await browser.leave(url, name))
        assert response.status_code == 200, response.text
        return response.text
    finally:
        await browser.aclose()
