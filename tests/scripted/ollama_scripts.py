"""The scripts behind the model names of `tests.scripted.ollama`, which describes them."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from tests.scripted.server import Cut, Exchange, Response

if TYPE_CHECKING:
    from tests.scripted.ollama import ScriptedOllama

REPLY = ["Hello", " from", " the", " scripted", " model", "."]
THOUGHTS = ["Let me", " think", "."]
# Emoji of several code points, two scripts, combining marks, markup, and a backslash.
ODD_TEXT = "👩‍👩‍👧‍👦 Grüße, 你好 é <b>&amp;</b> \\n \U0001f600"
STAMP = "2026-08-01T08:20:30.123456789Z"


def words(n: int) -> list[str]:
    return [f"word{index} " for index in range(n)]


class Line:
    """A reply being written: each method sends one line, or keeps it when `stream` is false."""

    def __init__(
        self,
        server: "ScriptedOllama",
        exchange: Exchange,
        response: Response,
        settings: dict[str, str],
    ) -> None:
        self.server = server
        self.exchange = exchange
        self.response = response
        self.settings = settings
        self._streams = exchange.json.get("stream", True)
        self._kept: dict[str, str] = {}

    def number(self, name: str, default: float) -> float:
        return float(self.settings.get(name, default))

    def line(self, content: str = "", *, done: bool = False, **message: Any) -> dict[str, Any]:
        said = {"role": "assistant", "content": content, **message}
        return {"model": self.exchange.model, "created_at": STAMP, "message": said, "done": done}

    async def say(self, content: str = "", **message: Any) -> None:
        if self._streams:
            await self.write(self.line(content, **message))
        else:
            for name, text in {"content": content, **message}.items():
                self._kept[name] = self._kept.get(name, "") + text
        self.exchange.sent += 1

    async def speak(self, tokens: Iterable[str], gap: float = 0.0) -> None:
        for token in tokens:
            await self.say(token)
            if gap:
                await asyncio.sleep(gap)

    async def done(
        self, reason: str | None = "stop", content: str = "", *, counts: bool = True, **extra: Any
    ) -> None:
        line = self.line(content, done=True)
        if not self._streams:
            line["message"] |= self._kept
        if reason is not None:
            line["done_reason"] = reason
        if counts:
            prompt = sum(len(m.get("content", "")) for m in self.exchange.json["messages"])
            line |= {"total_duration": 3_000_000_000, "load_duration": 500_000_000}
            line |= {"prompt_eval_count": prompt // 4 + 1, "prompt_eval_duration": 250_000_000}
            line |= {"eval_count": self.exchange.sent, "eval_duration": 2_000_000_000}
        if self._streams:
            await self.write({**line, **extra})
        else:
            await self.response.whole(200, {**line, **extra})

    async def write(self, line: Any) -> None:
        await self.raw(json.dumps(line, ensure_ascii=False) + "\n")

    async def raw(self, data: str | bytes) -> None:
        if not self.response.streaming:
            options = self.exchange.json.get("options") or {}
            self.server.loaded.setdefault(self.exchange.model, options.get("num_ctx", 4096))
            await self.response.start("application/x-ndjson")
        await self.response.piece(data)


Script = Callable[[Line], Awaitable[None]]
SCRIPTS: dict[str, Script] = {}


def script(function: Script) -> Script:
    SCRIPTS[function.__name__.strip("_")] = function
    return function


def _refusal(status: int, body: Any, content_type: str = "application/json") -> Script:
    async def refuse(line: Line) -> None:
        headers = {"Retry-After": "7"} if status == 429 else None
        filled = body
        if isinstance(body, str):
            filled = body.replace("MODEL", line.exchange.model)
        elif isinstance(body, dict):
            filled = {k: v.replace("MODEL", line.exchange.model) for k, v in body.items()}
        await line.response.whole(status, filled, content_type, headers)

    return refuse


_PAGE = "<html><body><h1>502 Bad Gateway</h1><a href='http://10.0.0.1'>nginx</a></body></html>"
_TOO_LONG = '{"error":{"code":400,"message":"request (9001 tokens) exceeds the available context \
size (4096 tokens)","type":"exceed_context_size_error","n_prompt_tokens":9001,"n_ctx":4096}}'
_FULL = "server busy, please try again.  maximum pending requests exceeded"
_MEMORY = "model requires more system memory (9.3 GiB) than is available (2.1 GiB)"
SCRIPTS |= {
    "missing": _refusal(404, {"error": "model 'MODEL' not found"}),
    "nothink": _refusal(400, {"error": '"MODEL" does not support thinking'}),
    "notools": _refusal(
        400, {"error": "registry.ollama.ai/library/m:latest does not support tools"}
    ),
    "memory": _refusal(500, {"error": _MEMORY}),
    "busy": _refusal(503, {"error": _FULL}),
    "signin": _refusal(
        401, {"error": "unauthorized", "signin_url": "https://ollama.com/connect?key=c2VjcmV0"}
    ),
    "limit": _refusal(429, {"error": "too many requests"}),
    "html": _refusal(502, _PAGE, "text/html"),
    "forbidden": _refusal(403, "", "text/plain"),
    "toolong": _refusal(400, {"error": _TOO_LONG}),
    "nocloud": _refusal(
        403, {"error": "ollama cloud is disabled: remote inference is unavailable"}
    ),
    "hidden": _refusal(404, "404 page not found", "text/plain"),
}


@script
async def normal(line: Line) -> None:
    await line.speak(REPLY)
    await line.done()


@script
async def echo(line: Line) -> None:
    said = [m["content"] for m in line.exchange.json["messages"] if m["role"] == "user"]
    await line.speak(re.findall(r"\S+\s*|\s+", said[-1] if said else ""))
    await line.done()


@script
async def said(line: Line) -> None:
    text = line.server.text
    await line.speak(text[i : i + 4] for i in range(0, len(text), 4))
    await line.done()


@script
async def paced(line: Line) -> None:
    await line.speak(words(int(line.number("n", 50))), line.number("gap", 0.02))
    await line.done()


@script
async def fast(line: Line) -> None:
    lines = [json.dumps(line.line(word)) + "\n" for word in words(int(line.number("n", 640)))]
    for start in range(0, len(lines), 64):
        await line.raw("".join(lines[start : start + 64]))
    line.exchange.sent = len(lines)
    await line.done()


@script
async def slow(line: Line) -> None:
    await asyncio.sleep(line.number("first", 0.5))
    await normal(line)


@script
async def hang(line: Line) -> None:
    await asyncio.Event().wait()


@script
async def stall(line: Line) -> None:
    await line.speak(words(int(line.number("after", 3))))
    await asyncio.Event().wait()


@script
async def gate(line: Line) -> None:
    held = line.server.gate(line.settings.get("id", "a"))
    for word in words(int(line.number("n", 5))):
        await held.passed()
        await line.say(word)
    await held.passed()
    await line.done()


@script
async def endless(line: Line) -> None:
    while True:
        await line.say("and ")
        await asyncio.sleep(line.number("gap", 0.01))


@script
async def close(line: Line) -> None:
    raise Cut


@script
async def garbage(line: Line) -> None:
    await line.response.raw(b"\x00\x01 this is not HTTP\r\n\r\n")
    raise Cut


@script
async def first_error(line: Line) -> None:
    await line.write({"error": "llama runner process has terminated: exit status 2"})


def _broken(name: str, *tail: str | bytes, end: Cut | None = None, begin: bool = True) -> None:
    """A script that says a few tokens, writes `tail` and ends without `done`, by `end` if given."""

    async def broken(line: Line) -> None:
        await line.speak(words(int(line.number("after", 3))))
        for data in tail:
            await (line.raw if begin else line.response.raw)(data)  # type: ignore[arg-type]
        if end is not None:
            raise Cut(reset=end.reset)

    SCRIPTS[name] = broken


_HALF = '{"model":"m","created_at":"2026-08-01T08:20:30Z","message":{"role":"assist'
_broken("error", '{"error":"an error was encountered while running the model: EOF"}\n')
_broken(
    "error_json", json.dumps({"error": '{"error":{"code":500,"message":"slot 0 failed"}}'}) + "\n"
)
_broken("error_list", json.dumps({"error": '["slot 0 failed"]'}) + "\n")
_broken("error_context", json.dumps({"error": _TOO_LONG}) + "\n")
_broken("fin", end=Cut())
_broken("rst", end=Cut(reset=True))
_broken("cut", _HALF, end=Cut())
_broken("badchunk", b"zz\r\nnot a length\r\n", begin=False, end=Cut())
_broken("nodone")
_broken("malformed", '{"message": oops}\n')
_broken("blank", "\n")
_broken("nonobject", "[1, 2]\n")
_broken("nomessage", '{"model":"m","done":false}\n')
_broken("deep", "[" * 20_000 + "\n")
