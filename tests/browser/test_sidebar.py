"""The conversations beside the thread: finding, naming, keeping, putting away, deleting."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.sidebar import Sidebar, three


async def test_newest_first_under_today(visit: Visit):
    """The open one is marked, and each is a link that can be opened elsewhere."""
    _, sidebar, ids = await three(visit)
    await sidebar.titles("Third", "Second", "First")
    await expect(sidebar.group("Today")).to_have_count(3)
    await expect(sidebar.row("First")).to_have_attribute("aria-current", "page")
    await expect(sidebar.row("Third")).to_have_attribute("href", f"/chat/{ids[2]}")


async def test_opening_loads_no_page(visit: Visit):
    """Back and Forward work, and the composer has the focus."""
    chat, sidebar, ids = await three(visit)
    await chat.page.evaluate("window.same = true")
    await sidebar.row("Third").click()
    await expect(chat.page).to_have_url(re.compile(ids[2]))
    await expect(chat.heading).to_have_text("Third")
    await expect(chat.composer).to_be_focused()
    await expect(sidebar.row("Third")).to_have_attribute("aria-current", "page")
    await chat.page.go_back()
    await expect(chat.heading).to_have_text("First")
    await chat.page.go_forward()
    await expect(chat.heading).to_have_text("Third")
    assert await chat.page.evaluate("window.same")


async def test_ctrl_click_opens_a_tab(visit: Visit):
    chat, sidebar, ids = await three(visit)
    async with chat.page.context.expect_page() as opened:
        await sidebar.row("Third").click(modifiers=["ControlOrMeta"])
    await expect(await opened.value).to_have_url(re.compile(ids[2]))
    await expect(chat.page).to_have_url(re.compile(ids[0]))


async def test_the_title_and_the_running_mark_are_live(visit: Visit):
    """A chat comes to the front when something is said in it."""
    chat = await visit.chat(model="gate:n=2")
    sidebar = Sidebar(chat.page)
    await visit.person.rest.new_conversation(title="Later")
    await chat.reload()
    await sidebar.titles("Later", "New chat")
    await chat.send("About tides")
    running = sidebar.row("About tides").get_by_role("img", name="Replying")
    await expect(running).to_be_visible()
    await expect(sidebar.rows.first).to_contain_text("About tides")
    visit.ollama.gate("a").open()
    await chat.idle()
    await expect(running).to_have_count(0)


async def test_a_reply_that_runs_elsewhere_loses_its_mark(visit: Visit):
    """Nobody tells a page that has left the conversation: it looks."""
    chat = await visit.chat(model="gate:n=2")
    sidebar = Sidebar(chat.page)
    await chat.send("About tides")
    await visit.ollama.chat(0)
    await sidebar.new_chat.click()
    running = sidebar.row("About tides").get_by_role("img", name="Replying")
    await expect(chat.heading).to_have_text("New chat")
    await expect(running).to_be_visible()
    visit.ollama.gate("a").open()
    await expect(running).to_have_count(0)


async def test_what_is_said_while_the_list_is_read(visit: Visit):
    """The list comes late, and as it was before: the chat that was left keeps its mark."""
    chat = await visit.chat(model="gate:n=2")
    sidebar = Sidebar(chat.page)
    gone_on = asyncio.Event()

    async def late(route: Route) -> None:
        before = await route.fetch()
        read.set()
        await gone_on.wait()
        await route.fulfill(response=before)

    read = asyncio.Event()
    await chat.page.route("**/api/conversations/?pinned=false*", late)
    await chat.reload()
    await read.wait()
    await chat.send("About tides")
    await visit.ollama.chat(0)
    await sidebar.new_chat.click()
    await expect(chat.heading).to_have_text("New chat")
    gone_on.set()
    running = sidebar.row("About tides").get_by_role("img", name="Replying")
    await expect(running).to_be_visible()
    visit.ollama.gate("a").open()
    await expect(running).to_have_count(0)


async def test_a_new_chat_is_made_once(visit: Visit):
    """While one is empty, the button leads to it."""
    chat, sidebar, _ = await three(visit)
    await sidebar.new_chat.click()
    await expect(chat.heading).to_have_text("New chat")
    await expect(chat.composer).to_be_focused()
    await sidebar.titles("New chat", "Third", "Second", "First")
    await sidebar.new_chat.click()
    await expect(chat.composer).to_be_focused()
    await sidebar.row("Second").click()
    await sidebar.new_chat.click()
    await expect(chat.heading).to_have_text("New chat")
    await expect(sidebar.rows).to_have_count(4)


async def test_rename_in_place(visit: Visit):
    """Enter keeps it, Escape does not; the heading follows."""
    chat, sidebar, ids = await three(visit)
    field = sidebar.nav.get_by_role("textbox", name="Chat title")
    await sidebar.choose("First", "Rename")
    await expect(field).to_be_focused()
    await field.fill("Renamed")
    async with chat.page.expect_response(lambda told: told.request.method == "PATCH"):
        await field.press("Enter")
    await expect(chat.heading).to_have_text("Renamed")
    await expect(sidebar.row("Renamed")).to_be_focused()
    await chat.page.keyboard.press("F2")
    await field.fill("Never")
    await field.press("Escape")
    await expect(sidebar.row("Renamed")).to_be_focused()
    row = (await visit.person.rest.get(f"/api/conversations/{ids[0]}/")).json()
    assert row["title"] == "Renamed"


async def test_pin_and_unpin(visit: Visit):
    """The pinned stand on top, in a group of their own, also after a reload."""
    chat, sidebar, _ = await three(visit)
    await sidebar.choose("First", "Pin")
    await expect(sidebar.group("Pinned")).to_have_text(["First"])
    await chat.reload()
    await sidebar.titles("First", "Third", "Second")
    await sidebar.choose("First", "Unpin")
    await sidebar.titles("Third", "Second", "First")


async def test_pinned_while_the_lists_are_read(visit: Visit):
    """What both readings have, the pinned and the others, stands once."""
    chat, sidebar, ids = await three(visit)

    async def slow(route: Route) -> None:
        before = await route.fetch()
        await visit.person.rest.patch(f"/api/conversations/{ids[1]}/", {"pinned": True})
        pinned.set()
        await route.fulfill(response=before)

    async def after(route: Route) -> None:
        await pinned.wait()
        await route.continue_()

    pinned = asyncio.Event()
    await chat.page.route("**/api/conversations/?pinned=false*", slow)
    await chat.page.route("**/api/conversations/?pinned=true*", after)
    await chat.reload()
    await sidebar.titles("Second", "Third", "First")
    await expect(sidebar.group("Pinned")).to_have_text(["Second"])


async def test_archive_and_back(visit: Visit):
    """Out of the list, into the archive, and out of it."""
    _, sidebar, _ = await three(visit)
    await sidebar.choose("Second", "Archive")
    await sidebar.titles("Third", "First")
    await expect(sidebar.toasts).to_contain_text("Archived “Second”")
    await sidebar.archive.click()
    await sidebar.titles("Second")
    await sidebar.choose("Second", "Unarchive")
    await expect(sidebar.nav.get_by_text("No archived chats.")).to_be_visible()
    await sidebar.nav.get_by_role("button", name="Back to all chats").click()
    await sidebar.titles("Third", "Second", "First")


async def test_delete_and_undo(visit: Visit):
    """The open one: the next takes its place, and Undo brings both back."""
    chat, sidebar, ids = await three(visit)
    await sidebar.choose("First", "Delete")
    await sidebar.titles("Third", "Second")
    await expect(sidebar.toasts).to_contain_text("Deleted “First”")
    await expect(chat.heading).to_have_text("Third")
    await sidebar.undo.click()
    await sidebar.titles("Third", "Second", "First")
    await expect(chat.page).to_have_url(re.compile(ids[0]))
    await expect(chat.heading).to_have_text("First")
    await expect(sidebar.toasts).to_have_text("")


async def test_clearing_can_be_undone(visit: Visit):
    """Back to the old conversation; the fresh one goes."""
    chat, sidebar, ids = await three(visit)
    await chat.clear()
    await chat.dialog.get_by_role("button", name="Start new chat").click()
    await sidebar.titles("New chat", "Third", "Second", "First")
    await sidebar.undo.click()
    await expect(chat.page).to_have_url(re.compile(ids[0]))
    await sidebar.titles("Third", "Second", "First")


@pytest.mark.parametrize(("action", "end"), [("Markdown", "md"), ("JSON", "json")])
async def test_export(visit: Visit, action: str, end: str):
    """As a file, without leaving the page."""
    chat, sidebar, _ = await three(visit)
    await chat.ask("What was said")
    async with chat.page.expect_download() as download:
        await sidebar.choose("First", f"Export as {action}")
    file = await download.value
    assert file.suggested_filename.endswith(f".{end}")
    assert "What was said" in (await file.path()).read_text()


async def test_search_marks_the_words(visit: Visit):
    """In titles and in what was said; nothing found says so."""
    chat, sidebar, _ = await three(visit)
    await chat.ask("The lighthouse has a Fresnel lens")
    await sidebar.search.fill("fresnel light")
    await expect(sidebar.found).to_have_count(1)
    await expect(sidebar.found.locator("mark")).to_have_text(["light", "Fresnel"])
    await sidebar.search.fill("thir")
    await expect(sidebar.found).to_have_text(["Third"])
    await sidebar.search.fill("nowhere")
    await expect(sidebar.nav.get_by_text("No results for “nowhere”.")).to_be_visible()
    await sidebar.search.press("Escape")
    await expect(sidebar.search).to_have_value("")
    await expect(sidebar.rows).to_have_count(3)


async def test_the_list_by_keyboard(visit: Visit):
    """One stop for Tab; arrows move, the menu opens and gives the focus back, Delete deletes."""
    chat, sidebar, _ = await three(visit)
    await sidebar.row("First").focus()
    await chat.page.keyboard.press("ArrowUp")
    await expect(sidebar.row("Second")).to_be_focused()
    await chat.page.keyboard.press("Home")
    await expect(sidebar.row("Third")).to_be_focused()
    await chat.page.keyboard.press("Tab")
    actions = sidebar.nav.get_by_role("button", name="Actions for Third")
    await expect(actions).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.get_by_role("menuitem", name="Rename")).to_be_focused()
    await chat.page.keyboard.press("ArrowUp")
    await expect(chat.page.get_by_role("menuitem", name="Delete")).to_be_focused()
    await chat.page.keyboard.press("Escape")
    await expect(actions).to_be_focused()
    await chat.page.keyboard.press("Tab")
    await expect(sidebar.archive).to_be_focused()
    await sidebar.row("Third").focus()
    await chat.page.keyboard.press("Delete")
    await sidebar.titles("Second", "First")
    await expect(sidebar.row("Second")).to_be_focused()
    await expect(sidebar.undo).to_be_visible()
    await chat.page.keyboard.press("Control+z")
    await sidebar.titles("Third", "Second", "First")


async def test_the_sidebar_is_remembered(visit: Visit):
    """Closed or open, the server already sends the frame that way."""
    chat, sidebar, _ = await three(visit)
    await expect(sidebar.toggle).to_have_attribute("aria-expanded", "true")
    await sidebar.toggle.click()
    await expect(sidebar.nav).to_have_count(0)
    await chat.reload()
    await expect(sidebar.toggle).to_have_attribute("aria-expanded", "false")
    await sidebar.toggle.click()
    await expect(sidebar.row("Third")).to_be_visible()


async def test_the_account_menu(visit: Visit):
    """Who one is, where to go, and out."""
    chat, sidebar, _ = await three(visit)
    await expect(sidebar.account).to_have_accessible_name(f"Account: {visit.person.name}")
    await sidebar.account.click()
    item = chat.page.get_by_role("menuitem", name="Profile")
    await expect(item).to_have_attribute("href", "/profile")
    await expect(chat.page.get_by_role("menuitem", name="Admin")).to_have_count(0)
    await chat.page.get_by_role("menuitem", name="Sign out").click()
    await expect(chat.page).to_have_url(re.compile("/signin/"))


async def test_a_list_that_cannot_be_loaded(visit: Visit):
    """Says so, and can be asked again."""
    visit.watch.allow("status of 500")
    page = await visit.page()
    failing = re.compile(r"/api/conversations/\?")
    await page.route(failing, lambda route: route.fulfill(status=500, body="{}"))
    chat = ChatPage(page)
    await chat.open(await visit.conversation())
    sidebar = Sidebar(page)
    await expect(sidebar.nav.get_by_text("Couldn’t load your chats.")).to_be_visible()
    await page.unroute(failing)
    await sidebar.nav.get_by_role("button", name="Retry").click()
    await expect(sidebar.row("New chat")).to_be_visible()
