"""Diagrams: drawn when the reply is complete, in a frame that can reach nothing."""

from playwright.async_api import FrameLocator, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage

FLOW = """Here it is:

```mermaid
flowchart LR
  key[Key] --> hash{Hash}
  hash --> place[Place]
```
"""
BROKEN = """```mermaid
flowchart LR
  a -->
  --> ???
```
"""
# What a model could be made to say.
HOSTILE = """```mermaid
flowchart LR
  a["<img src=https://example.com/x.png onerror=alert(1)>"] --> b
  click a href "javascript:alert(1)"
```
"""


def frame(chat: ChatPage) -> FrameLocator:
    return chat.reply.frame_locator("iframe[title=Diagram]")


async def told(visit: Visit, text: str, **options) -> ChatPage:
    visit.ollama.text = text
    chat = await visit.chat(model="said", **options)
    await chat.ask()
    return chat


async def test_a_diagram_is_drawn(visit: Visit):
    """With the words of its source, as high as it is; the source is a click away."""
    chat = await told(visit, FLOW)
    group = chat.reply.get_by_role("group", name="Diagram")
    await expect(frame(chat).locator("svg")).to_be_visible()
    for word in ("Key", "Hash", "Place"):
        await expect(frame(chat).get_by_text(word, exact=True)).to_be_visible()
    await expect(group).to_be_visible()
    listing = chat.reply.get_by_role("group", name="Code, mermaid")
    await expect(listing).to_be_hidden()
    await chat.reply.get_by_text("Show source").click()
    await expect(listing).to_contain_text("flowchart LR")


async def test_it_waits_for_the_end_of_the_reply(visit: Visit):
    """While it is being written there is only its source."""
    visit.ollama.text = FLOW + "And so on. " * 60
    chat = await visit.chat(model="halfway")
    await chat.send()
    await expect(chat.reply).to_contain_text("And so on.")
    await expect(chat.reply.get_by_role("group", name="Code, mermaid")).to_be_visible()
    await expect(chat.reply.locator("iframe")).to_have_count(0)
    await chat.stop_button.click()
    await expect(frame(chat).locator("svg")).to_be_visible()


async def test_what_is_no_diagram_stays_code(visit: Visit):
    """With a word, and the source can be read and copied."""
    chat = await told(visit, BROKEN)
    await expect(chat.reply).to_contain_text("This diagram has an error")
    await expect(chat.reply.locator("iframe")).to_have_count(0)
    await expect(chat.reply.get_by_role("group", name="Code, mermaid")).to_contain_text("???")


async def test_it_follows_the_theme(visit: Visit):
    """In the dark it is drawn anew, on no ground of its own."""
    chat = await told(visit, FLOW)
    # The next picture is made behind the one that is shown.
    label = frame(chat).get_by_text("Key", exact=True).first
    await expect(label).to_be_visible()
    light = await label.evaluate("e => getComputedStyle(e).color")
    await chat.page.emulate_media(color_scheme="dark")
    await expect(label).not_to_have_css("color", light)


async def test_a_hostile_source_reaches_nothing(visit: Visit):
    """No request, no script, no link: the frame has no origin, and a policy of its own."""
    # The renderer tries the handler as it takes the label apart, and the policy forbids it.
    visit.watch.allow("inline event handler", "policy: script-src-attr")
    chat = await told(visit, HOSTILE)
    await expect(frame(chat).locator("svg")).to_be_visible()
    bad = frame(chat).locator("a[href^=javascript], [onerror], img, body script")
    await expect(bad).to_have_count(0)
    element = await chat.reply.locator("iframe").element_handle()
    inner = await element.content_frame()
    assert await inner.evaluate("origin") == "null"
    answer = await visit.person.rest.get("/diagram")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    chat_policy = (await visit.person.rest.get("/chat")).headers["content-security-policy"]
    assert "unsafe" not in chat_policy
