"""What helps to read: wide and long things, soft edges, the growing end of a reply, and quotes."""

import io
import re

from PIL import Image
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.samples import PROSE

COLUMNS = ("Name", "Where it runs", "What it costs", "Who keeps it", "Since when", "What for")
WIDE = "\n".join(
    f"| {' | '.join(cells)} |"
    for cells in (COLUMNS, ["---"] * len(COLUMNS), *[[f"{c} {n}" for c in COLUMNS] for n in "12"])
)
LINES = "\n".join(f"line_{number} = {number}" for number in range(1, 61))
LONG_LINE = f"total = {' + '.join(f'line_{number}' for number in range(1, 40))}"

# What is drawn after an element: its content, the kind of its shape, and the room that it takes.
_SPARK = """e => {
  const drawn = getComputedStyle(e, '::after');
  const sizes = [drawn.width, drawn.marginLeft, drawn.marginRight].map(parseFloat);
  return [drawn.content, drawn.clipPath.split('(')[0], sizes.reduce((a, b) => a + b)];
}"""


async def test_wide_and_long_things(visit: Visit):
    """They use the room beside the column, show where they go on, and keep their buttons in reach;
    the first lines of long code are enough until one asks for the rest."""
    visit.ollama.text = f"First.\n\n{WIDE}\n\n```python\n{LINES}\n{LONG_LINE}\n```\n\nLast."
    chat = await visit.chat(model="said", viewport={"width": 1920, "height": 900})
    await chat.ask()
    await chat.reload()
    page, reply = chat.page, chat.reply
    code = reply.get_by_role("group", name="Code, python")
    table = reply.get_by_role("group", name="Table")

    async def width(of: str) -> float:
        return float(await reply.evaluate(f"e => e.querySelector('{of}').clientWidth"))

    for drawn in (code, table):  # until then it stands there as it was written
        await expect(drawn).to_be_visible()
    assert await width("pre") > await width(".prose > p") + 100
    # Folded, with one way to copy.
    await expect(reply.get_by_role("button", name="Copy code")).to_have_count(1)
    assert (await code.bounding_box() or {})["height"] < 31 * 30
    await reply.get_by_role("button", name="Show all 61 lines").click()
    assert (await code.bounding_box() or {})["height"] > 60 * 18
    # In its middle, its head is at the top of the thread; at its end, it is copied once more.
    copy = reply.get_by_role("button", name="Copy code").first
    await chat.log.evaluate(
        """log => {
          const box = log.querySelector('pre').getBoundingClientRect();
          log.scrollTop += box.top + box.height / 2 - log.getBoundingClientRect().top - 300;
        }"""
    )
    await expect(copy).to_be_in_viewport()
    await expect(reply.get_by_text("line_1 = 1", exact=True)).not_to_be_in_viewport()
    await expect(reply.get_by_role("button", name="Copy code")).to_have_count(2)
    # On a phone nothing fits: what goes on is faint at that edge, and cells are no narrow towers.
    await page.set_viewport_size({"width": 390, "height": 844})
    mask = "e => getComputedStyle(e).maskImage"
    for wide in (table, code):
        await expect(wide).to_have_attribute("data-after", "true")
        assert "rgba(0, 0, 0, 0.15)" in await wide.evaluate(mask)
        await wide.evaluate("e => { e.scrollLeft = e.scrollWidth }")
        await expect(wide).to_have_attribute("data-before", "true")
        await expect(wide).not_to_have_attribute("data-after", "true")
    assert (
        await table.evaluate(
            "e => Math.min(...[...e.querySelectorAll('td')].map(c => c.offsetWidth))"
        )
        >= 112
    )


async def test_text_fades_above_the_composer(visit: Visit):
    """A message that goes on below the composer's edge is not cut there by a line."""
    chat = await visit.chat()
    await chat.ask("\n".join("A line of the question" for _ in range(15)))
    await chat.page.set_viewport_size({"width": 1280, "height": 420})
    bubble = chat.questions.first.get_by_text("A line of the question").first
    await chat.log.evaluate("log => { log.scrollTop = 60 }")
    log, box = await chat.log.bounding_box(), await bubble.bounding_box()
    assert log
    assert box
    end = log["y"] + log["height"]
    assert box["y"] + box["height"] > end  # it goes on below
    clip = {"x": box["x"] - 6, "y": end - 60, "width": 1, "height": 60}
    column = Image.open(io.BytesIO(await chat.page.screenshot(clip=clip))).convert("RGB")
    beside = {"x": log["x"] + 4, "y": end - 60, "width": 1, "height": 1}
    canvas = Image.open(io.BytesIO(await chat.page.screenshot(clip=beside))).convert("RGB")

    def contrast(y: int) -> int:
        return max(
            abs(one - other)
            for one, other in zip(
                column.getpixel((0, y)),  # type: ignore[arg-type]
                canvas.getpixel((0, 0)),  # type: ignore[arg-type]
                strict=True,
            )
        )

    assert contrast(0) > 10
    assert contrast(54) < contrast(0) / 3
    assert contrast(54) < contrast(45) < contrast(0)


