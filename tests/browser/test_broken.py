"""Parts of the page that break: what they held stays readable, and the rest lives."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.browser.browser import UNREACHABLE, Visit, answered
from tests.browser.page import ChatPage
from tests.harness import WAIT_S

RENDERER = re.compile(r"/assets/Markdown-[\w-]+\.js$")
STYLE = re.compile(r"/assets/Markdown-[\w-]+\.css$")
START = re.compile(r"/assets/start-[\w-]+\.js$")
SIDEBAR = re.compile(r"/assets/Pane-[\w-]+\.js$")
THREAD = re.compile(r"/assets/Thread-[\w-]+\.js$")

# The stylesheet of the renderer has come. One that failed is there, but its rules cannot be read.
_STYLED = """
() => [...document.styleSheets].some((one) => {
  try {
    return /Markdown-/.test(one.href) && one.cssRules.length > 0;
  } catch {
    return false;
  }
})
"""

# Every text with "boom" in it cannot be laid out.
_PLANT = """
(() => {
  const replace = String.prototype.replace;
  String.prototype.replace = function (...given) {
    if (this.includes('boom')) throw new Error('planted');
    return replace.apply(this, given);
  };
})();
"""


async def test_a_message_that_breaks_is_shown_as_plain_text(visit: Visit):
    """It alone: the ones around it are laid out, and the chat goes on."""
    visit.watch.allow("planted")
    context = await visit.context()
    await context.add_init_script(_PLANT)
    chat = await visit.chat(model="said", context=context)
    for text in ("Some **bold** words", "Here goes **boom**", "And **again**"):
        visit.ollama.text = text
        await chat.ask()
    plain = chat.replies.nth(1)
    await expect(plain).to_contain_text("This message couldn’t be displayed.")
    await expect(plain).to_contain_text("Here goes **boom**")
    await expect(chat.replies.first.get_by_role("strong")).to_have_text("bold")
    await expect(chat.replies.last.get_by_role("strong")).to_have_text("again")


async def test_a_page_that_breaks_offers_to_reload(visit: Visit):
    """And the messages are where they were."""
    visit.watch.allow("planted")
    conversation = await visit.conversation(model="normal")
    page = await visit.page()
    body = "export const Thread = () => { throw new Error('planted'); };"
    await page.route(THREAD, lambda route: route.fulfill(body=body, content_type="text/javascript"))
    await page.goto(f"/chat/{conversation}")
    await expect(page.get_by_role("heading", name="Something went wrong")).to_be_visible()
    await page.unroute(THREAD)
    await page.get_by_role("button", name="Reload").click()
    chat = ChatPage(page)
    await expect(chat.composer).to_be_visible()
    await chat.ask()


async def test_a_part_of_the_frame_that_cannot_be_loaded(visit: Visit):
    """The network fails just then: one can write all the same, and it comes by itself."""
    visit.watch.allow(UNREACHABLE)
    chat = ChatPage(await visit.page())
    await chat.page.route(SIDEBAR, lambda route: route.abort())
    async with chat.page.expect_event("requestfailed", lambda one: SIDEBAR.search(one.url)):
        await chat.open(await visit.conversation(model="normal"))
    await chat.ask()
    await chat.page.unroute(SIDEBAR)
    rows = chat.page.get_by_role("navigation", name="Chats").get_by_role("link")
    await expect(rows.first).to_be_visible()


async def test_an_app_that_is_gone_for_good(visit: Visit):
    """With the version of the server that the page came from: it is loaded anew."""
    visit.watch.allow(answered(404), "Failed to fetch dynamically imported", "Failed to load")
    page = await visit.page()
    await page.clock.install()
    await page.route(START, lambda route: route.fulfill(status=404))
    loads = 0

    def loaded(_: object) -> None:
        nonlocal loads
        loads += 1

    page.on("domcontentloaded", loaded)
    await page.goto(f"/chat/{await visit.conversation(model='normal')}")
    async with asyncio.timeout(WAIT_S):
        while loads < 2:
            await page.clock.run_for(1_000)
            await asyncio.sleep(0.02)
    await page.unroute(START)
    await page.clock.run_for(5_000)
    await ChatPage(page).ask()


@pytest.mark.parametrize(
    "part", [RENDERER, STYLE, re.compile(r"/assets/python-")], ids=["text", "style", "code"]
)
async def test_a_part_that_cannot_be_loaded(visit: Visit, part: re.Pattern[str]):
    """A download that fails leaves plain text, and no error that hides it."""
    visit.watch.allow(UNREACHABLE)
    chat = ChatPage(await visit.page())
    await chat.page.route(part, lambda route: route.abort())
    await chat.open(await visit.conversation(model="said"))
    visit.ollama.text = "Some code:\n\n```python\ndef stay(): pass\n```"
    await chat.ask()
    await expect(chat.reply).to_contain_text("def stay(): pass")
    await chat.page.unroute(part)
    if part not in (RENDERER, STYLE):  # which come by themselves
        await chat.reload()
    await expect(chat.reply.get_by_text("def", exact=True)).to_be_visible()
    await chat.page.wait_for_function(_STYLED)
