"""Conversations over a network that fails at random: `python -m tests.browser.failover --runs 200`.

A run is a conversation of two turns in a page of its own, behind a proxy of its own. A seed says
how long the replies are, and when the network is cut, blocked, muted, slowed, or kept from
carrying sockets. Each turn has to end by itself with the exact text, stored once, made by one
call of the model; and whatever the page showed meanwhile was the beginning of that text.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, expect
from playwright.async_api import Error as PlaywrightError

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Watch, chromium
from tests.browser.page import ChatPage
from tests.conftest import VARIANTS
from tests.harness.place import Person, Place, place_at
from tests.harness.proxy import Proxy
from tests.harness.server import ChatServer

TURNS = 2
# How long a turn may take once the network works again. The longest wait that is meant is that
# of REST for half a minute before it gives the socket another chance.
STUCK_S = 75.0
GAP_S = 0.02
KINDS = ("cut", "cut_down", "cut_up", "block", "no_sockets", "swallow", "mute", "delay")
# What the page may say on the console: that it could not reach the server.
_ALLOWED = (SOCKET_FAILED, UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Fault:
    """`at` and `lasts` in seconds, counted from just before a message is sent. `size` is bytes for
    the two cuts of the next connection, milliseconds for the delay."""

    at: float
    kind: str
    lasts: float
    size: int


def faults_of(dice: random.Random, seconds: float) -> list[Fault]:
    """One to four faults of a turn that takes so many seconds."""
    found = [
        Fault(
            at=dice.uniform(0, seconds * 1.1),
            kind=dice.choice(KINDS),
            lasts=dice.uniform(0.1, 2.0),
            size=dice.randrange(1, 3000),
        )
        for _ in range(dice.randint(1, 4))
    ]
    return sorted(found, key=lambda fault: fault.at)


@dataclass
class Run:
    """What became of one seed. `troubles` is empty when all is well."""

    seed: int
    troubles: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    connections: int = 0
    by_rest: int = 0


# Notes whatever a reply showed that is not the beginning of what it has to say, and more
# articles than there may be. What stands there before the first word is no text of the model.
_RECORD = """
(wholes) => {
  const odd = (window.odd = new Set());
  const begun = (text, whole) => whole.startsWith(text) || !text.startsWith(whole.split(' ')[0]);
  new MutationObserver(() => {
    const articles = [...document.querySelectorAll('[role=log] article')];
    if (articles.length > 2 * wholes.length) odd.add(`${articles.length} articles`);
    const replies = articles.filter((one) => one.ariaLabel === 'Assistant');
    for (const [index, reply] of replies.entries()) {
      const text = (reply.querySelector('p')?.textContent ?? '').trim();
      if (!begun(text, wholes[index] ?? '')) odd.add(`reply ${index + 1} showed: ${text}`);
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


async def afflict(proxy: Proxy, faults: Iterable[Fault]) -> None:
    """Let the network fail as told. When this ends, it works, also if it is cancelled."""
    started = time.monotonic()
    ends: list[asyncio.Task[None]] = []
    try:
        for fault in faults:
            await asyncio.sleep(fault.at - (time.monotonic() - started))
            ends.append(asyncio.create_task(_fail(proxy, fault)))
        await asyncio.gather(*ends)
    finally:
        for end in ends:
            end.cancel()
        proxy.blocked = proxy.no_sockets = proxy.swallow = False
        proxy.delay = 0.0
        proxy.cut_after()


async def _fail(proxy: Proxy, fault: Fault) -> None:
    match fault.kind:
        case "cut":
            proxy.cut()
        case "cut_down":
            proxy.cut_after(down=fault.size)
            proxy.cut()
        case "cut_up":
            proxy.cut_after(up=fault.size)
            proxy.cut()
        case "mute":
            proxy.mute()
        case "block" | "no_sockets":
            flag = "blocked" if fault.kind == "block" else "no_sockets"
            setattr(proxy, flag, True)
            proxy.cut()
            await asyncio.sleep(fault.lasts)
            setattr(proxy, flag, False)
        case "swallow":
            proxy.swallow = True
            await asyncio.sleep(fault.lasts)
            proxy.mute()  # TCP never goes on after a hole
            proxy.swallow = False
        case "delay":
            proxy.delay = fault.size / 10_000
            await asyncio.sleep(fault.lasts)
            proxy.delay = 0.0


async def run(browser: Browser, place: Place, seed: int) -> Run:
    """One conversation. Leaves nothing open; never raises for what the page did."""
    found, dice = Run(seed), random.Random(seed)
    person = await place.person()
    model = f"retold:gap={GAP_S}"
    place.offer(model)
    chat_id = await person.rest.new_conversation(settings={"model": model})
    watch = Watch()
    watch.allow(*_ALLOWED)
    async with Proxy(place.server.port) as proxy:
        context = await _context(browser, person, proxy, watch)
        try:
            chat = ChatPage(await context.new_page())
            await chat.open(chat_id)
            await expect(chat.page.get_by_role("button", name="Connecting")).to_have_count(0)
            texts = [_text(dice, seed, turn) for turn in range(TURNS)]
            await chat.page.evaluate(_RECORD, texts)
            await _talk(chat, proxy, dice, texts, found)
            found.troubles += await chat.page.evaluate("[...window.odd]")
            found.by_rest = await chat.page.get_by_text("Received all at once").count()
        except PlaywrightError as error:
            found.troubles.append(f"the page: {str(error).splitlines()[0]}")
        finally:
            found.connections = proxy.connections
            with suppress(PlaywrightError):
                await context.close()
    found.troubles += watch.problems()
    found.troubles += await _on_record(place, person, chat_id, texts)
    return found


async def _context(browser: Browser, person: Person, proxy: Proxy, watch: Watch) -> BrowserContext:
    base_url = f"http://127.0.0.1:{proxy.port}"
    context = await browser.new_context(base_url=base_url, locale="en-GB")
    cookie = {"name": "sessionid", "value": person.session, "url": base_url}
    await context.add_cookies([cookie])  # type: ignore[list-item]
    watch.attach(context)
    return context


def _text(dice: random.Random, seed: int, turn: int) -> str:
    """Words that no other turn has."""
    return " ".join(f"s{seed}t{turn}w{number}" for number in range(dice.randint(10, 90)))


async def _talk(
    chat: ChatPage, proxy: Proxy, dice: random.Random, texts: list[str], found: Run
) -> None:
    for number, text in enumerate(texts, 1):
        faults = faults_of(dice, len(text.split()) * GAP_S)
        found.faults.update(fault.kind for fault in faults)
        started = time.monotonic()
        afflicting = asyncio.create_task(afflict(proxy, faults))
        try:
            await asyncio.sleep(dice.uniform(0, 0.3))
            await chat.send(text)
            await afflicting
            await _answered(chat, texts[:number])
        except AssertionError:
            shown = await chat.log.inner_text()
            found.troubles.append(f"turn {number} is stuck; the page shows: {shown[-300:]!r}")
            return
        finally:
            afflicting.cancel()
        found.seconds.append(time.monotonic() - started)


async def _answered(chat: ChatPage, texts: list[str]) -> None:
    """Wait until the page shows these questions, each with its whole reply, and is at rest."""
    wait = STUCK_S * 1000
    said = [text for text in texts for _ in range(2)]
    articles = chat.log.get_by_role("article")
    await expect(chat.stop_button).to_be_hidden(timeout=wait)
    await expect(chat.text).to_have_text(texts[-1], timeout=wait)
    await expect(chat.send_button).to_be_visible(timeout=wait)
    await expect(chat.answering).to_have_count(0)
    await expect(articles).to_have_count(len(said))
    for article, text in zip(await articles.all(), said, strict=True):
        await expect(chat.paragraph(article)).to_have_text(text)


async def _on_record(place: Place, person: Person, chat_id: str, texts: list[str]) -> list[str]:
    """What the server and the model know otherwise than the page should have shown."""
    stored = await person.rest.messages(chat_id, "all")
    seen = [(one["role"], one["status"], one["content"]) for one in stored]
    wanted = [(role, "completed", text) for text in texts for role in ("user", "assistant")]
    troubles = [] if seen == wanted else [f"stored: {[(s[0], s[1], len(s[2])) for s in seen]}"]
    asked = Counter(one.json["messages"][-1]["content"] for one in place.ollama.chats)
    return troubles + [
        f"the model was asked {asked[text]} times for turn {number}"
        for number, text in enumerate(texts, 1)
        if asked[text] != 1
    ]


async def many(browser: Browser, place: Place, seeds: Iterable[int], at_once: int) -> list[Run]:
    """Run every seed, so many beside each other; in the order of the seeds."""
    places = asyncio.Semaphore(at_once)

    async def one(seed: int) -> Run:
        async with places:
            return await run(browser, place, seed)

    return list(await asyncio.gather(*(one(seed) for seed in seeds)))


def report(runs: list[Run]) -> str:
    faults = sum((one.faults for one in runs), Counter[str]())
    seconds = [s for one in runs for s in one.seconds] or [0.0]
    bad = [one for one in runs if one.troubles]
    kinds = ", ".join(f"{kind} {faults[kind]}" for kind in KINDS)
    lines = [
        f"runs         {len(runs)}, of which {len(runs) - len(bad)} without any trouble",
        f"turns        {len(seconds)} of {TURNS * len(runs)} ended with the exact text",
        f"faults       {faults.total()}: {kinds}",
        f"connections  {sum(one.connections for one in runs)}",
        f"over REST    {sum(one.by_rest for one in runs)} replies",
        f"a turn took  {statistics.median(seconds):.1f} s (median), {max(seconds):.1f} s at most",
    ]
    lines += [f"seed {one.seed}: {trouble}" for one in bad for trouble in one.troubles]
    return "\n".join(lines)


async def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--at-once", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        server = ChatServer("daphne", Path(directory), **VARIANTS["lively"])
        try:
            server.start()
            seeds = range(options.first, options.first + options.runs)
            async with chromium() as browser, place_at(server) as place:
                runs = await many(browser, place, seeds, options.at_once)
        finally:
            server.close()
    print(report(runs))
    return int(any(one.troubles for one in runs))


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