async def test_the_growing_end_has_a_spark(visit: Visit):
    """As long as it grows, at the end of its last line, in no room of its own."""
    visit.ollama.text = PROSE
    chat = await visit.chat(model="halfway")
    await chat.send()
    last = chat.reply.locator(".prose > p").last
    await expect(last).to_contain_text("Then both")
    content, shape, room = await last.evaluate(_SPARK)
    assert (content, shape) == ('""', "polygon")
    assert abs(room) < 0.5
    await chat.stop_button.click()
    await chat.idle()
    assert (await last.evaluate(_SPARK))[0] == "none"


async def test_a_passage_is_quoted(visit: Visit):
    """What is selected in a message goes into the field, before what is asked about it."""
    visit.ollama.text = PROSE
    chat = await visit.chat(model="said")
    await chat.ask()
    await chat.composer.fill("Why?")
    quote = chat.page.get_by_role("button", name="Quote")
    passage = chat.reply.get_by_text("To find a name again")
    # By keyboard, by a long press or by a screen reader: no pointer tells of it.
    await passage.evaluate("e => getSelection().selectAllChildren(e)")
    await expect(quote).to_be_visible()
    await passage.evaluate("() => getSelection().removeAllRanges()")
    await expect(quote).to_have_count(0)
    await passage.click(click_count=3)
    await quote.click()
    await expect(chat.composer).to_have_value(
        "Why?\n\n> To find a name again you do not look through the array. "
        "You ask the rule, and look in one place.\n\n"
    )
    await expect(chat.composer).to_be_focused()
    await expect(quote).to_have_count(0)


async def test_lime_is_the_signal(visit: Visit):
    """Of Stop, and of what is selected; the accent of each theme."""
    visit.ollama.text = PROSE
    chat = await visit.chat(model="halfway")
    await chat.send()
    await expect(chat.text).to_contain_text("hash table")
    for theme in ("light", "dark"):
        await chat.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        selected = "e => getComputedStyle(e, '::selection').backgroundColor"
        lime = await chat.text.evaluate(selected)
        bright, _, hue = (float(part) for part in re.findall(r"[\d.]+", lime)[:3])
        assert bright > 0.8, lime
        assert 105 < hue < 130, lime
        await expect(chat.stop_button).to_have_css("background-color", lime)
    # Beside what is being written it steps back.
    await chat.composer.fill("And then?")
    await expect(chat.stop_button).not_to_have_css("background-color", lime)
    await chat.stop_button.click()
    await chat.idle()


async def test_the_dark_is_there_from_the_first_paint(visit: Visit):
    """The server draws it: no script has run yet. By the system, or as the person chose it."""
    conversation = await visit.conversation()
    for scheme, chosen in (("dark", None), ("light", "dark"), ("dark", "light")):
        context = await visit.context(color_scheme=scheme, java_script_enabled=False)
        page = await context.new_page()
        if chosen:
            cookie = {"name": "theme", "value": chosen, "url": visit.place.server.url}
            await context.add_cookies([cookie])  # type: ignore[list-item]
        await page.goto(f"/chat/{conversation}")
        picture = Image.open(io.BytesIO(await page.screenshot())).convert("L")
        brightness = picture.getpixel((picture.width // 2, picture.height // 3))
        assert isinstance(brightness, int)
        assert (brightness < 60) == ((chosen or scheme) == "dark"), (scheme, chosen, brightness)


async def test_facts_and_the_mark_stay_in_sight(visit: Visit):
    """The mark goes along with a long reply; where nothing can hover, time and tokens are there."""
    visit.ollama.text = "\n\n".join(f"Paragraph {number}. {PROSE}" for number in range(12))
    chat = await visit.chat(model="said")
    await chat.ask()
    await chat.reply.get_by_text("Paragraph 6.").scroll_into_view_if_needed()
    mark, log = await chat.reply.locator("svg").first.bounding_box(), await chat.log.bounding_box()
    assert mark
    assert log
    assert log["y"] <= mark["y"] < log["y"] + 80
    phone = await visit.chat(
        conversation=chat.conversation,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
    )
    facts = phone.reply.get_by_text(re.compile(r"\d tokens"))
    await expect(facts).to_be_visible()
    assert await facts.evaluate("e => getComputedStyle(e).opacity") == "1"
