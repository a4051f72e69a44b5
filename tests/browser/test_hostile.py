"""What a model writes to end the page, or to draw over it."""

from playwright.async_api import expect

from tests.browser.browser import Visit

DEEP = {
    "roots": "\\sqrt{" * 150 + "x" + "}" * 150,
    "bars": "\\bar{" * 150 + "x" + "}" * 150,
    "fractions": "\\frac{1}{" * 150 + "x" + "}" * 150,
    "superscripts": "x^{" * 150 + "x" + "}" * 150,
}
AS_DEEP_AS_ALLOWED = "\\sqrt{" * 59 + "x" + "}" * 59
OUT_OF_BOX = r"\kern-20em\raisebox{8em}{\rule{40em}{20em}}"


async def test_the_tab_survives_formulas_of_any_depth(visit: Visit):
    """Deeper ones are shown as they were written, and the chat can be opened again."""
    formulas = [*DEEP.values(), AS_DEEP_AS_ALLOWED, "x^2"]
    visit.ollama.text = "\n\n".join(f"$$\n{tex}\n$$" for tex in formulas) + "\n\nThe end."
    chat = await visit.chat(model="said")
    await chat.ask()
    await chat.page.goto("/chat")
    await expect(chat.reply).to_contain_text("The end.")
    await expect(chat.reply.locator(".formula-source")).to_have_count(len(DEEP))
    await expect(chat.reply.locator(".katex")).to_have_count(2)


async def test_a_formula_stays_in_its_box(visit: Visit):
    """Whatever lengths it names: nothing above, below or beside it is painted over."""
    visit.ollama.text = f"Above.\n\nBeside ${OUT_OF_BOX}$ it.\n\n$$\n{OUT_OF_BOX}\n$$\n\nBelow."
    chat = await visit.chat(model="said")
    await chat.ask()
    await expect(chat.reply.locator(".katex")).to_have_count(2)
    assert await chat.page.evaluate(_PAINTED_OVER) == []


# The places outside of a formula's box at which a part of a formula is met.
_PAINTED_OVER = """
() => {
  const boxes = [...document.querySelectorAll('.formula, .formula-block')];
  const met = [];
  for (let x = 5; x < innerWidth; x += 15) {
    for (let y = 5; y < innerHeight; y += 10) {
      const box = document.elementFromPoint(x, y)?.closest('.formula, .formula-block');
      const { left, right, top, bottom } = box?.getBoundingClientRect() ?? {};
      if (box && (x < left || x > right || y < top || y > bottom)) met.push([x, y]);
    }
  }
  return boxes.length === 2 ? met : ['no formulas'];
}
"""


async def test_a_chat_that_ended_the_page_twice_is_plain_text(visit: Visit):
    """It says so, and can be laid out once more."""
    visit.ollama.text = "Some **bold** words."
    chat = await visit.chat(model="said")
    await chat.ask()
    mark = f"drawing:{chat.conversation}"
    await chat.page.wait_for_function("mark => localStorage.getItem(mark) === null", arg=mark)
    script = f"localStorage.setItem('{mark}', '2')"
    await chat.page.evaluate(script)
    await chat.reload()
    await expect(chat.reply).to_contain_text("Some **bold** words.")
    await chat.page.get_by_role("button", name="Show formatted").click()
    await expect(chat.reply.get_by_role("strong")).to_have_text("bold")
