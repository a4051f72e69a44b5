"""Scripts of the scripted Ollama that only the page's tests want.

name                     what it does
musing:id=a              thinks two words and says two, each held back by the gate `a`
typed:gap=0.02           `server.text` in tokens of 4 characters, `gap` seconds apart
retold:gap=0.02          the last user message, word by word, `gap` seconds apart
halfway                  `server.text` without its last 20 tokens, and then nothing
flaky                    fails when asked for the first time, then answers as `normal` does
"""

import asyncio
import re

from tests.scripted.ollama_scripts import SCRIPTS, Line, normal, script

MUSINGS = ["Let me", " think."]
ANSWER = ["Here", " it is."]


def _tokens(text: str) -> list[str]:
    return [text[start : start + 4] for start in range(0, len(text), 4)]


@script
async def musing(line: Line) -> None:
    held = line.server.gate(line.settings.get("id", "a"))
    for thought in MUSINGS:
        await held.passed()
        await line.say(thinking=thought)
    for word in ANSWER:
        await held.passed()
        await line.say(word)
    await held.passed()
    await line.done()


@script
async def typed(line: Line) -> None:
    await line.speak(_tokens(line.server.text), line.number("gap", 0.02))
    await line.done()


@script
async def retold(line: Line) -> None:
    text = line.exchange.json["messages"][-1]["content"]
    await line.speak(re.findall(r"\S+\s*", text), line.number("gap", 0.02))
    await line.done()


@script
async def halfway(line: Line) -> None:
    await line.speak(_tokens(line.server.text)[:-20])
    await asyncio.Event().wait()


@script
async def flaky(line: Line) -> None:
    if len(line.server.chats) == 1:
        await SCRIPTS["memory"](line)
    else:
        await normal(line)
