"""How a reply is laid out, and what in it stays text."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.samples import ANSWER, CODE, HOSTILE, LISTS, TABLE


async def told(visit: Visit, text: str, **options) -> ChatPage:
    """A chat in which the model has said this."""
    visit.ollama.text = text
    chat = await visit.chat(model="said", **options)
    await chat.ask()
    return chat


async def clipboard(chat: ChatPage) -> str:
    return str(await chat.page.evaluate("navigator.clipboard.readText()"))


async def test_headings_lists_and_quotes(visit: Visit):
    """Are what they are, also for a screen reader."""
    chat = await told(visit, f"# Title\n\n## Part\n\n{LISTS}")
    await expect(chat.reply.get_by_role("heading", name="Part")).to_be_visible()
    await expect(chat.reply.get_by_role("listitem")).to_have_count(6)
    await expect(chat.reply.get_by_role("strong")).to_have_text("again")
    await expect(chat.reply.get_by_role("emphasis")).to_have_text("often")
    await expect(chat.reply.get_by_role("blockquote")).to_be_visible()


async def test_task_lists(visit: Visit):
    """Tell what is done, and cannot be ticked."""
    chat = await told(visit, LISTS)
    items = chat.reply.get_by_role("listitem")
    await expect(items.filter(has_text="written")).to_contain_text("Done:")
    await expect(items.filter(has_text="tested")).to_contain_text("To do:")


async def test_a_table(visit: Visit):
    """Has rows and headings."""
    chat = await told(visit, TABLE)
    table = chat.reply.get_by_role("table")
    await expect(table.get_by_role("row")).to_have_count(4)
    await expect(table.get_by_role("columnheader")).to_have_count(3)
    await expect(table.get_by_role("cell", name="pg_dump, or a replica")).to_be_visible()


async def test_code_is_coloured_and_named(visit: Visit):
    """With its language, and never with its fences."""
    chat = await told(visit, CODE)
    block = chat.reply.get_by_role("group", name="Code, python")
    await expect(block).to_contain_text("def anagrams(words: list[str])")
    await expect(chat.reply).not_to_contain_text("```")
    keyword = block.get_by_text("def", exact=True)
    await expect(keyword).to_have_attribute("style", re.compile("color"))


async def test_a_long_listing_is_coloured_to_its_end(visit: Visit):
    """Bit by bit, so that the page answers meanwhile; its text is there from the beginning."""
    lines = [f"def area_{n}(radius): return 3.14 * radius ** {n}" for n in range(1500)]
    chat = await told(visit, "\n".join(["```python", *lines, "```"]))
    block = chat.reply.get_by_role("group", name="Code, python")
    await expect(block.get_by_text("area_1499")).to_have_attribute("style", re.compile("color"))
    assert (await block.text_content() or "").rstrip("\n") == "\n".join(lines)


async def test_copying_code(visit: Visit):
    """To the letter; the button says that it has, and so does the screen reader."""
    chat = await told(visit, CODE, permissions=["clipboard-read", "clipboard-write"])
    await chat.pause_clock()
    await chat.reply.get_by_role("button", name="Copy code").click()
    await expect(chat.reply.get_by_role("button", name="Copied")).to_be_visible()
    await expect(chat.note("Copied")).to_have_count(1)
    code = CODE.removeprefix("```python\n").removesuffix("\n```")
    assert await clipboard(chat) == code


async def test_copying_a_reply(visit: Visit):
    """Gives what the model wrote, not what it looks like."""
    chat = await told(visit, ANSWER, permissions=["clipboard-read", "clipboard-write"])
    await chat.pause_clock()
    await chat.reply.get_by_role("button", name="Copy message").click()
    await expect(chat.reply.get_by_role("button", name="Copied")).to_be_visible()
    assert await clipboard(chat) == ANSWER


async def test_links_lead_outside_safely(visit: Visit):
    """A new tab that knows nothing of this one; other schemes are no links."""
    chat = await told(visit, HOSTILE)
    link = chat.reply.get_by_role("link", name="outside")
    await expect(link).to_have_attribute("href", "https://example.org/page")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(link).to_have_attribute("rel", re.compile("noopener"))
    await expect(chat.reply).to_contain_text("and bad and data")
    for name in ("bad", "data"):
        await expect(chat.reply.get_by_role("link", name=name, exact=True)).to_have_count(0)


async def test_images_are_not_loaded(visit: Visit):
    """In their place stands what they are and whose; the fixture sees every request."""
    chat = await told(visit, HOSTILE)
    place = chat.reply.get_by_role("link", name="a chart")
    await expect(place).to_contain_text("images.example")
    await expect(place).to_have_attribute("target", "_blank")
    await expect(chat.reply.get_by_role("img")).to_have_count(0)


async def test_raw_html_is_text(visit: Visit):
    """Nothing of it is rendered, and nothing of it runs."""
    chat = await told(visit, HOSTILE)
    await expect(chat.reply).to_contain_text("<b>bold</b> <script>alert(1)</script>")
    await expect(chat.reply).to_contain_text('<iframe src="https://evil.example"></iframe>')
    for element in ("script", "iframe", "b"):
        await expect(chat.reply.locator(element)).to_have_count(0)


@pytest.mark.parametrize("sample", [CODE, TABLE, "Say **this** and [that](https://a.example/x)."])
async def test_half_written_markup_never_shows(visit: Visit, sample: str):
    """While a reply comes, no fence, star or bracket of it is read as text."""
    chat = await visit.chat(model="typed:gap=0.02")
    visit.ollama.text = "Ready."
    await chat.ask()  # whatever lays it out has been loaded
    visit.ollama.text = sample
    await chat.page.evaluate(_WATCH_FOR_MARKUP)
    await chat.ask()
    assert await chat.page.evaluate("window.looks") > 1  # many share one on a busy machine
    assert await chat.page.evaluate("window.markup") == []


# Notes every text of a reply in which raw markup is to be read.
_WATCH_FOR_MARKUP = r"""
() => {
  window.markup = [];
  window.looks = 0;
  new MutationObserver(() => {
    for (const reply of document.querySelectorAll('article[aria-label=Assistant]')) {
      const text = reply.innerText;
      window.looks += 1;
      if (/```|\*\*|\]\(|\|-|\[that/.test(text)) window.markup.push(text);
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


async def test_reasoning_is_open_while_the_model_thinks(visit: Visit):
    """And folds away when the answer begins; it never is part of the answer."""
    chat = await visit.chat(model="musing:id=a")
    gate = visit.ollama.gate("a")
    await chat.send()
    gate.release(2)
    thought = chat.reply.get_by_text("Let me think.")
    await expect(thought).to_be_visible()
    await expect(chat.activity).to_contain_text("Thinking")
    gate.release()
    await expect(thought).to_be_hidden()
    gate.open()
    await chat.idle()
    await chat.reply.get_by_text(re.compile("^(Reasoning|Thought)")).click()
    await expect(thought).to_be_visible()
    reply = (await visit.stored(chat))[-1]
    assert (reply["content"], reply["reasoning"]) == ("Here it is.", "Let me think.")


async def test_reasoning_of_an_old_reply_is_folded(visit: Visit):
    """After a reload it is there, closed."""
    chat = await visit.chat(model="think")
    await chat.ask()
    await chat.reload()
    await expect(chat.reply.get_by_text("Reasoning")).to_be_visible()
    await expect(chat.reply.get_by_text("Let me think.")).to_be_hidden()


async def test_raw_markup_is_never_shown(visit: Visit):
    """In a fresh profile the reply may be quicker than what renders it: then it waits."""
    visit.ollama.text = "**Bold** words"
    page = await visit.page()
    held = asyncio.Event()

    async def later(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/assets/Markdown-*.js", later)
    chat = ChatPage(page)
    await chat.open(await visit.conversation(model="said"))
    await chat.send()
    await expect(chat.send_button).to_be_visible()
    await expect(chat.reply.get_by_role("button", name="Copy message")).to_be_visible()
    await expect(chat.reply).not_to_contain_text("Bold")
    held.set()
    await expect(chat.reply.get_by_role("strong")).to_have_text("Bold")
    await expect(chat.reply).not_to_contain_text("**")
