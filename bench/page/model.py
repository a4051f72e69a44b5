"""The scripted Ollama with a model that sees, `eyes`, and two more scripts:
`python -m bench.page.model --port N`.

essay:n=20000,rate=500   n tokens of Markdown (prose, tables, code, lists), so many a second
fence:n=150000           one line of code of n characters, a kilobyte at a time
"""

import argparse
import asyncio
import itertools
import time

from tests.browser.samples import ANSWER, PROSE
from tests.scripted.ollama import ScriptedOllama, entry
from tests.scripted.ollama_scripts import Line, script
from tests.scripted.server import serve_forever

TEXT = f"{PROSE}\n\n{ANSWER}\n\n"


@script
async def essay(line: Line) -> None:
    tokens = itertools.cycle([TEXT[at : at + 4] for at in range(0, len(TEXT), 4)])
    count, rate = int(line.number("n", 20_000)), line.number("rate", 500)
    started, sent = time.monotonic(), 0
    while sent < count:
        due = min(count, int((time.monotonic() - started) * rate) + 1)
        await line.speak(itertools.islice(tokens, due - sent))
        sent = max(sent, due)
        await asyncio.sleep(1 / rate)
    await line.done()


@script
async def fence(line: Line) -> None:
    piece = "var a=[1,2];"
    await line.speak(["```js\n"])
    for _ in range(int(line.number("n", 150_000)) // (100 * len(piece))):
        await line.speak([piece] * 100)
        await asyncio.sleep(0.02)
    await line.speak(["\n```"])
    await line.done()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    ollama = ScriptedOllama("normal")
    ollama.models.append(entry("eyes", capabilities=("completion", "vision")))
    serve_forever(ollama, parser.parse_args().port)
