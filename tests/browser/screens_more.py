"""More screens: formulas, directions and colours, what opens over the page, the list of chats.

`PICTURES` are only for the eye: `test_axe_around.py` looks at the same.
"""

import asyncio

from playwright.async_api import Page, expect

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Visit, answered
from tests.browser.page import ChatPage
from tests.browser.screens import QUESTION, Options, Screen, explained, laid_out, screen
from tests.browser.sidebar import Sidebar
from tests.harness import WAIT_S

MATHS = r"""The roots of a quadratic equation are

$$
x_{1,2} = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
$$

and they are real when \(b^2 \ge 4ac\). As a matrix:

\[ \begin{pmatrix} 0 & 1 \\ -c & -b \end{pmatrix} \]"""
ARABIC = """**جدول التجزئة** هو مصفوفة لها قاعدة تحدّد مكان كل شيء.

- تحوّل الدالة المفتاح إلى رقم.
- الرقم هو المكان في المصفوفة."""
PICTURES: dict[str, Screen] = {}
TITLES = (
    "Explain how tides work",
    "Compare SQLite and PostgreSQL",
    "A name for the sailing boat",
    "كيف تعمل جداول التجزئة؟",
    "Shorter cover letter",
)


def picture(function: Screen) -> Screen:
    PICTURES[function.__name__] = function
    return function


async def listed(visit: Visit, options: Options) -> tuple[ChatPage, Sidebar]:
    """A conversation with others in the list, which is open if there is room for it."""
    for title in TITLES:
        chat_id = await visit.person.rest.new_conversation(title=title)
        await visit.person.rest.generate(chat_id, f"About this: {title}")
    return (chat := await explained(visit, options)), Sidebar(chat.page)


async def list_open(sidebar: Sidebar) -> None:
    if await sidebar.nav.count() == 0:
        await sidebar.toggle.click()
    await expect(sidebar.rows.first).to_be_visible()


@screen
async def math(visit: Visit, options: Options) -> Page:
    visit.ollama.text = MATHS
    chat = await visit.chat(model="said", **options)
    await chat.ask("When does a quadratic equation have real roots?")
    await expect(chat.reply.locator(".katex")).to_have_count(3)
    await chat.page.evaluate("document.fonts.ready.then(() => true)")
    return chat.page


@screen
async def right_to_left(visit: Visit, options: Options) -> Page:
    visit.ollama.text = ARABIC
    chat = await visit.chat(model="said", **options)
    await chat.ask("ما هو جدول التجزئة؟ اشرح باختصار.")
    await laid_out(chat, "strong")
    return chat.page


