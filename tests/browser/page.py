"""The chat's page as a person finds it: by role and by name."""

import re
from typing import Any

from playwright.async_api import Locator, Page, expect


class ChatPage:
    """An open conversation. Locators are looked up anew whenever they are used."""

    def __init__(self, page: Page) -> None:
        self.page = page
        button = page.get_by_role
        self.composer = page.get_by_role("textbox", name="Message", exact=True)
        self.send_button = button("button", name="Send", exact=True)
        self.add_to_queue_button = button("button", name="Add to queue", exact=True)
        self.stop_button = button("button", name="Stop", exact=True)
        # What was said while a reply runs.
        self.queued = page.get_by_role("region", name="Queued messages").get_by_role("listitem")
        self.jump_button = button("button", name="Jump to latest")
        self.settings_button = button("button", name="Run settings", exact=True)
        self.title = page.get_by_role("banner").get_by_role("heading").get_by_role("button")
        self.theme_button = button("button", name=re.compile("^Theme:"))
        self.heading = page.get_by_role("heading", level=1)
        self.log = page.get_by_role("log", name="Messages")
        self.questions = self.log.get_by_role("article", name="You")
        self.replies = self.log.get_by_role("article", name="Assistant")
        self.answering = page.get_by_text("Assistant is replying")
        # What goes on, below the field, for as long as a reply runs.
        self.activity = page.get_by_text(re.compile("· Esc to stop"))
        self.alert = page.get_by_role("alert")
        self.try_again = page.get_by_role("button", name="Try again")
        self.model = page.get_by_role("main").get_by_role("button", name="Model:")
        self.models = page.get_by_role("dialog", name="Choose a model")
        self.dialog = page.get_by_role("dialog", name="Start a new chat?")
        self.connection = page.get_by_role("dialog", name="Connection", exact=True)
        self.settings = Settings(page)

    @property
    def reply(self) -> Locator:
        """The last reply."""
        return self.replies.last

    @property
    def text(self) -> Locator:
        """The first paragraph of the last reply."""
        return self.paragraph(self.reply)

    @property
    def conversation(self) -> str:
        """The id in the address."""
        return self.page.url.rstrip("/").rsplit("/", 1)[1]

    def paragraph(self, reply: Locator) -> Locator:
        return reply.get_by_role("paragraph").first

    def note(self, text: str) -> Locator:
        """What floats above the thread."""
        return self.page.get_by_role("status").filter(has_text=text)

    async def open(self, conversation: str) -> None:
        await self.page.goto(f"/chat/{conversation}")
        await expect(self.composer).to_be_visible()

    async def reload(self) -> None:
        await self.page.reload()
        await expect(self.composer).to_be_visible()

    async def send(self, text: str = "Hello") -> None:
        """By Enter; on a touch screen, where that breaks the line, by the button."""
        await self.composer.fill(text)
        if await self.page.evaluate("matchMedia('(pointer: coarse)').matches"):
            await self.send_button.or_(self.add_to_queue_button).tap()
        else:
            await self.composer.press("Enter")

    async def ask(self, text: str = "Hello") -> None:
        """Send, and wait until the reply is complete."""
        await self.send(text)
        await self.idle()

    async def idle(self) -> None:
        """Wait until nothing is being written and the last word is a reply."""
        await expect(self.stop_button).to_be_hidden()
        await expect(self.send_button).to_be_visible()
        await expect(self.answering).to_have_count(0)
        await expect(self.log.locator("[aria-busy=true]")).to_have_count(0)
        await expect(self.log.get_by_role("article").last).to_have_accessible_name("Assistant")

    async def pause_clock(self) -> None:
        """Let the clock of the page stand: what is shown for a moment stays."""
        await self.page.clock.install()
        # Far enough ahead: on a busy machine a moment passes until the clock is told.
        await self.page.clock.pause_at(await self.page.evaluate("Date.now() + 5000"))

    async def open_settings(self, *, advanced: bool = False) -> "Settings":
        await self.settings_button.click()
        await expect(self.settings.heading).to_be_visible()
        if advanced:
            await self.settings.advanced.click()
        return self.settings

    async def choose(self, action: str) -> None:
        """An entry of the title's menu."""
        await self.title.click()
        await self.page.get_by_role("menuitem", name=action, exact=True).click()

    async def clear(self) -> None:
        """Ask for a new chat, and wait for the question."""
        await self.choose("Clear chat")
        await expect(self.dialog).to_be_visible()

    async def choose_model(self, words: str) -> None:
        """Open the list below the field, type, and take the first that is found."""
        await self.model.click()
        await self.page.keyboard.type(words)
        await self.page.keyboard.press("Enter")
        await expect(self.models).to_be_hidden()

    async def distance(self) -> float:
        """How far the thread is from its end, in pixels."""
        return float(await self.log.evaluate("e => e.scrollHeight - e.clientHeight - e.scrollTop"))

    async def at_end(self) -> None:
        """Wait until the thread stands at its end."""
        await self.until("e => e.scrollHeight - e.clientHeight - e.scrollTop < 2")

    async def until(self, condition: str, argument: Any = None) -> None:
        """Wait until `condition`, a function of the thread's element, is true."""
        script = f"([element, argument]) => ({condition})(element, argument)"
        log = await self.log.element_handle()
        await self.page.wait_for_function(script, arg=[log, argument])


class Settings:
    """The run settings, beside the thread or as a sheet over it."""

    def __init__(self, page: Page) -> None:
        self.heading = page.get_by_role("heading", name="Run settings")
        self.temperature = page.get_by_role("slider", name="Temperature", exact=True)
        self.max_tokens = page.get_by_role("slider", name="Max tokens", exact=True)
        self.top_p = page.get_by_role("slider", name="Top-p", exact=True)
        self.model = page.get_by_label("Run settings").get_by_role("button", name="Model:")
        self.advanced = page.get_by_text("Advanced", exact=True)
        self.reset = page.get_by_role("button", name="Reset to defaults")
        self.close = page.get_by_role("button", name="Close run settings")
        self.transport = page.get_by_role("definition")
        self._page = page

    def number(self, name: str) -> Locator:
        """The field for `name` as a number."""
        return self._page.get_by_role("spinbutton", name=f"{name} value", exact=True)

    async def set(self, name: str, value: float) -> None:
        await self.number(name).fill(str(value))
        await self.number(name).press("Enter")

    async def saved(self, name: str, value: float) -> None:
        """Set it, and wait until the server has stored it."""
        async with self._page.expect_response(lambda r: r.request.method == "PATCH") as answer:
            await self.set(name, value)
        assert (await answer.value).ok
