"""The run settings: what they show, what they send, how long they last."""

import asyncio

from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.page import Settings
from tests.harness import WAIT_S
from tests.harness.rest import assert_sentence


async def shows(settings: Settings, temperature: str, max_tokens: str, top_p: str) -> None:
    """Sliders and numbers say the same."""
    pairs = [("Temperature", temperature), ("Max tokens", max_tokens), ("Top-p", top_p)]
    sliders = [settings.temperature, settings.max_tokens, settings.top_p]
    for slider, (name, value) in zip(sliders, pairs, strict=True):
        await expect(slider).to_have_value(str(float(value)).removesuffix(".0"))
        await expect(settings.number(name)).to_have_value(value)


async def test_the_defaults_are_shown(visit: Visit):
    """As slider and number together; what is seldom used is folded away."""
    chat = await visit.chat()
    settings = await chat.open_settings()
    await expect(settings.top_p).to_be_hidden()
    await settings.advanced.click()
    await shows(settings, "0.7", "512", "1.00")
    await expect(settings.model).to_have_accessible_name("Model: normal (local)")
    await expect(settings.reset).to_be_disabled()


async def test_values_go_with_the_request(visit: Visit):
    """All of them, and a change during a reply from the next one on."""
    chat = await visit.chat(model="gate:n=1")
    settings = await chat.open_settings(advanced=True)
    for name, value in {"Temperature": 0.3, "Max tokens": 300, "Top-p": 0.85}.items():
        await settings.set(name, value)
    await chat.send()
    first = await visit.ollama.chat()
    await settings.set("Temperature", 1)
    visit.ollama.gate("a").open()
    await chat.idle()
    await chat.ask("Again")
    second = await visit.ollama.chat(1)
    asked = [
        {name: exchange.json["options"][name] for name in ("temperature", "num_predict", "top_p")}
        for exchange in (first, second)
    ]
    same = {"num_predict": 300, "top_p": 0.85}
    assert asked == [{"temperature": 0.3, **same}, {"temperature": 1.0, **same}]


async def test_a_slider_follows_the_keyboard(visit: Visit):
    """In its steps, and the number with it."""
    chat = await visit.chat()
    settings = await chat.open_settings()
    await settings.temperature.press("ArrowRight")
    await expect(settings.number("Temperature")).to_have_value("0.8")
    await settings.temperature.press("Home")
    await expect(settings.number("Temperature")).to_have_value("0.0")
    await settings.max_tokens.press("End")
    await expect(settings.number("Max tokens")).to_have_value("1024")


async def test_a_number_is_brought_into_bounds(visit: Visit):
    """When the field is left."""
    chat = await visit.chat()
    settings = await chat.open_settings()
    await settings.set("Temperature", 7)
    await expect(settings.number("Temperature")).to_have_value("1.0")
    await settings.set("Max tokens", 1)
    await expect(settings.number("Max tokens")).to_have_value("256")


async def test_values_are_kept_per_conversation(visit: Visit):
    """They outlive a reload, and another conversation has its own."""
    chat = await visit.chat()
    settings = await chat.open_settings()
    await settings.saved("Temperature", 0.2)
    await chat.reload()
    await expect(settings.number("Temperature")).to_have_value("0.2")
    await chat.open(await visit.conversation())
    await expect(settings.number("Temperature")).to_have_value("0.7")


async def test_a_change_just_before_leaving_is_kept(visit: Visit):
    """Saving waits for the slider to stand still; leaving the page does not wait."""
    chat = await visit.chat()
    conversation = chat.conversation
    settings = await chat.open_settings()
    await settings.set("Temperature", 0.4)
    await chat.page.goto("/")
    async with asyncio.timeout(WAIT_S):
        while (await visit.person.rest.conversation(conversation))["settings"] != {
            "temperature": 0.4
        }:
            await asyncio.sleep(0.1)
    await chat.open(conversation)
    await expect(settings.number("Temperature")).to_have_value("0.4")


