"""Networks and servers that fail: nothing is lost, nothing comes twice."""

import asyncio

from playwright.async_api import expect

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Visit
from tests.browser.page import ChatPage
from tests.harness import WAIT_S
from tests.harness.proxy import Proxy
from tests.scripted.ollama_scripts import words

LIMITED = "Limited connection: replies appear all at once"
OFFLINE = "You’re offline."
# Longer than a fallback to REST lasts, as the clock of the page takes it.
LATER = 31_000

# Collects every text that the first reply ever showed, and how many replies there were at most.
_RECORD = """
() => {
  const seen = (window.seen = { texts: [], replies: 0 });
  new MutationObserver(() => {
    const replies = document.querySelectorAll('[role=log] article[aria-label=Assistant]');
    seen.replies = Math.max(seen.replies, replies.length);
    const text = replies[0]?.querySelector('p')?.textContent.trim() ?? '';
    if (text.startsWith('word') && seen.texts.at(-1) !== text) seen.texts.push(text);
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


async def assert_steady(chat: ChatPage, whole: str) -> None:
    """The reply only ever grew, word by word, in one place."""
    seen = await chat.page.evaluate("window.seen")
    assert seen["replies"] == 1
    assert seen["texts"][-1] == whole
    for text in seen["texts"]:
        assert whole.startswith(text), text


async def complete(visit: Visit, chat: ChatPage, whole: str) -> None:
    """The one reply is shown and stored with this text, and was asked for once."""
    await expect(chat.text).to_have_text(whole)
    await chat.idle()
    await expect(chat.questions).to_have_count(1)
    await expect(chat.replies).to_have_count(1)
    question, reply = await visit.stored(chat)
    assert question["role"] == "user"
    assert (reply["status"], reply["content"].strip()) == ("completed", whole)
    assert len(visit.ollama.chats) == 1


async def test_the_socket_is_cut_in_the_middle(visit: Visit, proxy: Proxy):
    """The reply goes on where it was: exact text, no word twice, one call, one element."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await visit.chat(model="gate:n=9", port=proxy.port)
    gate = visit.ollama.gate("a")
    await chat.page.evaluate(_RECORD)
    await chat.send()
    gate.release(3)
    await expect(chat.text).to_have_text("word0 word1 word2")
    proxy.cut()
    gate.release(3)
    await expect(chat.text).to_have_text("word0 word1 word2 word3 word4 word5")
    gate.open()
    whole = "".join(words(9)).strip()
    await complete(visit, chat, whole)
    await assert_steady(chat, whole)


async def test_the_network_is_away_for_a_while(visit: Visit, proxy: Proxy):
    """The page says so after a second, keeps the text, and catches up."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await visit.chat(model="gate:n=6", port=proxy.port)
    gate = visit.ollama.gate("a")
    await chat.page.evaluate(_RECORD)
    await chat.send()
    gate.release(2)
    await expect(chat.text).to_have_text("word0 word1")
    proxy.blocked = True
    proxy.cut()
    gate.release(2)
    await expect(chat.note("Reconnecting…")).to_be_visible()
    await expect(chat.text).to_have_text("word0 word1")
    proxy.blocked = False
    gate.open()
    whole = "".join(words(6)).strip()
    await complete(visit, chat, whole)
    await assert_steady(chat, whole)
    await expect(chat.note("Reconnecting…")).to_be_hidden()


async def test_no_socket_from_the_start(visit: Visit, proxy: Proxy):
    """The reply arrives over REST in the same turn, a quiet note says why it comes whole, and
    after a while the next one streams again."""
    visit.watch.allow(SOCKET_FAILED)
    proxy.no_sockets = True
    context = await visit.context(port=proxy.port)
    await context.clock.install()
    chat = await visit.chat(model="gate:n=3", context=context)
    await expect(chat.note(LIMITED)).to_be_visible()
    await chat.send()
    visit.ollama.gate("a").open()
    await complete(visit, chat, "word0 word1 word2")
    await expect(chat.reply).to_contain_text("Received all at once")
    settings = await chat.open_settings()
    await expect(settings.transport).to_have_text("REST")

    proxy.no_sockets = False
    await context.clock.fast_forward(LATER)
    await expect(settings.transport).to_have_text("WebSocket")
    await expect(chat.note(LIMITED)).to_be_hidden()
    await chat.ask("And now?")
    await expect(chat.reply).not_to_contain_text("Received all at once")


async def test_stop_without_a_socket(visit: Visit, proxy: Proxy):
    """It goes by REST, too."""
    visit.watch.allow(SOCKET_FAILED)
    proxy.no_sockets = True
    chat = await visit.chat(model="gate:n=3", port=proxy.port)
    await expect(chat.note(LIMITED)).to_be_visible()
    await chat.send()
    exchange = await visit.ollama.chat()
    await chat.stop_button.click()
    assert await exchange.wait_ended() == "client_gone"
    await expect(chat.reply.get_by_text("Stopped", exact=True)).to_be_visible()
    await chat.idle()


async def test_a_socket_that_dies_with_the_message_in_it(visit: Visit, proxy: Proxy):
    """The message was swallowed on the way; it is sent once more, and once only."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await visit.chat(model="normal", port=proxy.port)
    settings = await chat.open_settings()
    await expect(settings.transport).to_have_text("WebSocket")
    proxy.cut()
    await chat.send()
    await complete(visit, chat, "Hello from the scripted model.")


