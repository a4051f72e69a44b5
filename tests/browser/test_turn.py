"""Sending, watching the reply come, and stopping it."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Visit
from tests.browser.page import ChatPage
from tests.harness.proxy import Proxy
from tests.scripted.ollama_scripts import REPLY

WHOLE = "".join(REPLY)

# Notes when a key was pressed and when the first element with the text appeared, in the page's
# own clock, so that what lies between test and browser does not count.
_STOPWATCH = """
(text) => {
  window.stopwatch = new Promise((resolve) => {
    let pressed;
    addEventListener('keydown', (event) => { pressed = event.timeStamp; }, true);
    new MutationObserver((_, observer) => {
      if (!document.querySelector('main').textContent.includes(text)) return;
      observer.disconnect();
      resolve(performance.now() - pressed);
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
}
"""


async def test_the_own_message_is_there_at_once(visit: Visit, proxy: Proxy):
    """It does not wait for the server, of which nothing is heard here."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await visit.chat(port=proxy.port)
    proxy.swallow = True
    await chat.send("Is anybody there?\n\n  <b>Yes</b>")
    await expect(chat.questions).to_have_count(1)
    # Shown as it was written: nothing in it is markup, and its lines stay.
    said = chat.paragraph(chat.questions)
    await expect(said).to_have_text("Is anybody there?\n\n  <b>Yes</b>", use_inner_text=True)
    await expect(said).to_have_css("white-space-collapse", "preserve")


async def test_the_indicator_comes_within_100_ms(visit: Visit):
    """Between Enter and "Assistant is replying"; the best of a few, for a busy machine."""
    chat = await visit.chat(model="normal")
    took: list[float] = []
    while len(took) < 5 and (not took or min(took) > 100):
        await chat.page.evaluate(_STOPWATCH, "Assistant is replying")
        await chat.send()
        took.append(await chat.page.evaluate("window.stopwatch"))
        await chat.idle()
    assert min(took) <= 100, took


async def test_the_indicator_says_what_goes_on(visit: Visit):
    """Words before the first token, other words while it writes, and nothing after the end."""
    chat = await visit.chat(model="gate:n=1")
    gate = visit.ollama.gate("a")
    await chat.send()
    before = re.compile("Loading model|Reading your message|Thinking")
    await expect(chat.text).to_have_text(before)
    await expect(chat.activity).to_have_text(before)
    gate.release()
    await expect(chat.activity).to_contain_text("Writing")
    await expect(chat.answering).to_have_count(1)
    gate.release()
    await chat.idle()
    await expect(chat.activity).to_have_count(0)


async def test_text_comes_token_by_token(visit: Visit):
    """Each word is shown while the next is held back."""
    chat = await visit.chat(model="gate:n=3")
    gate = visit.ollama.gate("a")
    await chat.send()
    for shown in ("word0", "word0 word1", "word0 word1 word2"):
        gate.release()
        await expect(chat.text).to_have_text(shown)
        await expect(chat.stop_button).to_be_visible()
    gate.release()
    await chat.idle()
    await expect(chat.text).to_have_text("word0 word1 word2")
    assert [m["content"] for m in await visit.stored(chat)] == ["Hello", "word0 word1 word2 "]


async def test_send_is_stop_while_a_reply_runs(visit: Visit):
    """A second Enter sends nothing more, and there is nothing to be sent."""
    chat = await visit.chat(model="gate:n=1")
    await chat.send()
    await expect(chat.stop_button).to_be_visible()
    await expect(chat.send_button).to_be_hidden()
    await expect(chat.add_to_queue_button).to_be_hidden()
    await chat.composer.press("Enter")
    await expect(chat.queued).to_have_count(0)
    await expect(chat.questions).to_have_count(1)
    visit.ollama.gate("a").open()
    await chat.idle()
    assert len(await visit.stored(chat)) == 2


async def stopped(visit: Visit, chat: ChatPage, text: str) -> None:
    """The reply is shown and stored as stopped, with this text, and the model was told."""
    await expect(chat.reply.get_by_text("Stopped", exact=True)).to_be_visible()
    await chat.idle()
    await expect(chat.composer).to_be_focused()
    reply = (await visit.stored(chat))[-1]
    assert (reply["status"], reply["content"].strip()) == ("stopped", text)
    assert await (await visit.ollama.chat(-1)).wait_ended() == "client_gone"


async def test_stop_before_the_first_token(visit: Visit):
    """The request to the model ends, the reply is marked, and the next one works."""
    chat = await visit.chat(model="gate:n=2")
    await chat.send()
    await visit.ollama.chat()
    await chat.stop_button.click()
    await stopped(visit, chat, "")
    visit.ollama.gate("a").open()
    await chat.ask("Once more")
    await expect(chat.text).to_have_text("word0 word1")


async def test_stop_in_the_middle_keeps_the_text(visit: Visit):
    """What was there stays, in the page and on record, and the next message works."""
    chat = await visit.chat(model="gate:n=9")
    await chat.send()
    visit.ollama.gate("a").release(2)
    await expect(chat.text).to_have_text("word0 word1")
    await chat.stop_button.click()
    await stopped(visit, chat, "word0 word1")
    await expect(chat.text).to_have_text("word0 word1")
    visit.ollama.gate("a").open()
    await chat.ask("Once more")
    await expect(chat.replies).to_have_count(2)
    await expect(chat.text).to_have_text("word0 word1 word2 word3 word4 word5 word6 word7 word8")


@pytest.mark.parametrize("focus", ["composer", "thread"])
async def test_escape_stops(visit: Visit, focus: str):
    """From wherever the focus is."""
    chat = await visit.chat(model="gate:n=2")
    await chat.send()
    visit.ollama.gate("a").release()
    await expect(chat.text).to_have_text("word0")
    if focus == "thread":
        await chat.log.focus()
    await chat.page.keyboard.press("Escape")
    await expect(chat.reply.get_by_text("Stopped", exact=True)).to_be_visible()
    await chat.idle()


async def test_a_stopped_reply_can_be_tried_again(visit: Visit):
    """In its place, without a second user message."""
    chat = await visit.chat(model="gate:n=2")
    await chat.send()
    await visit.ollama.chat()
    await chat.stop_button.click()
    await expect(chat.try_again).to_be_visible()
    visit.ollama.gate("a").open()
    await chat.try_again.click()
    await expect(chat.text).to_have_text("word0 word1")
    await chat.idle()
    await expect(chat.questions).to_have_count(1)
    await expect(chat.replies).to_have_count(1)
    assert [m["role"] for m in await visit.stored(chat, "head")] == ["user", "assistant"]


async def test_the_end_tells_model_and_tokens(visit: Visit):
    """Below a reply: who wrote it and how long it is; below the composer, the count in parts."""
    chat = await visit.chat(model="normal")
    await chat.ask()
    await expect(chat.text).to_have_text(WHOLE)
    await expect(chat.reply).to_contain_text(
        re.compile(r"normal · (?:[\d.,]+ tokens/s · )?Ollama · \d+ tokens")
    )
    meter = chat.page.get_by_role("group", name="Tokens")
    await expect(meter).to_contain_text(re.compile(r"Prompt \d+ · Reply 6 · Total \d+"))


async def test_the_title_is_made_of_the_first_words(visit: Visit):
    """As soon as the first message is accepted."""
    chat = await visit.chat(model="normal")
    await expect(chat.heading).to_have_text("New chat")
    await chat.ask("How many roads must a man walk down?")
    await expect(chat.heading).to_have_text("How many roads must a...")
