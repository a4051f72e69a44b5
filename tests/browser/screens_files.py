"""More screens: files in the composer and in the thread, the viewer, the list of them."""

import math
from typing import Any

from PIL import Image
from playwright.async_api import Page, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.samples import PROSE
from tests.browser.screens import Options, screen
from tests.browser.screens_more import picture
from tests.harness import files
from tests.harness.rest import ok
from tests.scripted.ollama import entry


def scene(hue: int, size: tuple[int, int] = (900, 600)) -> bytes:
    """A picture that is something to look at: hills below a sky."""
    width, height = 90, 60
    made = Image.new("HSV", (width, height))
    for x in range(width):
        hill = height * (0.62 + 0.12 * math.sin(x / 11 + hue))
        for y in range(height):
            sky = (hue, 90 - y, 235 - y)
            made.putpixel((x, y), sky if y < hill else ((hue + 90) % 256, 130, 150 - y))
    return files.saved(made.convert("RGB").resize(size, Image.Resampling.BICUBIC), "JPEG")


def part(name: str, data: bytes, kind: str = "") -> Any:
    """A file as a person chooses it in the browser."""
    return {"name": name, "mimeType": kind or "application/octet-stream", "buffer": data}


async def offer_eyes(visit: Visit, name: str = "said:sees", **options: Any) -> str:
    """Have a model that can see."""
    options = {"capabilities": ("completion", "vision"), **options}
    visit.ollama.models.append(entry(name, **options))
    await visit.offered(name)
    return name


async def add(chat: ChatPage, *parts: Any) -> None:
    """Choose files of this device."""
    await chat.page.locator("input[data-from=device]").set_input_files(list(parts))


async def with_files(visit: Visit, options: Options) -> ChatPage:
    """A conversation with pictures and documents, one of them too long to be read in full."""
    visit.ollama.text = PROSE
    model = await offer_eyes(visit, "said:small", context_length=2048)
    conversation = await visit.conversation(model)
    rest = visit.person.rest
    report = files.pdf(*(f"Page {number}: the harbour and its boats " for number in range(1, 4)))
    boats = [["Boat", "Length"], ["Aurora", 9.2], ["Nordkap", 11]]
    long = "\n\n".join(f"Chapter {n}. The harbour had {n} boats. " * 12 for n in range(1, 60))
    first = [
        await rest.file(scene(150), "Harbour at noon.jpg"),
        await rest.file(report, "Harbour report 2026.pdf"),
        await rest.file(files.xlsx(Boats=boats), "boats.xlsx"),
    ]
    ok(await rest.generate(conversation, "What does it say?", model=model, attachments=first))
    second = [await rest.file(scene(hue, (600, 800)), f"Hill {hue}.jpg") for hue in (10, 60, 200)]
    second.append(await rest.file(long.encode(), "The history of the harbour.txt"))
    ok(await rest.generate(conversation, "Which boats came?", model=model, attachments=second))
    chat = await visit.chat(conversation=conversation, **options)
    await expect(chat.page.get_by_text("Read in part:").last).to_be_visible()
    return chat


@screen
async def files_in_thread(visit: Visit, options: Options) -> Page:
    chat = await with_files(visit, options)
    minutes = files.docx("The meeting began at nine.")
    await add(chat, part("Sails.jpg", scene(120), "image/jpeg"), part("Minutes.docx", minutes))
    await chat.composer.fill("And what do these add?")
    await expect(chat.send_button).to_be_enabled()
    return chat.page


@screen
async def image_viewer(visit: Visit, options: Options) -> Page:
    chat = await with_files(visit, options)
    await chat.page.get_by_role("button", name="Open Hill 60.jpg").click()
    await expect(chat.page.get_by_role("dialog", name="Image viewer")).to_be_visible()
    return chat.page


@screen
async def files_dialog(visit: Visit, options: Options) -> Page:
    chat = await with_files(visit, options)
    await chat.page.get_by_role("button", name="Add files").click()
    await chat.page.get_by_role("menuitem", name="Choose from my files").click()
    dialog = chat.page.get_by_role("dialog", name="Files")
    await expect(dialog.get_by_role("listitem")).to_have_count(7)
    return chat.page


@picture
async def files_refused(visit: Visit, options: Options) -> Page:
    await offer_eyes(visit)
    chat = await visit.chat("normal", **options)
    broken = part("Contract.pdf", files.pdf("secret", password="1"), "application/pdf")
    await add(chat, part("Harbour.jpg", scene(150), "image/jpeg"), broken)
    await expect(chat.page.get_by_role("alert").filter(has_text="can’t see")).to_be_visible()
    await expect(
        chat.page.get_by_role("button", name="Remove Contract.pdf to send")
    ).to_be_visible()
    return chat.page


@picture
async def files_dropped(visit: Visit, options: Options) -> Page:
    chat = await with_files(visit, options)
    await chat.page.evaluate(
        """() => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(['x'], 'x.txt'));
          document.dispatchEvent(new DragEvent('dragover', { dataTransfer, bubbles: true }));
        }"""
    )
    await expect(chat.page.get_by_text("Drop files")).to_be_visible()
    return chat.page
