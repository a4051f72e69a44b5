"""Tools in the page: which are on, the question before a call, and what became of it."""

from uuid import uuid4

from playwright.async_api import Page, expect

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Visit
from tests.browser.page import ChatPage
from tests.harness.rest import ok
from tests.harness.tool_server import calls
from tests.streaming.tools.conftest import add_server, sign_in_servers
from tests.streaming.tools.oauth import SignInServers, sign_in

__all__ = ["add_server", "sign_in_servers"]


async def answer(page: Page, text: str) -> None:
    await expect(page.get_by_role("article").last).to_contain_text(text)


async def test_a_call_is_decided_in_one_tab_and_shown_in_both(visit: Visit, add_server):
    """Turned on in the settings; its arguments changed; allowed. It is there after a reload, and a
    later one is denied with a word."""
    staff = await visit.place.person(staff=True)
    server = await add_server(staff, audience=[visit.person.id])
    visit.place.offer("calls")
    chat = await visit.chat(model="calls")
    await chat.open_settings()
    await chat.page.get_by_role("checkbox", name=server["name"]).check()
    other = ChatPage(await chat.page.context.new_page())
    await chat.send(calls(server, ("write", {"text": "one"})))
    question = chat.page.get_by_role("region", name="write asks for permission")
    await expect(question).to_be_visible()
    await other.open(chat.conversation)
    await expect(other.page.get_by_role("region", name="write asks")).to_be_visible()
    await question.get_by_role("textbox", name="Arguments").fill('{"text": "two"}')
    await question.get_by_role("button", name="Allow once").click()
    for tab in (chat, other):
        await answer(tab.page, "two")
        await expect(tab.page.get_by_text("Used write").first).to_be_visible()
    await chat.reload()
    await expect(chat.page.get_by_text("Used write").first).to_be_visible()
    stored = ok(await visit.person.rest.get(f"/api/conversations/{chat.conversation}/"))
    assert stored["settings"]["tools"] == [server["name"]]
    await other.send(calls(server, ("write", {"text": "three"})))
    asks = other.page.get_by_role("region", name="write asks for permission")
    await asks.get_by_role("textbox", name="Reason for the model").fill("Not now.")
    await asks.get_by_role("button", name="Deny").click()
    await answer(other.page, "The user denied this call. Not now.")
    await answer(chat.page, "The user denied this call. Not now.")


async def test_a_call_goes_on_after_signing_in_in_another_tab(
    visit: Visit, sign_in_servers: SignInServers
):
    """The link of its card leads to the OAuth server, and the card asks once the person is back."""
    staff = await visit.place.person(staff=True)
    server = await sign_in_servers.add(staff)
    await sign_in(staff, server, "ada")
    visit.place.offer("calls")
    chat = await visit.chat(model="calls")
    tools = {"settings": {"tools": [server["name"]], "model": "calls"}}
    ok(await visit.person.rest.patch(f"/api/conversations/{chat.conversation}/", tools))
    await chat.reload()
    await chat.send(calls(server, ("who_am_i", {})))
    card = chat.page.get_by_role("region", name="who_am_i needs you to sign in")
    async with chat.page.context.expect_page() as opened:
        await card.get_by_role("link", name=f"Sign in to {server['name']}").click()
    tab = await opened.value
    await tab.get_by_placeholder("Enter any login").fill("grace")
    await tab.get_by_placeholder("and password").fill("any")
    await tab.get_by_role("button", name="Sign-in").click()
    await tab.get_by_role("button", name="Continue").click()
    await expect(tab.get_by_role("heading", name="Signed in")).to_be_visible()
    await tab.close()
    question = chat.page.get_by_role("region", name="who_am_i asks for permission")
    await question.get_by_role("button", name="Allow once").click()
    await answer(chat.page, "You are grace.")


async def test_a_call_is_decided_by_keyboard(visit: Visit, add_server):
    """Enter in the composer decides nothing; the buttons are on the way back from it. A form that
    the server asks for is filled in, and the picture of a result is shown."""
    staff = await visit.place.person(staff=True)
    server = await add_server(staff, audience=[visit.person.id])
    visit.place.offer("calls")
    chat = await visit.chat(model="calls")
    tools = {"settings": {"tools": [server["name"]], "model": "calls"}}
    ok(await visit.person.rest.patch(f"/api/conversations/{chat.conversation}/", tools))
    await chat.reload()
    named = ("draw", {}), ("book", {"train": "ICE 1"})
    await chat.send(calls(server, *named))
    keyboard = chat.page.keyboard
    for name in ("draw", "book"):
        card = chat.page.get_by_role("region", name=f"{name} asks for permission")
        await expect(card).to_be_visible()
        await chat.composer.focus()
        await keyboard.press("Enter")
        await card.get_by_role("textbox", name="Reason for the model").focus()
        await keyboard.press("Enter")
        await expect(card).to_be_visible()
        await keyboard.press("Tab")
        await expect(card.get_by_role("button", name="Allow once")).to_be_focused()
        await keyboard.press("Enter")
        await expect(card).to_have_count(0)
    form = chat.page.get_by_role("form", name="book asks for input")
    await form.get_by_role("spinbutton", name="Row").fill("7")
    await keyboard.press("Tab")
    await keyboard.press("a")
    await expect(form.get_by_role("combobox", name="Side")).to_have_value("aisle")
    await form.get_by_role("spinbutton", name="Row").press("Enter")
    await answer(chat.page, "Booked 7 aisle in ICE 1.")
    picture = chat.page.get_by_role("img", name="Picture 1 of draw")
    await expect(picture).to_have_js_property("naturalWidth", 4)


async def test_the_turn_goes_on_without_a_socket(visit: Visit, add_server):
    """Where REST is all that there is, calls and the reply after them are read, also by a page that
    was loaded while a call waited, and which is decided elsewhere."""
    staff = await visit.place.person(staff=True)
    server = await add_server(staff, audience=[visit.person.id])
    visit.place.offer("calls")
    chat = await visit.chat(model="calls")
    tools = {"settings": {"tools": [server["name"]], "model": "calls"}}
    ok(await visit.person.rest.patch(f"/api/conversations/{chat.conversation}/", tools))
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    context = await visit.context()
    await context.route_web_socket("**/ws/**", lambda socket: socket.close())
    alone = await visit.chat(conversation=chat.conversation, context=context)
    page = alone.page
    await alone.send(calls(server, ("write", {"text": "alone"})))
    card = page.get_by_role("region", name="write asks for permission")
    await card.get_by_role("button", name="Allow once").click()
    await expect(page.get_by_text("Used write")).to_be_visible()
    await answer(page, "Written: ")
    await alone.send(calls(server, ("write", {"text": "elsewhere"})))
    await expect(card).to_be_visible()
    await alone.reload()
    await expect(card).to_be_visible()
    [*_, asking] = await visit.person.rest.messages(chat.conversation)
    [call] = asking["tool_calls"]
    path = f"/api/messages/{asking['id']}/tool-calls/{call['id']}/decide/"
    ok(await visit.person.rest.post(path, {"client_id": str(uuid4()), "allow": True}))
    await answer(page, "elsewhere")
