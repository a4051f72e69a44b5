"""A running server, the scripted models behind it, and people."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.harness import WAIT_S
from tests.harness import scripts as _scripts  # noqa: F401 - adds its scripts
from tests.harness.rest import Rest
from tests.harness.server import ChatServer
from tests.harness.sockets import Socket
from tests.harness.stalled import StalledSocket
from tests.scripted.ollama import ScriptedOllama, entry
from tests.scripted.ollama_scripts import SCRIPTS
from tests.scripted.openai import ScriptedOpenAI
from tests.scripted.server import parse_scenario


@dataclass(eq=False)
class Person:
    """An account of one test. `rest` has its API key, `page` its session as a browser has it."""

    place: "Place"
    name: str
    id: str
    key: str
    key_id: str
    session: str
    rest: Rest = field(init=False)
    page: Rest = field(init=False)

    def __post_init__(self) -> None:
        self.rest = Rest(self.place.last.url, key=self.key, offer=self.place.offer)
        self.page = Rest(self.place.last.url, session=self.session, offer=self.place.offer)
        self._elsewhere: list[Rest] = []

    def rest_at(self, server: ChatServer) -> Rest:
        """`rest` at one of several servers."""
        self._elsewhere.append(Rest(server.url, key=self.key, offer=self.place.offer))
        return self._elsewhere[-1]

    async def conversation(self) -> str:
        return await self.rest.new_conversation()

    def socket(
        self, chat: str, *, port: int | None = None, query: str = "", **options: Any
    ) -> Socket:
        """A socket with the API key, to be opened by `async with`."""
        address = f"127.0.0.1:{port or self.place.next().port}"
        headers = {"Authorization": f"Bearer {self.key}"}
        url = f"ws://{address}/ws/chat/{chat}/{query}"
        return Socket(url, headers, self.place.offer, **options)

    def page_socket(self, chat: str, origin: str | None = None, **options: Any) -> Socket:
        """A socket as a page opens it: the cookie, and the page's origin."""
        server = self.place.next()
        headers = {"Cookie": f"sessionid={self.session}", "Origin": origin or server.url}
        url = f"ws://{server.address}/ws/chat/{chat}/"
        return Socket(url, headers, self.place.offer, **options)

    def stalled(self, chat: str) -> StalledSocket:
        return StalledSocket(self.place.server.port, f"/ws/chat/{chat}/", self.key)

    async def aclose(self) -> None:
        await self.rest.http.aclose()
        await self.page.http.aclose()
        for rest in self._elsewhere:
            await rest.http.aclose()


class Place:
    """A server and what is behind it. The scripted models are this test's own: what they saw,
    this test has caused.

    Where it is several servers of one installation, each new socket goes to another, and REST to
    the last: so whatever a test does, it does across processes.
    """

    def __init__(
        self, servers: Sequence[ChatServer], ollama: ScriptedOllama, openai: ScriptedOpenAI
    ) -> None:
        self.servers, self.ollama, self.openai = [*servers], ollama, openai
        self.server, self.last = self.servers[0], self.servers[-1]
        self._turns = itertools.cycle(self.servers)
        self._people: list[Person] = []

    def next(self) -> ChatServer:
        """The server whose turn it is."""
        return next(self._turns)

    async def person(self, *, staff: bool = False, password: str | None = None) -> Person:
        name = f"p{uuid4().hex[:12]}"
        made = await asyncio.to_thread(
            self.server.clerk, "person", name=name, staff=staff, password=password
        )
        person = Person(self, name, **made)
        self._people.append(person)
        return person

    async def clerk(self, do: str, **arguments: Any) -> Any:
        """What a function of the clerk returns."""
        return await asyncio.to_thread(self.server.clerk, do, **arguments)

    def offer(self, model: str) -> None:
        """List a model that is named after what it does, so that it may be asked for."""
        known = [listed["name"] for listed in self.ollama.models]
        if model not in known and parse_scenario(model)[0] in SCRIPTS:
            self.ollama.models.append(entry(model))
        assert self.openai.models is not None
        if model not in self.openai.models:
            self.openai.models.append(model)

    async def without_sockets(self) -> None:
        """Return when no socket is open any more: what was sent over one has been read."""
        async with asyncio.timeout(WAIT_S), httpx.AsyncClient(trust_env=False) as http:
            for server in self.servers:
                while "chat_sockets 0.0" not in (await http.get(f"{server.url}/metrics")).text:
                    await asyncio.sleep(0.02)

    async def settle(self) -> None:
        """Return when no reply runs any more, and none will begin: it would ask the models of the
        next test."""
        people = [person.id for person in self._people]
        async with asyncio.timeout(WAIT_S):
            while people and await self.clerk("unsettled", user_ids=people):
                await asyncio.sleep(0.02)

    async def aclose(self) -> None:
        for person in self._people:
            await person.aclose()


@asynccontextmanager
async def place_at(server: ChatServer, *others: ChatServer) -> AsyncIterator[Place]:
    """The place of one test at a server, or several of one installation, that may be shared with
    other tests."""
    ollama, openai = ScriptedOllama("normal"), ScriptedOpenAI()
    await ollama.start(server.model_port)
    await openai.start(server.second_model_port)
    place = Place([server, *others], ollama, openai)
    try:
        yield place
    finally:
        await place.aclose()
        await ollama.stop()
        await openai.stop()
        if server.shared:
            await place.settle()
