"""More that a scripted Ollama can do, for the server's tests.

bulk:n=320,kb=64,gap=0   n lines of that many KiB each, `gap` seconds apart
"""

import asyncio

from tests.scripted.ollama_scripts import Line, script


@script
async def bulk(line: Line) -> None:
    size = int(line.number("kb", 64)) * 1024
    for number in range(int(line.number("n", 320))):
        await line.say(f"{number:07} " * (size // 8))
        await asyncio.sleep(line.number("gap", 0))
    await line.done()