async def test_offline_and_back(visit: Visit):
    """The page says so and keeps what is written; what was sent goes out on return, once."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await visit.chat(model="normal")
    await chat.page.context.set_offline(True)
    await expect(chat.note(OFFLINE)).to_be_visible()
    await chat.send("From the tunnel")
    await expect(chat.questions).to_contain_text("From the tunnel")
    await chat.composer.fill("What I write meanwhile")
    await chat.page.context.set_offline(False)
    await expect(chat.note(OFFLINE)).to_be_hidden()
    await complete(visit, chat, "Hello from the scripted model.")
    await expect(chat.composer).to_have_value("What I write meanwhile")


async def test_a_note_covers_no_question(visit: Visit):
    """One that is sent while the note floats above the thread is lifted to below it."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await visit.chat(model="normal")
    await chat.ask("On land")
    await chat.page.context.set_offline(True)
    await expect(chat.note(OFFLINE)).to_be_visible()
    await chat.send("From the tunnel")
    await expect(chat.questions).to_have_count(2)
    note = await chat.note(OFFLINE).bounding_box()
    lifted = await chat.questions.last.bounding_box()
    assert note
    assert lifted
    assert lifted["y"] >= note["y"] + note["height"]


async def test_the_server_is_killed_in_the_middle(own_visit: Visit):
    """Once it is back the reply is marked interrupted, with its text, and can be tried again."""
    visit, server = own_visit, own_visit.place.server
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await visit.chat(model="gate:n=5")
    gate = visit.ollama.gate("a")
    await chat.send("Hold on")
    gate.release(3)
    await expect(chat.text).to_have_text("word0 word1 word2")
    await on_record(visit, chat, "word0 word1 word2 ")
    await asyncio.to_thread(server.kill)
    await expect(chat.note("Reconnecting…")).to_be_visible()
    await expect(chat.text).to_have_text("word0 word1 word2")

    await asyncio.to_thread(server.start)
    await expect(chat.reply).to_contain_text("The server stopped while writing this reply.")
    await expect(chat.text).to_have_text("word0 word1 word2")
    gate.open()
    await chat.try_again.click()
    await expect(chat.text).to_have_text("".join(words(5)).strip())
    await chat.idle()
    await expect(chat.questions).to_have_count(1)
    ends = [message["status"] for message in await visit.stored(chat)]
    assert ends == ["completed", "interrupted", "completed"]


async def on_record(visit: Visit, chat: ChatPage, text: str) -> None:
    """Wait until this much of the running reply is in the database; what REST shows of it is from
    the log, which ends with the server."""
    reply = (await visit.stored(chat))[-1]["id"]
    async with asyncio.timeout(WAIT_S):
        while (await visit.place.clerk("row", message_id=reply))["content"] != text:
            await asyncio.sleep(0.1)
