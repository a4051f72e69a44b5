"""The choice of a model: what is told of each, and finding one among many; and what is counted."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.sidebar import Sidebar
from tests.scripted.ollama import entry


async def test_the_model_is_chosen_below_the_field(own_visit: Visit):
    """Two steps: open, and type a few letters. New chats begin with it; a regeneration with
    another one is for itself alone."""
    visit = own_visit
    cloud = entry("gpt-oss:120b-cloud", remote_host="https://ollama.com:443")
    visit.ollama.models += [
        cloud,
        entry("echo"),
        *(entry(f"model-{number}") for number in range(8)),
    ]
    chat = await visit.chat()
    await expect(chat.model).to_have_accessible_name("Model: normal (local)")
    await chat.model.click()
    facts = re.compile(r"Local · Ollama · 3\.2B · 2 GB · .*8,192-token context")
    option = chat.models.get_by_role("option", name="normal").first
    await expect(option).to_contain_text(facts)
    await expect(chat.models.get_by_role("option", selected=True)).to_contain_text("normal")
    await chat.page.keyboard.type("oss cloud")
    await expect(chat.models.get_by_role("option")).to_have_count(1)
    await chat.page.keyboard.press("Escape")
    await expect(chat.model).to_be_focused()
    await chat.choose_model("echo")
    await expect(chat.composer).to_be_focused()
    await chat.ask("Say it after me")
    await expect(chat.text).to_have_text("Say it after me")
    await chat.reply.get_by_role("button", name="Regenerate with another model").click()
    await chat.page.keyboard.type("normal")
    await chat.page.keyboard.press("Enter")
    await chat.idle()
    await expect(chat.model).to_have_accessible_name("Model: echo (local)")
    await chat.reload()
    await expect(chat.model).to_have_accessible_name("Model: echo (local)")
    await Sidebar(chat.page).new_chat.click()
    await expect(chat.log).to_be_hidden()
    await expect(chat.model).to_have_accessible_name("Model: echo (local)")


@pytest.mark.parametrize("model", ["gate:n=9"])
async def test_the_count_is_an_estimate_until_the_end(visit: Visit, model: str):
    """Marked as one while the reply is written; then it is the provider's."""
    chat = await visit.chat(model=model)
    meter = chat.page.get_by_role("group", name="Tokens")
    await chat.send("How long is this?")
    visit.ollama.gate("a").release(4)
    await expect(chat.text).to_have_text("word0 word1 word2 word3")
    await expect(meter).to_contain_text(re.compile(r"≈ Prompt \d+ · Reply 6 · Total \d+"))
    visit.ollama.gate("a").open()
    await chat.idle()
    await expect(meter).to_contain_text(re.compile(r"Prompt \d+ · Reply 9 · Total \d+ · \d+"))
    await expect(meter).not_to_contain_text("≈")
