"""What a screen reader is told over a reply: the tree that it reads, and the changes it hears."""

import re

from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage

# Collects what changes in any part of the page that is read out by itself.
_HEAR = """
() => {
  window.heard = [];
  const polite = '[aria-live], [role=status], [role=alert], [role=log]';
  new MutationObserver((records) => {
    const regions = new Set();
    for (const { target } of records) {
      const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
      const region = element?.closest(polite);
      if (region && region.ariaLive !== 'off') regions.add(region);
    }
    for (const region of regions) {
      const text = region.textContent.trim();
      if (text) window.heard.push(text);
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""

WAITING = """
- log "Messages":
  - article "You":
    - paragraph: Hello
  - article "Assistant":
    - text: Assistant is replying
    - paragraph: /Loading model|Reading your message|Thinking/
"""
WRITING = """
- log "Messages":
  - article "You":
    - paragraph: Hello
  - article "Assistant":
    - text: Assistant is replying
    - paragraph: word0 word1
"""
FINISHED = """
- log "Messages":
  - article "You":
    - paragraph: Hello
    - time
    - button "Copy message"
    - button "Edit message"
  - article "Assistant":
    - paragraph: word0 word1 word2
    - button "Copy message"
    - button "Regenerate"
    - button "Regenerate with another model"
    - button "Message details"
    - paragraph: /gate:n=3 · Ollama · \\d+ tokens/
"""


async def heard(chat: ChatPage) -> list[str]:
    return list(await chat.page.evaluate("window.heard"))


async def test_a_reply_as_a_screen_reader_has_it(visit: Visit):
    """Each stage is said once, no token is read out, and the whole can be read from its start."""
    chat = await visit.chat(model="gate:n=3")
    gate = visit.ollama.gate("a")
    await chat.page.evaluate(_HEAR)
    await chat.send()
    await visit.ollama.chat()
    await expect(chat.log).to_match_aria_snapshot(WAITING)
    gate.release(2)
    await expect(chat.log).to_match_aria_snapshot(WRITING)
    gate.release(2)
    await chat.idle()
    await expect(chat.log).to_match_aria_snapshot(FINISHED)
    await expect(chat.note("Reply finished")).to_have_count(1)
    said = await heard(chat)
    assert (said[0], said[-1]) == ("Thinking", "Reply finished")
    assert len(set(said)) == len(said), said
    assert set(said) == {"Thinking", "Writing", "Reply finished"}
    # By keyboard to the start of what was said.
    await chat.page.keyboard.press("Alt+ArrowUp")
    await expect(chat.reply).to_be_focused()


async def test_a_failure_is_heard_as_an_alert(visit: Visit):
    """It tells itself; nothing says that the reply is finished."""
    chat = await visit.chat(model="memory")
    await chat.page.evaluate(_HEAR)
    await chat.ask()
    await expect(chat.alert).to_be_visible()
    said = await heard(chat)
    assert said[0] == "Thinking"
    assert "Reply finished" not in said
    assert re.search("memory", await chat.alert.inner_text())
