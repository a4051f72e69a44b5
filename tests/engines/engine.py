"""What a test does with a browser of any engine."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from tests.harness import WAIT_S

# The keys that have no character, as WebDriver writes them.
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Control": "\ue009"}


class EngineError(RuntimeError):
    """The browser refused a command, or a script failed."""


class Engine(ABC):
    """One window of a browser with a profile of its own."""

    @abstractmethod
    async def open(self, url: str) -> None:
        """Go to an address, and wait until it is loaded."""

    @abstractmethod
    async def run(self, script: str, *values: Any) -> Any:
        """Run the body of a function in the page (`arguments` are `values`); return what it
        returns, which is JSON."""

    @abstractmethod
    async def act(self, actions: list[dict[str, str]]) -> None:
        """Press keys: `{"type": "keyDown" | "keyUp", "value": …}` in turn."""

    @abstractmethod
    async def resize(self, width: int, height: int) -> None:
        """Give the page so much room, in pixels."""

    @abstractmethod
    async def faults(self) -> list[str]:
        """What the page did that no page may do, since it was opened."""

    async def press(self, text: str, *, with_control: bool = False) -> None:
        """Type a text, or press a key by its name."""
        control = KEYS["Control"]
        actions = [{"type": "keyDown", "value": control}] if with_control else []
        for key in [KEYS[text]] if text in KEYS else text:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        if with_control:
            actions.append({"type": "keyUp", "value": control})
        await self.act(actions)

    async def until(self, expression: str, *values: Any) -> None:
        """Wait until an expression of the page is true."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not await self.run(f"return Boolean({expression})", *values):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            text = await self.run("return document.body.innerText.slice(0, 2000)")
            raise AssertionError(f"never true: {expression} {values}\n{text}") from None
