"""The end of a thread as the server draws it into the page, before the app's code is there."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.samples import CODE, PROSE

REPLY = f"""## Which one?

{PROSE}

1. Read the *error*.
2. Read it **again**, slowly.
   - It names the file.

{CODE}

Then call `anagrams`."""
# Where the lines of all messages are that are drawn, from the last one up.
PLACES = """
() => [...document.querySelectorAll('#root article')].reverse()
  .flatMap((article) => [
    ...article.querySelectorAll('[dir=auto]:is(p, .prose), .prose :is(p, h3, li, pre)'),
  ])
  .map((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return [left, top, width, height].map(Math.round);
  })
"""
SIZES: dict[str, dict[str, Any]] = {
    "wide": {},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_moves_when_the_app_takes_over(visit: Visit, size: str):
    """It can be read at once, and every line stays where it is."""
    visit.ollama.text = REPLY
    conversation = await visit.conversation("said")
    for question in ("What is a hash table?", "Once more, please."):
        await visit.person.rest.generate(conversation, question, model="said")
    page = await visit.page(**SIZES[size])
    await page.route("**/start-*.js", lambda route: app.append(route))
    app: list[Any] = []
    await page.goto(f"/chat/{conversation}")
    await expect(page.get_by_role("heading", name="Which one?").last).to_be_visible()
    await page.evaluate("document.fonts.ready")
    drawn = await page.evaluate(PLACES)
    assert len(drawn) > 10
    while not app:
        await page.wait_for_timeout(20)
    await app[0].continue_()
    chat = ChatPage(page)
    await expect(chat.composer).to_be_visible()
    await chat.idle()
    shown = await page.evaluate(PLACES)
    assert len(shown) == len(drawn)
    moved = [
        abs(a - b)
        for one, other in zip(drawn, shown, strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    assert max(moved) <= 1, list(zip(drawn, shown, strict=True))  # a fraction, rounded
