"""Models that are broken or mean to harm, for both protocols: what a server can send byte by byte.

Each is a model of both scripted servers, by its name here. Those of `ENDLESS` write until their
client goes away, as fast as it reads; those of `ODD` end by themselves.

    flood_line      one line without an end
    flood_lines     an event (a document) of lines without an end
    flood_text      text; `size` characters a piece, `batch` pieces a write
    flood_thoughts  the same as reasoning
    flood_tagged    a thought in the text, whose tag is never closed
    flood_blank     an opening tag, and white space after it
    flood_calls     tool calls, one after the other
    flood_arguments the arguments of one call
    flood_pings     a word, and then lines that keep the connection alive
    flood_bomb      text, compressed a thousand times over
    call_list       one line with 100,000 calls
    long_line:kb=4000  text in one line of about that length, and the end
    flood_tail      a whole reply, and then lines without an end after it
    figures:of=3    a whole reply with the odd figures number 3 (see `FIGURES`)
    junk:of=3       a reply with the wrong type in one place (see `JUNK`), then a whole one
    names           half characters in the id and name of a call, and in the reason
    deep_reply      a reply nested 100,000 times
    half            half a document, and the end
    latin           bytes that are not UTF-8
    brotli          a body in a coding that was not asked for
    sticky          a whole reply, and a cookie with it
"""

import json
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from tests.scripted import ollama_scripts, openai_scripts
from tests.scripted.ollama_scripts import REPLY, Line
from tests.scripted.openai_scripts import Events

HUGE = 10**30
FIGURES: list[Any] = [-7, HUGE, -HUGE, 2.5, 1e308, "12", "many", True, None, [], {"a": 1}]
# Put in place of everything that a delta or line may hold.
JUNK: list[Any] = [7, -1.5, True, [], [[]], [7], {}, {"a": {"b": []}}, "\ud800", "\0", HUGE]


class Wire:
    """A reply in either protocol, written without care."""

    def __init__(self, events: Line | Events) -> None:
        self.ollama = isinstance(events, Line)
        self.response, self.exchange = events.response, events.exchange
        self.settings = events.settings

    def number(self, name: str, default: int) -> int:
        return int(self.settings.get(name, default))

    async def head(self, *headers: str, status: int = 200) -> None:
        kind = "application/x-ndjson" if self.ollama else "text/event-stream"
        lines = [f"HTTP/1.1 {status} Scripted", f"Content-Type: {kind}", *headers]
        lines += ["Transfer-Encoding: chunked", "Connection: close", "", ""]
        self.response.streaming = True
        await self.response.raw("\r\n".join(lines).encode())

    async def raw(self, data: bytes | str) -> None:
        if not self.response.streaming:
            await self.head()
        await self.response.piece(data)

    def event(self, data: Any) -> str:
        text = json.dumps(data)
        return f"{text}\n" if self.ollama else f"data: {text}\n\n"

    def piece(self, content: Any = "", reasoning: Any = None, calls: Any = None) -> str:
        """One event with what is given."""
        thought = "thinking" if self.ollama else "reasoning_content"
        message = {"role": "assistant", "content": content, thought: reasoning, "tool_calls": calls}
        if self.ollama:
            return self.event({"message": message, "done": False})
        return self.event({"choices": [{"index": 0, "delta": message}]})

    def call(self, number: int, arguments: Any) -> dict[str, Any]:
        function = {"name": "clock", "arguments": arguments}
        return {"index": number, "id": f"call_{number}", "function": function}

    def end(self, figure: Any = 3, reason: Any = "stop", **more: Any) -> str:
        """The end of a whole reply, with a figure in every place for one."""
        if self.ollama:
            counts = ("prompt_eval_count", "eval_count")
            times = ("load_duration", "prompt_eval_duration", "eval_duration", "total_duration")
            figures = dict.fromkeys((*counts, *times), figure)
            line = {"message": {"content": ""}, "done": True, "done_reason": reason}
            return self.event({**line, "created_at": figure, **figures, **more})
        counts = ("prompt_tokens", "completion_tokens", "total_tokens")
        usage: dict[str, Any] = dict.fromkeys(counts, figure)
        usage["prompt_tokens_details"] = {"cached_tokens": figure}
        usage["completion_tokens_details"] = {"reasoning_tokens": figure}
        choice = {"index": figure, "delta": {}, "finish_reason": reason}
        head = {"created": figure, "timings": {"cache_n": figure}}
        return (
            self.event({**head, "choices": [choice], "usage": usage, **more}) + "data: [DONE]\n\n"
        )

    async def reply(self, figure: Any = 3, reason: Any = "stop") -> None:
        await self.raw("".join(map(self.piece, REPLY)) + self.end(figure, reason))


Hostile = Callable[[Wire], Awaitable[None]]
ALL: dict[str, Hostile] = {}


def hostile(function: Hostile) -> Hostile:
    name = function.__name__

    async def play(events: Line | Events) -> None:
        await function(Wire(events))

    ALL[name] = function
    ollama_scripts.SCRIPTS[name] = play  # type: ignore[assignment]
    openai_scripts.SCRIPTS[name] = play  # type: ignore[assignment]
    return function


@hostile
async def flood_line(wire: Wire) -> None:
    await wire.raw(wire.piece("word ").rstrip("\n") + ("\n" if wire.ollama else "\n\n"))
    whole = wire.piece("@")
    await wire.raw(whole.partition("@")[0])
    while True:
        await wire.raw("x" * 65536)


@hostile
async def long_line(wire: Wire) -> None:
    await wire.raw(wire.piece("x" * (wire.number("kb", 4000) * 1024 - 512)) + wire.end())


