"""Eight everyday tasks, as somebody who knows the page does them: `python -m tests.browser.tasks`.

Counts clicks and keys (a text that is typed counts as its keys), and takes the time from the first
of them until the page shows what was wanted. The time of hands and eyes is not in it, nor that of
a model: the model of the script answers at once.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Locator, expect

from tests.browser.browser import Visit, chromium
from tests.browser.page import ChatPage
from tests.harness.place import place_at
from tests.harness.server import ChatServer

CODE = "```python\nprint('hello')\n```\n"


@dataclass
class Hands:
    """What a person does, counted."""

    chat: ChatPage
    clicks: int = 0
    keys: int = 0
    began: float = field(default_factory=time.monotonic)

    async def click(self, target: Locator) -> None:
        self.clicks += 1
        await target.click()

    async def press(self, key: str) -> None:
        self.keys += 1
        await self.chat.page.keyboard.press(key)

    async def type(self, text: str) -> None:
        self.keys += len(text)
        await self.chat.page.keyboard.type(text)


Task = Callable[[Visit, Hands], Awaitable[None]]
TASKS: dict[str, Task] = {}


def task(name: str) -> Callable[[Task], Task]:
    def keep(function: Task) -> Task:
        TASKS[name] = function
        return function

    return keep


@task("see which model answers")
async def which_model(visit: Visit, hands: Hands) -> None:
    await expect(hands.chat.model).to_contain_text("said")


@task("change the model")
async def change_model(visit: Visit, hands: Hands) -> None:
    await hands.click(hands.chat.model)
    await hands.type("norm")
    await hands.press("Enter")
    await expect(hands.chat.model).to_contain_text("normal")


@task("find an old chat")
async def find_chat(visit: Visit, hands: Hands) -> None:
    page = hands.chat.page
    await hands.press("ControlOrMeta+k")
    await hands.type("lighthouse")
    found = page.get_by_role("dialog").get_by_role("option").filter(has_text="lighthouse")
    await hands.click(found.first)
    await expect(hands.chat.questions).to_contain_text("lighthouse")


@task("regenerate with another model")
async def regenerate(visit: Visit, hands: Hands) -> None:
    page = hands.chat.page
    await hands.click(page.get_by_role("button", name="Regenerate with another model").last)
    await hands.type("norm")
    await hands.press("Enter")
    await hands.chat.idle()
    await expect(hands.chat.reply).to_contain_text("Hello from the scripted model")


@task("copy code")
async def copy_code(visit: Visit, hands: Hands) -> None:
    page = hands.chat.page
    await hands.click(page.get_by_role("button", name="Copy code").last)
    await page.wait_for_function(
        "async () => (await navigator.clipboard.readText()).includes('print')"
    )


@task("pull a model")
async def pull_model(visit: Visit, hands: Hands) -> None:
    page = hands.chat.page
    await hands.click(hands.chat.model)
    await hands.type("tiny")
    await hands.click(page.get_by_role("link", name="Pull “tiny”"))
    await hands.click(page.get_by_role("button", name="Pull", exact=True).first)
    await expect(page.locator("[data-job]").first).to_contain_text("tiny")


@task("invite somebody")
async def invite(visit: Visit, hands: Hands) -> None:
    page = hands.chat.page
    await hands.click(page.get_by_role("button", name="Account:"))
    await hands.click(page.get_by_role("menuitem", name="People"))
    await hands.click(page.get_by_role("button", name="Create link"))
    await expect(page.get_by_text("/invite/").first).to_be_visible()


@task("add OpenRouter")
async def add_openrouter(visit: Visit, hands: Hands) -> None:
    page = hands.chat.page
    await hands.click(page.get_by_role("button", name="Account:"))
    await hands.click(page.get_by_role("menuitem", name="Connections"))
    await hands.click(page.get_by_role("link", name="Add connection"))
    await hands.click(page.get_by_role("link", name="OpenRouter"))
    await expect(page.locator("input[name=api_key]")).to_be_focused()
    await hands.type("sk-or-1")
    await hands.press("Enter")
    await page.wait_for_url("**/connections/add*")
    await expect(page.get_by_role("heading", name="Connections", level=1)).to_be_visible()


async def once(visit: Visit, task: Task) -> Hands:
    """One task, in a browser and a chat of its own."""
    visit.ollama.text = CODE
    await visit.offered("normal")
    context = await visit.context(permissions=["clipboard-read", "clipboard-write"])
    chat = await visit.chat(model="said", context=context)
    await chat.ask("Write a greeting")
    hands = Hands(chat)
    await task(visit, hands)
    return hands


async def main(names: list[str]) -> None:
    """Print the table."""
    print("| task | clicks | keys | seconds |\n|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as directory:
        server = ChatServer("daphne", Path(directory))
        server.start()
        try:
            async with chromium() as browser:
                for name, task in TASKS.items():
                    if names and name not in names:
                        continue
                    async with place_at(server) as place:
                        visit = Visit(browser, place, await place.person(staff=True))
                        old = await visit.conversation(model="normal")
                        await visit.person.rest.generate(old, "How does a lighthouse work?")
                        try:
                            hands = await once(visit, task)
                            took = time.monotonic() - hands.began
                            line = f"| {name} | {hands.clicks} | {hands.keys} | {took:.1f} |"
                            print(line, flush=True)
                        except Exception as error:  # noqa: BLE001 - the others are measured
                            print(f"| {name} | failed: {str(error)[:300]!r} |", flush=True)
                            for number, page in enumerate(visit.pages):
                                where = Path(tempfile.gettempdir()) / f"task-{number}.png"
                                await page.screenshot(path=where)
                        finally:
                            await visit.aclose()
        finally:
            server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
