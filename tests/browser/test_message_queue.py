"""Messages that are sent while a reply runs: they wait, in every tab, and go out in their order."""

from playwright.async_api import expect

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Visit
from tests.browser.page import ChatPage
from tests.harness.proxy import Proxy


async def unqueue(chat: ChatPage, text: str) -> None:
    await chat.queued.filter(has_text=text).get_by_role("button", name="Edit").click()


async def said(visit: Visit, chat: ChatPage) -> list[str]:
    return [m["content"] for m in await visit.stored(chat, "head") if m["role"] == "user"]


async def test_they_go_out_one_after_the_other_in_every_tab(visit: Visit):
    """By Enter and by the button; what waits in one tab waits in the other, also after a reload."""
    chat = await visit.chat(model="gate:n=1")
    gate = visit.ollama.gate("a")
    other = await visit.chat(conversation=chat.conversation, context=chat.page.context)
    await chat.send("One")
    await expect(chat.stop_button).to_be_visible()
    await chat.send("Two")
    await expect(chat.queued).to_contain_text(["Two"])
    await expect(chat.composer).to_have_value("")
    await expect(chat.composer).to_be_focused()
    await other.composer.fill("Three")
    # Stop stays within reach.
    await expect(other.stop_button).to_be_visible()
    await other.add_to_queue_button.click()
    for tab in (chat, other):
        await expect(tab.queued).to_contain_text(["Two", "Three"])
    await other.reload()
    await expect(other.queued).to_contain_text(["Two", "Three"])
    # Each reply is a word, and the end after it.
    for left in (1, 0):
        gate.release(2)
        for tab in (chat, other):
            await expect(tab.queued).to_have_count(left)
    gate.release(2)
    for tab in (chat, other):
        await tab.idle()
        await expect(tab.questions).to_have_count(3)
        for question, text in zip(await tab.questions.all(), ["One", "Two", "Three"], strict=True):
            await expect(tab.paragraph(question)).to_have_text(text)
        await expect(tab.replies).to_have_count(3)
    assert await said(visit, chat) == ["One", "Two", "Three"]
    assert len(visit.ollama.chats) == 3


async def test_one_can_be_unqueued(visit: Visit):
    """Its text is in the composer again, before what was written since, and it is never said."""
    chat = await visit.chat(model="gate:n=1")
    other = await visit.chat(conversation=chat.conversation, context=chat.page.context)
    await chat.send("One")
    await expect(chat.stop_button).to_be_visible()
    for text in ("Two", "Three"):
        await chat.send(text)
    await expect(other.queued).to_contain_text(["Two", "Three"])
    await chat.composer.fill("since")
    await unqueue(chat, "Two")
    await expect(chat.composer).to_have_value("Two\n\nsince")
    await expect(chat.composer).to_be_focused()
    for tab in (chat, other):
        await expect(tab.queued).to_contain_text(["Three"])
    visit.ollama.gate("a").open()
    await expect(chat.queued).to_have_count(0)
    await expect(chat.replies).to_have_count(2)
    await chat.idle()
    assert await said(visit, chat) == ["One", "Three"]


async def test_one_goes_before_the_others_or_at_once(visit: Visit):
    """They are put into another order in every tab; one is sent now, and ends the reply."""
    chat = await visit.chat(model="gate:n=1")
    other = await visit.chat(conversation=chat.conversation, context=chat.page.context)
    await chat.send("One")
    await visit.ollama.chat()
    for text in ("Two", "Three", "Four"):
        await chat.send(text)
    await expect(other.queued).to_contain_text(["Two", "Three", "Four"])
    up = chat.queued.filter(has_text="Four").get_by_role("button", name="Move up")
    await up.press("Enter")
    await expect(other.queued).to_contain_text(["Two", "Four", "Three"])
    # The focus goes with it.
    await expect(up).to_be_focused()
    down = other.queued.filter(has_text="Two").get_by_role("button", name="Move down")
    await down.click()
    await expect(chat.queued).to_contain_text(["Four", "Two", "Three"])
    await chat.queued.filter(has_text="Three").get_by_role("button", name="Send now").click()
    await expect(chat.questions).to_have_count(2)
    await expect(chat.questions.last).to_contain_text("Three")
    await expect(chat.replies.first).to_contain_text("Stopped")
    await expect(other.queued).to_contain_text(["Four", "Two"])
    visit.ollama.gate("a").open()
    await expect(chat.queued).to_have_count(0)
    await expect(chat.replies).to_have_count(4)
    await chat.idle()
    assert await said(visit, chat) == ["One", "Three", "Four", "Two"]


async def test_a_stop_holds_what_waits(visit: Visit):
    """It says so, and goes on when the person says so, or is discarded with a way back."""
    chat = await visit.chat(model="gate:n=1")
    await chat.send("One")
    await visit.ollama.chat()
    for text in ("Two", "Three"):
        await chat.send(text)
    await expect(chat.queued).to_contain_text(["Two", "Three"])
    await chat.page.keyboard.press("Escape")
    await expect(chat.page.get_by_text("Paused, 2 waiting")).to_be_visible()
    visit.ollama.gate("a").open()
    await expect(chat.questions).to_have_count(1)
    waiting = chat.page.get_by_role("region", name="Queued messages")
    await waiting.get_by_role("button", name="Discard", exact=True).click()
    await expect(chat.queued).to_have_count(0)
    await chat.page.get_by_role("button", name="Undo").click()
    await expect(chat.composer).to_have_value("Two\n\nThree")
    assert await said(visit, chat) == ["One"]


async def test_one_that_cannot_be_sent_says_why(visit: Visit):
    """Its model is gone when its turn comes: it stays, and can be had back."""
    chat = await visit.chat(model="gate:n=1")
    await chat.send("One")
    await visit.ollama.chat()
    await visit.person.rest.generate(
        chat.conversation, "Two", queue=True, parameters={"model": "nobody:1b"}
    )
    await expect(chat.queued).to_contain_text(["Two"])
    visit.ollama.gate("a").open()
    await expect(chat.queued.get_by_role("alert")).to_contain_text("Not sent:")
    await chat.idle()
    await unqueue(chat, "Two")
    await expect(chat.composer).to_have_value("Two")
    await expect(chat.queued).to_have_count(0)


async def test_they_wait_and_go_out_without_a_socket(visit: Visit, proxy: Proxy):
    """Over REST: they wait on the server, survive a reload, and are said once, in order."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    proxy.no_sockets = True
    chat = await visit.chat(model="gate:n=1", port=proxy.port)
    await chat.send("One")
    await visit.ollama.chat()
    for text in ("Two", "Three"):
        await chat.send(text)
        await expect(chat.queued.last).to_contain_text(text)
        # Once the server has it.
        await expect(chat.queued.last.get_by_role("button", name="Send now")).to_be_visible()
    await chat.reload()
    await expect(chat.queued).to_contain_text(["Two", "Three"])
    await unqueue(chat, "Three")
    await expect(chat.composer).to_have_value("Three")
    await chat.composer.press("Enter")
    await expect(chat.queued).to_contain_text(["Two", "Three"])
    visit.ollama.gate("a").open()
    await expect(chat.queued).to_have_count(0)
    await expect(chat.replies).to_have_count(3)
    await chat.idle()
    assert await said(visit, chat) == ["One", "Two", "Three"]
    assert len(visit.ollama.chats) == 3