async def test_reset_brings_back_the_defaults(visit: Visit):
    """Here and in what is sent."""
    chat = await visit.chat()
    settings = await chat.open_settings(advanced=True)
    for name, value in {"Temperature": 0.1, "Max tokens": 999, "Top-p": 0.5}.items():
        await settings.set(name, value)
    await settings.reset.click()
    await shows(settings, "0.7", "512", "1.00")
    await expect(settings.reset).to_be_disabled()
    await chat.ask()
    options = (await visit.ollama.chat()).json["options"]
    assert (options["temperature"], options["num_predict"], options["top_p"]) == (0.7, 512, 1.0)


async def test_a_model_that_is_gone_stays_named(visit: Visit):
    """It is not silently replaced."""
    chat = await visit.chat(conversation=await visit.conversation(model="no-such-model"))
    settings = await chat.open_settings()
    gone = "Model: no-such-model (no longer available)"
    await expect(chat.model).to_have_accessible_name(gone)
    await expect(settings.model).to_have_accessible_name(gone)
    await expect(settings.model).to_have_accessible_description(
        "“no-such-model” is no longer available. Choose another model."
    )


async def test_a_model_that_is_gone_is_told_in_a_sentence(visit: Visit):
    """When it is asked nevertheless; without the name of the field in the request."""
    chat = await visit.chat(model="normal")
    await expect(chat.model).to_have_accessible_name("Model: normal (local)")
    await visit.hold(chat.page, "**/api/models/")
    await chat.page.evaluate(
        """() => {
          const send = WebSocket.prototype.send;
          WebSocket.prototype.send = function (text) {
            const frame = JSON.parse(text);
            if (frame.type === 'user_message') frame.parameters = { model: 'no-such-model' };
            return send.call(this, JSON.stringify(frame));
          };
        }"""
    )
    await chat.send("Is anybody there?")
    await expect(chat.alert).to_be_visible()
    await expect(chat.alert).not_to_contain_text("parameters")
    assert_sentence(await chat.alert.get_by_role("paragraph").first.inner_text())
    await expect(chat.composer).to_have_value("Is anybody there?")


async def test_the_transport_in_use_is_shown(visit: Visit):
    """The socket, when nothing is wrong."""
    chat = await visit.chat()
    settings = await chat.open_settings()
    await expect(settings.transport).to_have_text("WebSocket")


async def test_the_panel_stays_open(visit: Visit):
    """Over a reload, and until it is closed."""
    chat = await visit.chat()
    settings = await chat.open_settings()
    await chat.reload()
    await expect(settings.heading).to_be_visible()
    await settings.close.click()
    await expect(settings.heading).to_be_hidden()
    await chat.reload()
    await expect(settings.heading).to_be_hidden()


async def test_the_sheet_can_be_closed_by_its_button(visit: Visit):
    """The focus then goes back, too."""
    chat = await visit.chat(viewport={"width": 390, "height": 844})
    settings = await chat.open_settings()
    await settings.close.click()
    await expect(settings.heading).to_be_hidden()
    await expect(chat.settings_button).to_be_focused()


async def test_on_a_phone_the_settings_are_a_sheet(visit: Visit):
    """Over the thread; Tab stays in it, Escape closes it, and the focus goes back."""
    chat = await visit.chat(viewport={"width": 390, "height": 844})
    settings = await chat.open_settings()
    sheet = chat.page.get_by_role("dialog", name="Run settings")
    await expect(sheet).to_be_visible()
    controls = await sheet.locator("button, input, summary, select, textarea").count()
    for _ in range(2 * controls):
        await chat.page.keyboard.press("Tab")
        # Between its last and its first control comes the browser's own frame.
        assert await sheet.evaluate(
            "e => e.contains(document.activeElement) || document.activeElement === document.body"
        )
    await settings.set("Temperature", 0.9)
    await chat.page.keyboard.press("Escape")
    await expect(settings.heading).to_be_hidden()
    await expect(chat.settings_button).to_be_focused()
    await chat.ask()
    assert (await visit.ollama.chat()).json["options"]["temperature"] == 0.9
