"""Screens of tools: the page for staff, and the states of a call in the thread."""

from typing import Any

from playwright.async_api import Page, expect

from tests.browser.browser import Visit, answered
from tests.browser.page import ChatPage
from tests.browser.screens import Options, screen
from tests.browser.screens_more import picture
from tests.harness.rest import ok
from tests.harness.tool_server import TOKEN, calls, tool_server_url

REST = "/api/tool-servers/"


async def _add(visit: Visit, name: str, **fields: Any) -> dict[str, Any]:
    """A tool server of this name, as staff add it."""
    person = visit.person
    await visit.place.clerk("allow", model="User", row_id=person.id, is_staff=True)
    for row in ok(await person.page.get(REST))["results"]:
        if row["name"] == name:
            await person.page.delete(f"{REST}{row['id']}/")
    given = {"url": await tool_server_url(), "auth": "bearer", "secret": TOKEN, **fields}
    return ok(await person.page.post(REST, {"name": name, **given}), 201)


@screen
async def tool_servers(visit: Visit, options: Options) -> Page:
    """The page for staff, with a server that was tested, and one that does not answer."""
    await _add(visit, "wiki", trusted=True, audience="staff")
    away = await _add(visit, "tickets", url="http://127.0.0.1:9/mcp", audience=[visit.person.id])
    ok(await visit.person.page.post(f"{REST}{away['id']}/test/"))
    page = await visit.page("/tools", **options)
    await page.get_by_role("button", name="Test wiki").click()
    await expect(page.get_by_text("Tools that were found")).to_be_visible()
    return page


@screen
async def tool_server(visit: Visit, options: Options) -> Page:
    """A tool server to be changed, with some of its tools chosen."""
    row = await _add(visit, "wiki", enabled_tools=["look_up", "browse", "gone"])
    ok(await visit.person.page.post(f"{REST}{row['id']}/test/"))
    page = await visit.page(f"/tools/{row['id']}", **options)
    await page.get_by_text("Which tools may be used").scroll_into_view_if_needed()
    return page


@picture
async def tool_server_form(visit: Visit, options: Options) -> Page:
    """A tool server to be added, in German."""
    await visit.place.clerk("allow", model="User", row_id=visit.person.id, is_staff=True)
    return await visit.page("/tools/add", locale="de", **options)


@picture
async def tool_servers_in_arabic(visit: Visit, options: Options) -> Page:
    """The page for staff, from the right."""
    row = await _add(visit, "wiki", trusted=True)
    ok(await visit.person.page.post(f"{REST}{row['id']}/test/"))
    return await visit.page("/tools", locale="ar", **options)


@screen
async def call_needs_sign_in(visit: Visit, options: Options) -> Page:
    """A call whose server wants to know the person, and one that asks."""
    row = await _add(visit, "wiki")
    ok(await visit.person.page.post(f"{REST}{row['id']}/test/"))
    await visit.place.clerk("allow", model="ToolServer", row_id=row["id"], auth="oauth")
    visit.place.offer("calls")
    chat = await visit.chat(model="calls", **options)
    tools = {"settings": {"tools": ["wiki", "builtin"], "model": "calls"}}
    ok(await visit.person.rest.patch(f"/api/conversations/{chat.conversation}/", tools))
    await chat.reload()
    await chat.send(calls(row, ("look_up", {"word": "hash table"})))
    await expect(chat.page.get_by_role("link", name="Sign in to wiki")).to_be_visible()
    return chat.page


@screen
async def signing_in_did_not_work(visit: Visit, options: Options) -> Page:
    """The page at which a way to a tool server ends that leads nowhere."""
    await _add(visit, "wiki", auth="oauth", secret="", url="http://127.0.0.1:9/mcp")
    visit.watch.allow(answered(400))
    return await visit.page("/tools/wiki/sign-in", **options)


async def _called(visit: Visit, options: Options, *named: tuple[str, dict[str, Any]]) -> ChatPage:
    """A chat in which a model has called tools of the wiki."""
    row = await _add(visit, "wiki", trusted=True)
    visit.place.offer("calls")
    chat = await visit.chat(model="calls", **options)
    tools = {"settings": {"tools": ["wiki"], "model": "calls"}}
    ok(await visit.person.rest.patch(f"/api/conversations/{chat.conversation}/", tools))
    await chat.reload()
    await chat.send(calls(row, *named))
    return chat


async def _allow(chat: ChatPage, name: str) -> None:
    card = chat.page.get_by_role("region", name=f"{name} asks for permission")
    await card.get_by_role("button", name="Allow once").click()
    await expect(card).to_have_count(0)


@screen
async def call_asked(visit: Visit, options: Options) -> Page:
    """A call that waits for a decision."""
    chat = await _called(visit, options, ("write", {"text": "Tides follow the moon."}))
    card = chat.page.get_by_role("region", name="write asks for permission")
    await card.get_by_role("button", name="Deny").scroll_into_view_if_needed()
    return chat.page


@picture
async def call_running(visit: Visit, options: Options) -> Page:
    chat = await _called(visit, options, ("wait", {"seconds": 25}), ("look_up", {"word": "tide"}))
    await _allow(chat, "wait")
    await expect(chat.page.get_by_text("Using wait")).to_be_visible()
    return chat.page


@picture
async def call_done(visit: Visit, options: Options) -> Page:
    """Calls that were made, one of them open; a picture; one that failed, and one that was
    denied."""
    named = ("look_up", {"word": "tide"}), ("fail", {}), ("write", {"text": "x"}), ("draw", {})
    chat = await _called(visit, options, *named)
    await _allow(chat, "fail")
    await _allow(chat, "draw")
    denied = chat.page.get_by_role("region", name="write asks for permission")
    await denied.get_by_role("textbox", name="Reason for the model").fill("Not now.")
    await denied.get_by_role("button", name="Deny").click()
    await expect(chat.page.get_by_text("Results:")).to_be_visible()
    await chat.page.get_by_text("Used look up").click()
    return chat.page


@screen
async def call_input(visit: Visit, options: Options) -> Page:
    """A form that a tool server asks for."""
    chat = await _called(visit, options, ("book", {"train": "ICE 1"}))
    await _allow(chat, "book")
    form = chat.page.get_by_role("form", name="book asks for input")
    await form.get_by_role("spinbutton", name="Row").fill("7")
    await form.get_by_role("button", name="Dismiss").scroll_into_view_if_needed()
    return chat.page
