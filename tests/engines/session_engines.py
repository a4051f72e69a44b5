"""The main walk in Firefox and WebKit: what a person does in the first ten minutes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.browser.test_diagram import FLOW
from tests.conftest import Servers
from tests.engines.engine import Engine
from tests.engines.firefox import firefox
from tests.engines.webkit import webkit
from tests.harness.place import Person, Place, place_at

PASSWORD = "correct horse 7"
ENGINES: dict[str, Callable[[], AbstractAsyncContextManager[Engine]]] = {
    "firefox": firefox,
    "webkit": webkit,
}

_BUTTON = (
    "[...document.querySelectorAll('button')].find(b => (b.ariaLabel ?? b.innerText.trim()) === {})"
)
TEXT = "[...document.querySelectorAll('[role=log] article .prose')].at(-1)?.innerText.trim()"
DRAFT = "document.querySelector('#composer')?.value"
STOP = _BUTTON.format("'Stop'")


@pytest.fixture
async def place(servers: Servers) -> AsyncIterator[Place]:
    async with place_at(servers("daphne", "usual")) as place:
        yield place


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    async with ENGINES[request.param]() as engine:
        yield engine
        assert await engine.faults() == []


async def chat(engine: Engine, person: Person, model: str) -> None:
    """Open a new conversation in which this model is chosen, with the focus in the field."""
    person.place.offer(model)
    conversation = await person.rest.new_conversation(settings={"model": model})
    await engine.open(f"{person.place.server.url}/chat/{conversation}")
    await engine.until("document.activeElement?.id === 'composer'")


async def say(engine: Engine, text: str) -> None:
    await engine.press(text)
    await engine.press("Enter")


async def click(engine: Engine, name: str) -> None:
    await engine.until(_BUTTON.format("arguments[0]"), name)
    await engine.run(f"{_BUTTON.format('arguments[0]')}.click()", name)


async def sign_in(engine: Engine, person: Person) -> None:
    await engine.open(f"{person.place.server.url}/")
    for field, text in (("username", person.name), ("password", PASSWORD)):
        await engine.run(f"document.querySelector('[name={field}]').focus()")
        await engine.press(text)
    await engine.press("Enter")
    await engine.until(
        "document.querySelector('h1')?.innerText.includes(arguments[0])", person.name
    )


async def test_the_main_walk(engine: Engine, place: Place):
    """Sign in; a reply streams, outlives a reload and is stopped; a draft stays; the palette; a
    diagram; a phone's width."""
    person = await place.person(password=PASSWORD)
    await sign_in(engine, person)

    await chat(engine, person, "gate:n=6")
    gate = place.ollama.gate("a")
    await say(engine, "Go on")
    gate.release(3)
    await engine.until(f"{TEXT} === 'word0 word1 word2'")
    await engine.open(await engine.run("return location.href"))
    await engine.until(f"{TEXT} === 'word0 word1 word2' && {STOP}")
    gate.release()
    await engine.until(f"{TEXT} === 'word0 word1 word2 word3'")
    await click(engine, "Stop")
    await engine.until(
        f"!{STOP} && document.querySelector('[role=log]').innerText.includes('Stopped')"
    )
    gate.open()

    await engine.run("document.querySelector('#composer').focus()")
    await engine.press("A thought that stays")
    await engine.open(await engine.run("return location.href"))
    await engine.until(f"{DRAFT} === 'A thought that stays'")

    await engine.press("k", with_control=True)
    await engine.until("document.activeElement?.role === 'combobox'")
    await engine.press("run settings")
    await engine.press("Enter")
    await engine.until(
        "[...document.querySelectorAll('h2')].some(h => h.innerText === 'Run settings')"
    )
    await click(engine, "Close run settings")

    place.ollama.text = FLOW
    await chat(engine, person, "said")
    await say(engine, "Draw")
    await engine.until("document.querySelector('iframe[title=Diagram]')?.closest('.bleeds')")

    await engine.resize(390, 844)
    await engine.until("innerWidth < 500 && document.documentElement.scrollWidth <= innerWidth")
    await click(engine, "Toggle sidebar")
    await engine.until(f"{_BUTTON.format(repr('Close sidebar'))}")