@hostile
async def flood_lines(wire: Wire) -> None:
    await wire.raw('{\n"a":\n[' if wire.ollama else wire.piece("word "))
    line = "1,\n" if wire.ollama else "data: 1\n"
    while True:
        await wire.raw(line * 8192)


@hostile
async def flood_text(wire: Wire) -> None:
    data = wire.piece("word " * (wire.number("size", 1000) // 5 or 1)) * wire.number("batch", 1)
    while True:
        await wire.raw(data)


@hostile
async def flood_thoughts(wire: Wire) -> None:
    await wire.raw(wire.piece("", "Hm. "))
    data = wire.piece("", "word " * (wire.number("size", 1000) // 5 or 1))
    while True:
        await wire.raw(data * wire.number("batch", 1))


@hostile
async def flood_tagged(wire: Wire) -> None:
    await wire.raw(wire.piece("<think>Hm. "))
    while True:
        await wire.raw(wire.piece("word ") * 100)


@hostile
async def flood_blank(wire: Wire) -> None:
    await wire.raw(wire.piece("<think>Hm.</think>"))
    while True:
        await wire.raw(wire.piece("\n" * 1000) * 100)


@hostile
async def flood_calls(wire: Wire) -> None:
    await wire.raw(wire.piece("word "))
    number = 0
    while True:
        await wire.raw(wire.piece(calls=[wire.call(number, {} if wire.ollama else "{}")]))
        number += 1


@hostile
async def flood_arguments(wire: Wire) -> None:
    await wire.raw(wire.piece("word "))
    if wire.ollama:  # which sends a call in one line
        await wire.raw(wire.piece(calls=[wire.call(0, {"text": "x" * 3_000_000})]))
    await wire.raw(wire.piece(calls=[wire.call(0, '{"text": "')]))
    while True:
        await wire.raw(wire.piece(calls=[{"index": 0, "function": {"arguments": "x" * 1000}}]))


@hostile
async def flood_pings(wire: Wire) -> None:
    await wire.raw(wire.piece("word "))
    while True:
        await wire.raw(("\n" if wire.ollama else ": ping\n\n") * 1000)


@hostile
async def flood_tail(wire: Wire) -> None:
    await wire.raw("".join(map(wire.piece, REPLY)) + wire.end().removesuffix("data: [DONE]\n\n"))
    while True:
        await wire.raw(("\n" if wire.ollama else ": ping\n\n") * 1000)


@hostile
async def flood_bomb(wire: Wire) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    await wire.head("Content-Encoding: gzip")
    await wire.response.piece(packer.compress(wire.piece("word ").encode()) + _flushed(packer))
    block = wire.piece("x" * 60_000).encode() * 16
    while True:
        await wire.response.piece(packer.compress(block) + _flushed(packer))


def _flushed(packer: Any) -> bytes:
    return bytes(packer.flush(zlib.Z_SYNC_FLUSH))


@hostile
async def call_list(wire: Wire) -> None:
    await wire.raw(wire.piece("word "))
    arguments: Any = {} if wire.ollama else "{}"
    small = {"function": {"name": "a", "arguments": arguments}}
    await wire.raw(wire.piece(calls=[small] * 50_000))
    await wire.raw(wire.end())


@hostile
async def figures(wire: Wire) -> None:
    await wire.reply(FIGURES[wire.number("of", 0)])


@hostile
async def junk(wire: Wire) -> None:
    """The junk in every place where it can stand and the reply go on."""
    value = JUNK[wire.number("of", 0)]
    function = {"name": value, "arguments": value}
    odd = {"id": value, "index": value, "function": function, "extra_content": value}
    entry = {"token": value, "logprob": value, "bytes": value, "top_logprobs": value}
    logprobs: Any = [entry] if wire.ollama else {"content": [entry]}
    await wire.raw(wire.piece(calls=[odd, value]) + wire.piece(calls=value))
    if wire.ollama:
        message = {"content": "word ", "images": value, "tool_name": value}
        await wire.raw(wire.event({"message": message, "logprobs": logprobs, "created_at": value}))
        await wire.raw(wire.end(value, value, model=value))
        return
    delta = {"content": "word ", "role": value, "reasoning_details": value, "refusal": value}
    choice = {"delta": delta, "logprobs": logprobs, "index": value, "message": value}
    await wire.raw(wire.event({"choices": [choice], "id": value, "model": value, "usage": value}))
    await wire.raw(wire.end(value, value, model=value))


@hostile
async def names(wire: Wire) -> None:
    function = {"name": "cl\ud83dock", "arguments": {"a": "\udc00"} if wire.ollama else "{}"}
    call = {"index": 0, "id": "call_\ud800", "function": function, "extra_content": {"a": "\ud800"}}
    await wire.raw(wire.piece("word ", calls=[call]) + wire.end(reason="\ud800"))


@hostile
async def deep_reply(wire: Wire) -> None:
    nested = "[" * 100_000 + "]" * 100_000
    await wire.raw(wire.piece("word "))
    await wire.raw(wire.piece("@").replace('"@"', nested) + wire.end())


@hostile
async def half(wire: Wire) -> None:
    await wire.raw(wire.piece("word ") + wire.piece("word ")[:30])


@hostile
async def latin(wire: Wire) -> None:
    await wire.raw(wire.piece("word "))
    await wire.raw(wire.piece("@").encode().replace(b"@", b"\xe9\xff") + wire.end().encode())


@hostile
async def brotli(wire: Wire) -> None:
    await wire.head("Content-Encoding: br")
    await wire.response.piece(b"\x0b\x02\x80\x03")


@hostile
async def sticky(wire: Wire) -> None:
    await wire.head("Set-Cookie: place=2")
    await wire.reply()


ENDLESS = sorted(name for name in ALL if name.startswith("flood_"))
ODD = sorted(name for name in ALL if not name.startswith("flood_"))
