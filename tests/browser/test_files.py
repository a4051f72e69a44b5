"""Files in the page: chosen, pasted, dropped, photographed; seen again, and told of."""

import re

from playwright.async_api import Page, expect

from tests.browser.browser import Visit, answered
from tests.browser.page import ChatPage
from tests.browser.screens_files import add, offer_eyes, part, scene, with_files
from tests.harness import files

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

# An event of the browser with a file that it carries.
CARRY = """([type, name, data]) => {
  const carried = new DataTransfer();
  const bytes = Uint8Array.from(data);
  carried.items.add(new File([bytes], name));
  const options = { bubbles: true, cancelable: true };
  const event = type === 'paste'
    ? new ClipboardEvent(type, { ...options, clipboardData: carried })
    : new DragEvent(type, { ...options, dataTransfer: carried });
  document.activeElement.dispatchEvent(event);
}"""


async def carry(page: Page, kind: str, name: str, data: bytes) -> None:
    await page.evaluate(CARRY, [kind, name, list(data)])


def beside(chat: ChatPage) -> str:
    return "#composer >> xpath=ancestor::div[2] >> li"


async def test_files_are_pasted_and_dropped_and_seen_again(visit: Visit):
    """A picture that was pasted and a document that was dropped are shown with the draft, stay
    through a reload, go with the message, and are there in the thread."""
    chat = await visit.chat(await offer_eyes(visit))
    await chat.composer.fill("What are these?")
    await carry(chat.page, "paste", "Hill.png", files.image())
    await carry(chat.page, "dragover", "Notes.docx", b"")
    await expect(chat.page.get_by_text("Drop files")).to_be_visible()
    await carry(chat.page, "drop", "Notes.docx", files.docx("Milk"))
    await expect(chat.page.get_by_text("Drop files")).to_be_hidden()
    await expect(chat.page.locator(beside(chat))).to_have_count(2)
    await expect(chat.send_button).to_be_enabled()
    await chat.reload()
    await expect(chat.page.locator(beside(chat))).to_have_count(2)
    await expect(chat.send_button).to_be_enabled()
    await chat.send_button.click()
    await chat.idle()
    await expect(chat.page.locator(beside(chat))).to_have_count(0)
    sent = visit.ollama.chats[-1].json["messages"][-1]
    assert len(sent["images"]) == 1
    assert "Milk" in sent["content"]
    await expect(chat.reply).to_contain_text("Read in full: Hill.png, Notes.docx")
    await chat.reload()
    picture = chat.questions.get_by_role("img", name="Image: Hill.png")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 40
    await expect(chat.questions.get_by_role("link", name="Download Notes.docx")).to_be_visible()


async def test_a_message_waits_for_its_files_and_for_eyes(visit: Visit):
    """The button says which file it waits for; a file that failed is tried again or removed; a
    model that cannot see offers one that can."""
    visit.watch.allow(r"net::ERR_FAILED")
    await offer_eyes(visit)
    chat = await visit.chat("normal")
    uploads: list[bool] = []

    async def fail_at_first(route) -> None:  # type: ignore[no-untyped-def]
        uploads.append(True)
        await (route.abort() if len(uploads) < 3 else route.continue_())

    await chat.page.route("**/api/files/", fail_at_first)
    await chat.composer.fill("Look")
    await add(chat, part("Hill.jpg", scene(150), "image/jpeg"))
    blocked = chat.page.get_by_role("button", name="Remove Hill.jpg to send")
    await expect(blocked).to_be_disabled()
    await chat.composer.press("Enter")
    # A reload loses what is not uploaded, and says so.
    await chat.reload()
    await expect(chat.alert.filter(has_text="Hill.jpg")).to_contain_text("Choose it again")
    await expect(blocked).to_be_disabled()
    await add(chat, part("Hill.jpg", scene(150), "image/jpeg"))
    await expect(chat.alert.filter(has_text="Hill.jpg")).to_contain_text("couldn’t reach")
    await chat.page.get_by_role("button", name="Upload Hill.jpg again").click()
    cannot = chat.page.get_by_role("button", name="normal can’t see images.")
    await expect(cannot).to_be_disabled()
    await chat.page.get_by_role("button", name="Use said:sees").click()
    await expect(chat.send_button).to_be_enabled()
    await expect(chat.questions).to_have_count(0)
    await chat.send_button.click()
    await chat.idle()
    assert visit.ollama.chats[-1].json["model"] == "said:sees"


async def test_a_picture_opens_large(visit: Visit):
    """Arrow keys go through the pictures of the message; Escape closes, and the focus is back."""
    chat = await with_files(visit, {})
    opener = chat.page.get_by_role("button", name="Open Hill 60.jpg")
    await opener.focus()
    await chat.page.keyboard.press("Enter")
    viewer = chat.page.get_by_role("dialog", name="Image viewer")
    await expect(viewer.get_by_role("img", name="Image: Hill 60.jpg")).to_be_visible()
    await chat.page.keyboard.press("ArrowRight")
    await expect(viewer.get_by_role("img", name="Image: Hill 200.jpg")).to_be_visible()
    await chat.page.keyboard.press("ArrowRight")
    await expect(viewer.get_by_role("status")).to_have_text("1 of 3")
    for _ in range(6):
        await chat.page.keyboard.press("Tab")
    assert await viewer.evaluate("dialog => dialog.contains(document.activeElement)")
    await chat.page.keyboard.press("Escape")
    await expect(viewer).to_be_hidden()
    await expect(opener).to_be_focused()


async def test_the_list_of_files(visit: Visit):
    """One is used again, one is deleted, and one that a message uses stays."""
    visit.watch.allow(answered(409))
    await visit.person.rest.file(b"never sent", "Spare.txt")
    chat = await with_files(visit, {})
    menu = chat.page.get_by_role("button", name="Add files")

    async def opened() -> None:
        await menu.click()
        await chat.page.get_by_role("menuitem", name="Choose from my files").click()

    await opened()
    dialog = chat.page.get_by_role("dialog", name="Files")
    rows = dialog.get_by_role("listitem")
    await expect(rows).to_have_count(8)
    await expect(dialog.get_by_text(re.compile("of 1.1 GB used"))).to_be_visible()
    await dialog.get_by_role("button", name="Delete Spare.txt").click()
    await expect(rows).to_have_count(7)
    await dialog.get_by_role("button", name="Delete boats.xlsx").click()
    await expect(chat.page.get_by_role("region", name="Notifications")).to_contain_text("message")
    await rows.filter(has_text="boats.xlsx").get_by_role("button", name="Use in").click()
    await expect(dialog).to_be_hidden()
    await expect(chat.page.locator(beside(chat))).to_have_text(re.compile("boats.xlsx"))


async def test_a_phone_has_its_camera(visit: Visit):
    """The menu offers it, and what it took is sent by the button."""
    chat = await visit.chat(await offer_eyes(visit), **PHONE)
    await chat.page.get_by_role("button", name="Add files").tap()
    async with chat.page.expect_file_chooser() as choosing:
        await chat.page.get_by_role("menuitem", name="Take a photo").tap()
    chooser = await choosing.value
    assert await chooser.element.get_attribute("capture") == "environment"
    await chooser.set_files(part("photo.jpg", files.photo(), "image/jpeg"))
    await expect(chat.send_button).to_be_enabled()
    await chat.send_button.tap()
    await chat.idle()
    await expect(chat.questions.get_by_role("img")).to_have_count(1)
