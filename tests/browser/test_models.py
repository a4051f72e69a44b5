"""The choice of a model: what is told of each, and finding one among many; and what is counted."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.scripted.ollama import entry


async def test_a_model_tells_what_it_is(own_visit: Visit):
    """Size, window and abilities; one that leaves the machine says so; many can be searched."""
    visit = own_visit
    visit.ollama.models += [entry(f"model-{number}") for number in range(8)]
    cloud = entry("gpt-oss:120b-cloud", remote_host="https://ollama.com:443")
    visit.ollama.models.append(cloud)
    chat = await visit.chat()
    settings = await chat.open_settings(advanced=True)
    facts = re.compile(r"3\.2B · 2 GB · .*8,192-token context · completion")
    await expect(settings.model).to_have_accessible_description(facts)
    option = settings.model.get_by_role("option", name=re.compile("gpt-oss:120b"))
    await expect(option).to_contain_text("Cloud")
    await chat.page.get_by_role("searchbox", name="Search models").fill("oss cloud")
    await expect(settings.model.get_by_role("option")).to_have_count(2)  # it, and the chosen one
    await settings.model.select_option(value=await option.get_attribute("value"))
    await expect(settings.model).to_have_accessible_description(re.compile("Cloud"))


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
