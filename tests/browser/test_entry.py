"""Coming to the chat: the first time, again, by a link, by somebody else's link."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit, answered
from tests.browser.page import ChatPage

ADDRESS = re.compile(r"/chat/[0-9a-f-]{36}$")


async def enter(visit: Visit, chat: ChatPage | None = None) -> ChatPage:
    """Go to `/chat`, in the tab of `chat` or a new one."""
    page = chat.page if chat else await visit.page()
    await page.goto("/chat")
    await expect(page).to_have_url(ADDRESS)
    opened = ChatPage(page)
    await expect(opened.composer).to_be_visible()
    return opened


async def test_the_first_visit_creates_a_conversation(visit: Visit):
    """One, with its own address, ready to be written in."""
    chat = await enter(visit)
    await expect(chat.composer).to_be_focused()
    await expect(chat.page.get_by_role("heading", level=2)).to_have_text(
        "What would you like to try?"
    )
    rows = (await visit.person.rest.get("/api/conversations/")).json()["results"]
    assert [row["id"] for row in rows] == [chat.conversation]


async def test_coming_back_shows_the_last_conversation(visit: Visit):
    """With what was said in it."""
    chat = await enter(visit)
    first = chat.conversation
    await chat.ask("Remember this")
    chat = await enter(visit, chat)
    assert chat.conversation == first
    await expect(chat.questions).to_contain_text("Remember this")
    await expect(chat.text).to_have_text("Hello from the scripted model.")


async def test_an_address_is_a_link_to_keep(visit: Visit):
    """In another browser it shows the same thread, at its end."""
    chat = await visit.chat()
    await visit.place.clerk("fill", conversation_id=chat.conversation, turns=20, words=60)
    other = await visit.chat(conversation=chat.conversation)
    await expect(other.replies).to_have_count(20)
    await other.at_end()
    await expect(other.composer).to_be_focused()


async def test_the_page_brings_what_it_shows(visit: Visit):
    """The thread is there without asking for it; gone away and come back, it is read anew."""
    first = await visit.chat()
    await first.ask("Remember this")
    page = await visit.page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"/chat/{first.conversation}")
    chat = ChatPage(page)
    await expect(chat.text).to_have_text("Hello from the scripted model.")
    await expect(chat.questions).to_contain_text("Remember this")
    mine = f"/api/conversations/{first.conversation}/"
    assert not [url for url in asked if url.endswith(mine) or f"{mine}messages/" in url]
    await page.get_by_role("button", name="New chat").click()
    await expect(chat.questions).to_have_count(0)
    await first.ask("And this")
    await page.go_back()
    await expect(chat.questions).to_have_count(2)
    assert [url for url in asked if f"{mine}messages/" in url]


@pytest.mark.parametrize("whose", ["somebody else's", "nobody's"])
async def test_a_conversation_that_is_not_mine(visit: Visit, whose: str):
    """Both look the same, and there is a way on."""
    visit.watch.allow(answered(404))
    stranger = await visit.place.person()
    wanted = await stranger.conversation() if whose == "somebody else's" else uuid4()
    page = await visit.page(f"/chat/{wanted}")
    heading = page.get_by_role("heading", name="Chat not found")
    await expect(heading).to_be_visible()
    await expect(page.get_by_role("link", name="Go to home", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Start a new chat").click()
    await expect(ChatPage(page).composer).to_be_focused()
    await expect(page).not_to_have_url(re.compile(str(wanted)))


async def test_a_deleted_last_conversation_is_forgotten(visit: Visit):
    """`/chat` then creates another instead of showing an error."""
    visit.watch.allow(answered(404))
    chat = await enter(visit)
    deleted = chat.conversation
    await visit.person.rest.delete(f"/api/conversations/{deleted}/")
    await chat.page.goto("/")
    chat = await enter(visit, chat)
    await expect(chat.page).not_to_have_url(re.compile(deleted))
    await expect(chat.composer).to_be_visible()


async def test_an_example_fills_the_composer(visit: Visit):
    """And does not send."""
    chat = await visit.chat()
    await chat.page.get_by_role("button", name="Explain an idea").click()
    await expect(chat.composer).to_have_value(re.compile("^Explain how a hash table works"))
    await expect(chat.composer).to_be_focused()
    await expect(chat.questions).to_have_count(0)


async def test_the_back_button_leads_to_welcome(visit: Visit):
    """The step over `/chat` is not one of its own."""
    page = await visit.page("/")
    await page.get_by_role("main").get_by_role("link", name="Chat Playground").click()
    await expect(page).to_have_url(ADDRESS)
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


async def test_it_can_be_read_before_any_code_runs(visit: Visit):
    """What the server draws says the same as what the app draws in its place."""
    chat = await visit.chat()
    first = chat.page.get_by_role("region", name="What would you like to try?")
    await expect(first).to_contain_text("normal is ready")
    shown = await first.inner_text()
    plain = await visit.page(f"/chat/{chat.conversation}", java_script_enabled=False)
    drawn = await plain.locator("#root").inner_text()
    title, lead, *others = [line for line in shown.split("\n") if line.strip()]
    # The app knows which model is ready.
    plain_lead = "Pick a prompt or write your own."
    assert lead == f"normal is ready · on this machine. {plain_lead}"
    expected = [title, plain_lead, *others]
    assert [line for line in drawn.split("\n") if line.strip()][-len(expected) :] == expected
