"""Somebody who comes back wherever a server answers, as the page does, until the reply ends."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
from websockets.exceptions import WebSocketException

from tests.harness.fold import Event, assert_follows_the_rules
from tests.harness.place import Person, Place
from tests.harness.sockets import Closed, Socket

# Answers that mean: not now, come again.
LATER = ("unavailable", "conversation_busy", "restarting")
AWAY = (OSError, WebSocketException, Closed, TimeoutError)


class Roamer:
    """One person in one conversation. `count` tells what happened."""

    def __init__(self, place: Place, person: Person, chat: str, chance: random.Random) -> None:
        self.place, self.person, self.chat, self.chance = place, person, chat, chance
        self.count: Counter[str] = Counter()
        self.asked: list[str] = []
        self.ends: dict[str, list[Event]] = {}

    async def turn(self, content: str, model: str, *, patience: float, stop: float = 0.0) -> Event:
        """Ask, and come back until the end is told. Each socket is cut after up to `patience`
        seconds, the next ones a little later (else a busy server would never get to the end);
        with a chance of `stop` the reply is stopped on one of them."""
        client_id = str(uuid4())
        self.asked.append(client_id)
        while True:
            socket = self.person.socket(self.chat, port=self.chance.choice(self.place.servers).port)
            try:
                async with asyncio.timeout(self.chance.uniform(0.1, 1) * patience + 0.02):
                    async with socket:
                        self.count["sockets"] += 1
                        await socket.ask(content, client_id=client_id, model=model)
                        if end := await self._follow(socket, client_id, stop):
                            return end
            except AWAY:
                self.count["cut"] += 1
            finally:
                assert_follows_the_rules(socket.events, cut=True)
                with suppress(AttributeError):
                    socket.abort()
            for end in socket.heard("message_end"):
                self._tell(end)
            await asyncio.sleep(self.chance.uniform(0, 0.05))
            patience *= 1.05

    async def _follow(self, socket: Socket, client_id: str, stop: float) -> Event | None:
        """The end of the reply; `None` when one has to come again."""
        start = await self._next(socket, "message_start", client_id=client_id)
        if start is None:
            return None
        if self.chance.random() < stop:
            self.count["stops"] += 1
            await socket.stop(start["id"])
        end = await self._next(socket, "message_end", id=start["id"])
        return self._tell(end) if end else None

    async def _next(self, socket: Socket, kind: str, **fields: Any) -> Event | None:
        def look() -> Event | bool:
            errors = socket.heard("error")
            assert all(error["code"] in LATER for error in errors), errors
            found = socket.heard(kind, **fields)
            return found[0] if found else bool(errors)

        found = await socket.until(look, 3600, kind)
        return found if isinstance(found, dict) else None

    def _tell(self, end: Event) -> Event:
        self.ends.setdefault(end["id"], []).append(end)
        return end

    async def settled(self) -> list[dict[str, Any]]:
        """All messages of the conversation, when none is being written any more."""
        while True:
            with suppress(httpx.TransportError, AssertionError):
                server = self.chance.choice(self.place.servers)
                rest = self.person.rest_at(server)
                rows = await rest.messages(self.chat, branch="all")
                if all(row["status"] not in ("streaming", "stopping") for row in rows):
                    return rows
            await asyncio.sleep(0.1)

    async def check(self, text: str) -> Counter[str]:
        """Hold what was told and stored against the contract; how many rows of each status.

        One message and one reply for each client_id; whatever was told as an end is what is
        stored; a whole reply has all of `text`, and any other the beginning of it."""
        rows = await self.settled()
        for role in ("user", "assistant"):
            made = [row["client_id"] for row in rows if row["role"] == role]
            assert made == self.asked, f"{role}: not one for each client_id"
        found: Counter[str] = Counter()
        for row in (row for row in rows if row["role"] == "assistant"):
            found[row["status"]] += 1
            assert row["status"] in ("completed", "stopped", "interrupted"), row
            if row["status"] == "completed":
                assert row["content"] == text, "a whole reply without its text"
            assert text.startswith(row["content"]), "text that was never said"
            for end in self.ends.get(row["id"], []):
                self.count["ends"] += 1
                assert (end["status"], end["full_content"]) == (row["status"], row["content"])
        return found
