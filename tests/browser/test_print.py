"""On paper: the thread from its first to its last message, and nothing else."""

import io

from playwright.async_api import expect
from pypdf import PdfReader

from tests.browser.browser import Visit

REPLY = "\n\n".join(
    [
        "It begins with this sentence.",
        *(f"Paragraph {number} is here to fill the pages. " * 4 for number in range(40)),
        "```js\n" + "let wide = [" + "1234567890, " * 30 + "'the end of the line'];\n```",
        "It ends with that sentence.",
    ]
)


async def test_a_long_thread_is_printed_whole(visit: Visit):
    """With its title and date; wide code is wrapped, and of the page around it nothing is left."""
    chat = await visit.chat(model="said")
    visit.ollama.text = REPLY
    await chat.ask("Print this, please")
    await expect(chat.reply).to_contain_text("It ends with that sentence.")
    await chat.open_settings()
    await chat.page.emulate_media(color_scheme="dark")
    pages = PdfReader(io.BytesIO(await chat.page.pdf(format="A4"))).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert text.startswith("Print this, please")
    for sentence in ("It begins with this sentence.", "Paragraph 39 is", "'the end of the line'"):
        assert sentence in text
    assert text.endswith("It ends with that sentence.")
    for around in ("New chat", "Clear chat", "Run settings", "Ask anything", "Skip to"):
        assert around not in text
    assert all(len(page.extract_text()) > 200 for page in pages[:-1])
