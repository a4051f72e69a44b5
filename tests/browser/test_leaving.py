"""A page that goes before the server has what was said on it: nothing is lost, or said twice."""

from playwright.async_api import expect

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Visit
from tests.browser.page import ChatPage
from tests.browser.sidebar import Sidebar
from tests.harness.proxy import Proxy


async def unheard(visit: Visit, proxy: Proxy) -> ChatPage:
    """A conversation whose socket hangs, with a message that is on its way."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    proxy.hold_sockets = True
    chat = await visit.chat(port=proxy.port, model="normal")
    await chat.send("Do not lose me")
    await expect(chat.questions).to_contain_text(["Do not lose me"])
    return chat


async def said_once(visit: Visit, chat: ChatPage) -> None:
    await chat.idle()
    await expect(chat.questions).to_contain_text(["Do not lose me"])
    await expect(chat.replies).to_have_count(1)
    await expect(chat.queued).to_have_count(0)
    question, reply = await visit.stored(chat)
    assert (question["content"], reply["status"]) == ("Do not lose me", "completed")
    assert len(visit.ollama.chats) == 1


async def test_by_a_reload(visit: Visit, proxy: Proxy):
    """Before the socket is there: the call outlives the page, and the next page shows it."""
    chat = await unheard(visit, proxy)
    proxy.hold_sockets = False
    await chat.reload()
    await said_once(visit, chat)


async def test_to_another_conversation(visit: Visit, proxy: Proxy):
    """REST gets it, and it is there when one comes back."""
    chat = await unheard(visit, proxy)
    proxy.hold_sockets = False
    left = chat.conversation
    await Sidebar(chat.page).new_chat.click()
    await expect(chat.questions).to_have_count(0)
    await visit.ollama.chat()
    await chat.open(left)
    await said_once(visit, chat)


async def test_without_a_network(visit: Visit, proxy: Proxy):
    """Nothing can be handed over: it waits in its conversation, can be seen, and goes out."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await visit.chat(port=proxy.port, model="normal")
    address = chat.page.url
    proxy.blocked = True
    proxy.cut()
    await chat.send("Do not lose me")
    await expect(chat.questions).to_contain_text(["Do not lose me"])
    context = chat.page.context
    await chat.page.goto("about:blank")
    assert visit.ollama.chats == []
    proxy.blocked = False
    proxy.hold_sockets = True
    chat = ChatPage(await context.new_page())
    await chat.page.goto(address)
    await expect(chat.queued.or_(chat.questions)).to_contain_text(["Do not lose me"])
    proxy.hold_sockets = False
    await said_once(visit, chat)
