"""For keyboards, screen readers, narrow screens, and eyes that like the dark."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.samples import ANSWER

PASSWORD = "correct horse 7"


async def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus, which can be seen."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("e => e === document.activeElement"):
            outline = "e => parseFloat(getComputedStyle(e).outlineWidth)"
            assert await wanted.evaluate(outline) >= 2, "the focus cannot be seen"
            return
    raise AssertionError(f"Tab does not lead to {wanted}")


async def test_everything_by_keyboard(visit: Visit):
    """From signing in to a cleared chat, without a mouse."""
    person = await visit.place.person(password=PASSWORD)
    page = await visit.page("/", signed_in=False)
    chat = ChatPage(page)
    await expect(page.get_by_label("Username")).to_be_focused()
    await page.keyboard.type(person.name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")

    await tab_to(page, page.get_by_role("main").get_by_role("link", name="Chat Playground"))
    await page.keyboard.press("Enter")
    await expect(chat.composer).to_be_focused()
    await page.keyboard.type("By hand")
    await page.keyboard.press("Enter")
    await chat.idle()
    await expect(chat.composer).to_be_focused()

    await tab_to(page, chat.settings_button)
    await page.keyboard.press("Enter")
    await tab_to(page, chat.settings.temperature)
    await page.keyboard.press("ArrowLeft")
    await expect(chat.settings.number("Temperature")).to_have_value("0.6")
    await tab_to(page, chat.settings.close)
    await page.keyboard.press("Enter")

    await tab_to(page, chat.title)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(chat.dialog.get_by_role("button", name="Cancel")).to_be_focused()
    await tab_to(page, chat.dialog.get_by_role("button", name="Start new chat"))
    await page.keyboard.press("Enter")
    await expect(chat.questions).to_have_count(0)
    await expect(chat.composer).to_be_focused()


async def test_the_skip_link_leads_to_the_composer(visit: Visit):
    """It comes before everything else that Tab reaches."""
    chat = await visit.chat()
    link = chat.page.get_by_role("link", name="Skip to message box")
    await expect(link).not_to_be_in_viewport()
    await chat.page.get_by_role("link", name="Chat Playground").focus()
    await chat.page.keyboard.press("Shift+Tab")
    await expect(link).to_be_focused()
    await expect(link).to_be_in_viewport()
    await chat.page.keyboard.press("Enter")
    await expect(chat.composer).to_be_focused()


async def test_the_thread_is_a_named_log_of_articles(visit: Visit):
    """That can be focused, and is not read out token by token."""
    chat = await visit.chat(model="normal")
    await chat.ask()
    await expect(chat.log).to_have_attribute("aria-live", "off")
    await chat.log.focus()
    await expect(chat.log).to_be_focused()
    articles = chat.log.get_by_role("article")
    await expect(articles).to_have_count(2)
    await expect(articles.first).to_have_accessible_name("You")
    await expect(articles.last).to_have_accessible_name("Assistant")


# Collects what live regions say, in order.
_LISTEN = """
() => {
  window.said = [];
  new MutationObserver((records) => {
    for (const { target } of records) {
      const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
      const region = element?.closest('[role=status]');
      if (region && region.textContent) window.said.push(region.textContent);
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


@pytest.mark.parametrize(("model", "end"), [("gate:n=5", "finished"), ("gate:n=9", "stopped")])
async def test_a_reply_is_announced_stage_by_stage(visit: Visit, model: str, end: str):
    """Once when it begins, once with the first word, and once when it ends."""
    chat = await visit.chat(model=model)
    await chat.page.evaluate(_LISTEN)
    await chat.send()
    # One stage after the other: what comes in one moment is announced by its last stage alone.
    await expect(chat.note("Thinking")).to_have_count(1)
    visit.ollama.gate("a").release(5)
    await expect(chat.text).to_contain_text("word4")
    await expect(chat.note("Writing")).to_have_count(1)
    if end == "stopped":
        await chat.stop_button.click()
    else:
        visit.ollama.gate("a").open()
    await chat.idle()
    await expect(chat.note(f"Reply {end}")).to_have_count(1)
    assert await chat.page.evaluate("window.said") == ["Thinking", "Writing", f"Reply {end}"]


async def test_the_theme_can_be_chosen(visit: Visit):
    """As the system, light, dark; it lasts, and the server already sends the page in it."""
    chat = await visit.chat(color_scheme="light")
    for name in ("light", "dark"):
        await chat.theme_button.click()
        await chat.page.get_by_role("menuitemradio", name=name.title()).click()
        await expect(chat.theme_button).to_have_accessible_name(f"Theme: {name}")
    dark = await background(chat)
    html = await (await chat.page.context.request.get(chat.page.url)).text()
    assert re.search(r'<html[^>]* data-theme="dark"', html)
    await chat.page.context.add_init_script(_FIRST_PAINT)
    await chat.reload()
    await expect(chat.theme_button).to_have_accessible_name("Theme: dark")
    assert await chat.page.evaluate("window.firstBackground") == dark
    await chat.page.goto("/")
    assert await background(chat) == dark


# The background at the first frame, before the app has done anything.
_FIRST_PAINT = """
requestAnimationFrame(() => {
  window.firstBackground = getComputedStyle(document.documentElement).backgroundColor;
});
"""


async def background(chat: ChatPage) -> str:
    script = "getComputedStyle(document.documentElement).backgroundColor"
    return str(await chat.page.evaluate(script))


async def test_the_theme_follows_the_system(visit: Visit):
    """Until it is chosen, also while the page is open."""
    chat = await visit.chat(color_scheme="light")
    light = await background(chat)
    await chat.page.emulate_media(color_scheme="dark")
    await expect(chat.page.locator("html")).not_to_have_css("background-color", light)


NARROW = {"width": 320, "height": 640}
# Everything that makes the page scroll sideways, and everything that is cut off at its right.
_TOO_WIDE = """
() => {
  const root = document.scrollingElement;
  const log = document.querySelector('[role=log]');
  return [root, log].filter((e) => e && e.scrollWidth > e.clientWidth).map((e) => e.tagName);
}
"""


@pytest.mark.parametrize("path", ["/", "/signin/", "/chat"])
async def test_pages_fit_a_narrow_screen(visit: Visit, path: str):
    """320 pixels, without scrolling sideways."""
    page = await visit.page(path, viewport=NARROW, signed_in=path != "/signin/")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await page.evaluate(_TOO_WIDE) == []


async def test_a_thread_fits_a_narrow_screen(visit: Visit):
    """Tables and code scroll in themselves, long words break, and the composer stays in view."""
    visit.ollama.text = f"{ANSWER}\n\n{'donaudampfschiff' * 30}\n\nhttps://a.example/{'x' * 300}"
    chat = await visit.chat(model="said", viewport=NARROW)
    await chat.ask("y" * 400)
    await expect(chat.reply.get_by_role("group", name="Code, python")).to_be_visible()
    assert await chat.page.evaluate(_TOO_WIDE) == []
    await expect(chat.composer).to_be_in_viewport(ratio=1)
    await expect(chat.title).to_be_in_viewport(ratio=1)
    for name in ("Code, python", "Table"):
        box = chat.reply.get_by_role("group", name=name)
        assert await box.evaluate("e => e.scrollWidth > e.clientWidth"), name


async def test_the_settings_fit_a_narrow_screen(visit: Visit):
    """With everything unfolded."""
    chat = await visit.chat(viewport=NARROW)
    await chat.open_settings(advanced=True)
    await expect(chat.settings.model).to_be_visible()
    assert await chat.page.evaluate(_TOO_WIDE) == []
    sheet = chat.page.get_by_role("dialog", name="Run settings")
    assert await sheet.evaluate("e => e.scrollWidth <= e.clientWidth")