@screen
async def editor(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    await chat.questions.first.get_by_role("button", name="Edit message").click()
    await expect(chat.page.get_by_role("textbox", name="Edit your message")).to_be_focused()
    return chat.page


@screen
async def message_details(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    await chat.reply.get_by_role("button", name="Message details").click()
    await expect(chat.page.get_by_role("dialog")).to_be_visible()
    return chat.page


@screen
async def other_model(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    await chat.reply.get_by_role("button", name="Regenerate with another model").click()
    await expect(chat.page.get_by_role("dialog")).to_be_visible()
    return chat.page


@screen
async def versions(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    visit.ollama.text = "Think of a wardrobe with numbered drawers."
    await chat.reply.get_by_role("button", name="Regenerate", exact=True).click()
    await expect(chat.reply.get_by_role("group", name="Versions")).to_contain_text("2/2")
    await chat.idle()
    return chat.page


@screen
async def connection_limited(visit: Visit, options: Options) -> Page:
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    conversation = await visit.conversation(model="normal")
    context = await visit.context(**options)
    await context.route_web_socket("**/ws/**", lambda socket: socket.close())
    chat = await visit.chat(conversation=conversation, context=context)
    await expect(chat.note("Limited connection")).to_be_visible()
    await chat.ask("Does this arrive?")
    return chat.page


@picture
async def chats(visit: Visit, options: Options) -> Page:
    _, sidebar = await listed(visit, options)
    await list_open(sidebar)
    await sidebar.choose("A name for the sailing boat", "Pin")
    await expect(sidebar.group("Pinned")).to_have_count(1)
    return sidebar.page


@picture
async def chat_menu(visit: Visit, options: Options) -> Page:
    _, sidebar = await listed(visit, options)
    await list_open(sidebar)
    await sidebar.row("Shorter cover letter").hover()
    await sidebar.nav.get_by_role("button", name="Actions for Shorter cover letter").click()
    await expect(sidebar.page.get_by_role("menu")).to_be_visible()
    return sidebar.page


@picture
async def chats_found(visit: Visit, options: Options) -> Page:
    _, sidebar = await listed(visit, options)
    await list_open(sidebar)
    await sidebar.search.fill("hash")
    await expect(sidebar.found.locator("mark").first).to_be_visible()
    return sidebar.page


@picture
async def chat_deleted(visit: Visit, options: Options) -> Page:
    _, sidebar = await listed(visit, options)
    await list_open(sidebar)
    await sidebar.choose("Shorter cover letter", "Delete")
    await expect(sidebar.undo).to_be_visible()
    return sidebar.page


@picture
async def palette(visit: Visit, options: Options) -> Page:
    chat, _ = await listed(visit, options)
    await chat.page.keyboard.press("Control+k")
    await expect(chat.page.get_by_role("option").first).to_be_visible()
    return chat.page


@picture
async def shortcut_help(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    await chat.page.keyboard.press("Control+/")
    await expect(chat.page.get_by_role("dialog")).to_be_visible()
    return chat.page


@screen
async def profile(visit: Visit, options: Options) -> Page:
    page = await visit.page("/profile", **options)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


@screen
async def people(visit: Visit, options: Options) -> Page:
    """The page for staff, with an invitation and somebody who waits."""
    person, place = visit.person, visit.place
    await place.clerk("allow", model="User", row_id=person.id, is_staff=True)
    other, waiting = await place.person(), await place.person()
    await place.clerk("allow", model="User", row_id=other.id, is_active=False)
    await place.clerk(
        "allow", model="User", row_id=waiting.id, is_active=False, awaits_approval=True
    )
    await person.page.post("/api/invitations/", {"name": "Grace Hopper"})
    page = await visit.page("/people", **options)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


@screen
async def forced_colours(visit: Visit, options: Options) -> Page:
    chat, _ = await listed(visit, {**options, "forced_colors": "active"})
    return chat.page


@picture
async def message_menu(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    await chat.reply.get_by_role("button", name="More actions").click()
    await expect(chat.page.get_by_role("menuitem", name="Delete message")).to_be_visible()
    return chat.page


@picture
async def temporary_chat(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    if await Sidebar(chat.page).nav.count() == 0:
        await Sidebar(chat.page).toggle.click()
    await chat.page.get_by_role("button", name="New temporary chat").click()
    await expect(chat.page.get_by_role("complementary", name="Temporary chat")).to_be_visible()
    await chat.ask(QUESTION)
    return chat.page


@screen
async def prompts(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    await chat.composer.fill("/")
    await expect(chat.page.get_by_role("option", name="Polish your writing")).to_be_visible()
    return chat.page


@screen
async def prompt_library(visit: Visit, options: Options) -> Page:
    page = await prompts(visit, options)
    await page.get_by_role("button", name="Edit prompts").click()
    await page.get_by_role("button", name="Edit prompt Write some code").click()
    return page


@picture
async def prompt_form(visit: Visit, options: Options) -> Page:
    fields = {"name": "Translate", "text": "Translate into {{language}}:\n\n{{text}}"}
    await visit.person.page.post("/api/prompts/", fields)
    chat = await explained(visit, options)
    await chat.composer.fill("/translate")
    await chat.page.get_by_role("option", name="Translate").click()
    await expect(chat.page.get_by_role("dialog", name="Translate")).to_be_visible()
    return chat.page


@picture
async def more_settings(visit: Visit, options: Options) -> Page:
    fields = {"name": "Short and strict", "settings": {"temperature": 0.1}}
    await visit.person.page.post("/api/presets/", fields)
    chat = await visit.chat(model="said", **options)
    settings = await chat.open_settings(advanced=True)
    await chat.page.get_by_text("Presets", exact=True).click()
    await expect(
        chat.page.get_by_role("button", name="Short and strict", exact=True)
    ).to_be_visible()
    await settings.top_p.scroll_into_view_if_needed()
    return chat.page


@picture
async def first_prompts(visit: Visit, options: Options) -> Page:
    return (await visit.chat(**options)).page


@picture
async def in_arabic(visit: Visit, options: Options) -> Page:
    visit.ollama.text = ARABIC
    chat_id = await visit.conversation(model="said")
    for said in ("ما هو جدول التجزئة؟", "وكيف ينمو؟"):
        await visit.person.rest.generate(chat_id, said, model="said")
    page = await visit.page(f"/chat/{chat_id}", locale="ar", **options)
    await expect(page.get_by_role("log")).to_contain_text("الرقم هو المكان")
    await page.get_by_role("button", name="إعدادات الردود").click()
    return page


@picture
async def first_in_arabic(visit: Visit, options: Options) -> Page:
    page = await visit.page(f"/chat/{await visit.conversation()}", locale="ar", **options)
    await expect(page.get_by_role("textbox", name="الرسالة")).to_be_visible()
    return page


@picture
async def profile_in_german(visit: Visit, options: Options) -> Page:
    return await visit.page("/profile", locale="de", **options)


@picture
async def chat_in_japanese(visit: Visit, options: Options) -> Page:
    page = await visit.page(f"/chat/{await visit.conversation()}", locale="ja", **options)
    await expect(page.get_by_role("textbox", name="メッセージ")).to_be_visible()
    return page


@screen
async def connections(visit: Visit, options: Options) -> Page:
    """The page for staff, with a second server that was tested, and one that does not answer."""
    person = visit.person
    await visit.place.clerk("allow", model="User", row_id=person.id, is_staff=True)
    second = {
        "kind": "openai",
        "base_url": f"{visit.place.openai.url}/v1",
        "api_key": "sk-secret-1",
    }
    rows = [
        {**second, "name": "openrouter", "label": "OpenRouter"},
        {
            "name": "workshop",
            "kind": "ollama",
            "base_url": "http://127.0.0.1:9",
            "label": "Workshop",
        },
    ]
    await _without_connections(visit)
    for row in rows:
        await person.page.post("/api/connections/", row)
    page = await visit.page("/connections", **options)
    await page.get_by_role("button", name="Test openrouter").click()
    await expect(page.get_by_text("OpenRouter answers and has")).to_be_visible()
    await _without_connections(visit)
    return page


@screen
async def connection_form(visit: Visit, options: Options) -> Page:
    """A connection to be added, with what the server refuses."""
    await visit.place.clerk("allow", model="User", row_id=visit.person.id, is_staff=True)
    visit.watch.allow(answered(400))
    page = await visit.page("/connections/add", **options)
    await page.get_by_label("Name", exact=True).fill("Azure OpenAI")
    await page.get_by_label("Address").fill("https://example.openai.azure.com/openai/v1")
    await page.get_by_text("More: headers").click()
    await page.get_by_label("Query parameters").fill("api-version=2026-01-01")
    await page.get_by_role("button", name="Save and test").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    return page


@screen
async def ollama_models(visit: Visit, options: Options) -> Page:
    """The page for staff, while a model is pulled and another is in memory."""
    person, ollama = visit.person, visit.ollama
    await visit.place.clerk("allow", model="User", row_id=person.id, is_staff=True)
    ollama.loaded["llama3.2:latest"] = 8192
    body = {"connection": "ollama", "model": "gated", "kind": "pull"}
    job = (await person.page.post("/api/model-jobs/", body)).json()
    ollama.gate("pull").release(2)
    page = await visit.page("/models", **options)
    bar = page.get_by_role("progressbar", name="Pull of gated").first
    await expect(bar).to_have_attribute("value", "2000")
    # The page would be loaded anew at the end of the work.
    waits = await visit.hold(page, "**/api/model-jobs/")
    async with asyncio.timeout(WAIT_S):
        await waits.wait()
    await person.page.delete(f"/api/model-jobs/{job['id']}/")
    return page


async def _without_connections(visit: Visit) -> None:
    for row in (await visit.person.page.get("/api/connections/")).json()["results"]:
        if not row["from_environment"]:
            await visit.person.page.delete(f"/api/connections/{row['id']}/")
