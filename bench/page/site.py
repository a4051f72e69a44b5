"""A server with the scripted model behind it, one person, and browser profiles of that person."""

import asyncio
from collections.abc import Callable
from typing import Any

from playwright.async_api import Browser, BrowserContext

from tests.harness.rest import Rest
from tests.harness.server import ChatServer


class Site:
    def __init__(self, server: ChatServer) -> None:
        self.server = server
        self._person = server.clerk("person", name="bench")
        self.rest = Rest(server.url, key=self._person["key"])

    @property
    def session(self) -> str:
        return str(self._person["session"])

    async def conversation(self, model: str | None = None) -> str:
        settings = {"model": model} if model else {}
        return await self.rest.new_conversation(settings=settings)

    async def clerk(self, do: str, **arguments: Any) -> Any:
        clerk: Callable[..., Any] = self.server.clerk
        return await asyncio.to_thread(clerk, do, **arguments)

    async def many(self, conversations: int) -> None:
        await self.clerk("many", user_id=self._person["id"], conversations=conversations)

    async def context(self, browser: Browser, **options: Any) -> BrowserContext:
        usual = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
        context = await browser.new_context(base_url=self.server.url, **{**usual, **options})
        await context.add_cookies(
            [{"name": "sessionid", "value": self.session, "url": self.server.url}]
        )
        return context

    async def aclose(self) -> None:
        await self.rest.http.aclose()
