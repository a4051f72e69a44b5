"""Formulas: set as they are meant, and nothing half-finished."""

import asyncio
import re

from playwright.async_api import Route, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage

TEXT = r"""The roots are \(x_1\) and $x_2$, and it costs $5, not $6:

$$
x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
$$

\[ \begin{pmatrix} a & b \\ c & d \end{pmatrix} \]

Broken: $\frac{1$ and `$code$`."""


async def test_formulas_are_set(visit: Visit):
    """In a line and as blocks, under the strict policy (the watch sees every report)."""
    chat = await visit.chat(model="said")
    visit.ollama.text = TEXT
    await chat.ask()
    await expect(chat.reply.locator(".katex")).to_have_count(4)
    await expect(chat.reply.get_by_role("group", name="Formula")).to_have_count(2)
    await expect(chat.text).to_contain_text("it costs $5, not $6:")
    await expect(chat.reply).to_contain_text("$code$")
    await expect(chat.reply).not_to_contain_text("$$")
    await expect(chat.reply).not_to_contain_text("\\[")
    loaded = "document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Math'))"
    assert await chat.page.evaluate(loaded)


async def test_no_formula_is_loaded_for_nothing(visit: Visit):
    """A thread without one does without the renderer."""
    chat = await visit.chat()
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(request.url))
    await chat.ask()
    await chat.reload()
    assert not [url for url in asked if "katex" in url.lower()]


async def test_a_formula_holds_its_place_until_it_is_set(visit: Visit):
    """When a thread with formulas is opened, its TeX is never shown."""
    chat = await visit.chat(model="said")
    visit.ollama.text = TEXT.split("Broken")[0]
    await chat.ask()
    late = ChatPage(await (await visit.context()).new_page())
    came: asyncio.Future[Route] = asyncio.get_running_loop().create_future()
    await late.page.route(re.compile(r"/assets/Katex-.*js"), lambda route: came.set_result(route))
    await late.open(chat.conversation)
    renderer = await came
    await expect(late.text).to_contain_text("and it costs $5")
    await expect(late.reply).not_to_contain_text(re.compile(r"frac|pmatrix|x_[12]"))
    await expect(late.reply.locator(".animate-shimmer")).to_have_count(4)
    await renderer.continue_()
    await expect(late.reply.locator(".katex")).to_have_count(4)
    await expect(late.reply.locator(".animate-shimmer")).to_have_count(0)
