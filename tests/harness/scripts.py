"""More that a scripted Ollama can do, for the server's tests.

bulk:n=320,kb=64,gap=0   n lines of that many KiB each, `gap` seconds apart
garbled:id=a             three tokens; then, past the gate, bytes that are not HTTP
"""

import asyncio

from tests.scripted.ollama_scripts import Line, script, words
from tests.scripted.server import Cut


@script
async def bulk(line: Line) -> None:
    size = int(line.number("kb", 64)) * 1024
    for number in range(int(line.number("n", 320))):
        await line.say(f"{number:07} " * (size // 8))
        await asyncio.sleep(line.number("gap", 0))
    await line.done()


@script
async def garbled(line: Line) -> None:
    await line.speak(words(3))
    await line.server.gate(line.settings["id"]).passed()
    await line.response.raw(b"zz\r\nnot a length\r\n")
    raise Cut
