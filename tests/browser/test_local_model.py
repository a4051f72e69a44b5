"""The embedded model, from its weights to the page."""

import re
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, expect

from providers.local_fetch import fetch
from tests.browser.browser import Visit, visiting
from tests.browser.starts import ALONE
from tests.harness.clerk import ROOT
from tests.harness.server import ChatServer


@pytest.mark.xdist_group("local-model")
async def test_a_real_model_answers_in_the_page(
    browser: Browser, own_server: Callable[..., ChatServer]
):
    """Streamed, counted and stored; the page says what kind of model it is."""
    fetch(ROOT / "var" / "models", print)
    server = own_server("daphne", **ALONE)
    server.start()
    async with visiting(browser, server) as visit:
        await talk(visit)


async def talk(visit: Visit) -> None:
    chat = await visit.chat()
    notice = chat.page.get_by_role("complementary", name="About the model")
    await expect(notice).to_contain_text("small demonstration model")
    await chat.page.evaluate(_COUNT_STEPS)
    await chat.send("Write ten sentences about the sea.")
    # Seen as it happens: on a fast machine it says so only for a moment.
    await chat.page.wait_for_function(
        "() => window.wrote && !document.querySelector('[aria-label=Stop]')", timeout=60_000
    )
    await chat.idle()
    question, reply = await visit.stored(chat)
    assert question["content"] == "Write ten sentences about the sea."
    assert reply["status"] == "completed"
    assert reply["provider_used"] == "local"
    assert reply["tokens"]["source"] == "provider"
    assert len(reply["content"].split()) > 5
    shown = await chat.reply.inner_text()
    assert [word for word in re.findall("[a-z]{4,}", reply["content"]) if word not in shown] == []
    # How many pieces share a step depends on how busy the machine is.
    assert await chat.page.evaluate("window.steps.size") > 1


# Counts how many different texts the reply was seen with, and whether the page said who writes.
_COUNT_STEPS = """
() => {
  window.steps = new Set();
  new MutationObserver(() => {
    const text = document.querySelector('article[aria-label=Assistant]')?.textContent;
    if (text) window.steps.add(text);
    const lines = [...document.querySelectorAll('p')].map((line) => line.textContent);
    window.wrote ||= lines.some((line) => /^Writing .*Esc to stop/.test(line));
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""
