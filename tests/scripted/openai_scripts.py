"""The scripts behind the model names of `tests.scripted.openai`, which describes them."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from tests.scripted.ollama_scripts import ODD_TEXT, REPLY, THOUGHTS, words
from tests.scripted.server import Cut, Exchange, Response

if TYPE_CHECKING:
    from tests.scripted.openai import ScriptedOpenAI

_CAMEL = {
    "finish_reason": "finishReason",
    "prompt_tokens": "promptTokens",
    "completion_tokens": "completionTokens",
    "total_tokens": "totalTokens",
}


class Events:
    """A reply being written, one event at a time. `end_line` is that of the stream's lines."""

    def __init__(
        self,
        server: "ScriptedOpenAI",
        exchange: Exchange,
        response: Response,
        settings: dict[str, str],
    ) -> None:
        self.server = server
        self.exchange = exchange
        self.response = response
        self.settings = settings
        self.end_line = "\n"
        self.size = 0
        self.camel = False

    def number(self, name: str, default: float) -> float:
        return float(self.settings.get(name, default))

    def chunk(self, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        head = {"id": "chatcmpl-123", "object": "chat.completion.chunk", "created": 1785572430}
        return {**head, "model": self.exchange.model, "choices": choices, **more}

    async def start(self) -> None:
        await self.delta(role="assistant", content="")

    async def delta(self, reason: str | None = None, **delta: Any) -> None:
        await self.send(self.chunk([{"index": 0, "delta": delta, "finish_reason": reason}]))

    async def say(self, content: str) -> None:
        await self.delta(content=content)
        self.exchange.sent += 1

    async def speak(self, tokens: Iterable[str], gap: float = 0.0) -> None:
        for token in tokens:
            await self.say(token)
            if gap:
                await asyncio.sleep(gap)

    async def usage(self, **more: Any) -> None:
        if (self.exchange.json.get("stream_options") or {}).get("include_usage"):
            await self.send(self.chunk([], usage=self.counts(), **more))

    def counts(self) -> dict[str, int]:
        prompt = sum(len(m["content"] or "") for m in self.exchange.json["messages"]) // 4 + 1
        sent = self.exchange.sent
        return {"prompt_tokens": prompt, "completion_tokens": sent, "total_tokens": prompt + sent}

    async def finish(self, reason: str = "stop") -> None:
        await self.delta(reason)
        await self.usage()
        await self.mark()

    async def mark(self) -> None:
        await self.raw(f"data: [DONE]{self.end_line * 2}")

    async def send(self, data: Any) -> None:
        text = json.dumps(_camel(data) if self.camel else data, ensure_ascii=False)
        await self.raw(f"data: {text}{self.end_line * 2}")

    async def raw(self, text: str) -> None:
        await self.begin()
        data = text.encode()
        size = self.size or len(data)
        for start in range(0, len(data), size):
            await self.response.piece(data[start : start + size])
            await asyncio.sleep(0)  # a segment of its own

    async def begin(self) -> None:
        if not self.response.streaming:
            await self.response.start("text/event-stream; charset=utf-8")


def _camel(data: Any) -> Any:
    if isinstance(data, list):
        return [_camel(item) for item in data]
    if isinstance(data, dict):
        return {_CAMEL.get(key, key): _camel(value) for key, value in data.items()}
    return data


Script = Callable[[Events], Awaitable[None]]
SCRIPTS: dict[str, Script] = {}


def script(function: Script) -> Script:
    SCRIPTS[function.__name__.strip("_")] = function
    return function


def _refusal(
    status: int, message: str, code: str | None = None, param: str | None = None
) -> Script:
    async def refuse(events: Events) -> None:
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        headers = {"Retry-After": "7"} if status == 429 else None
        await events.response.whole(status, {"error": error}, headers=headers)

    return refuse


def _choosy(field: str, message: str, code: str) -> Script:
    refuse = _refusal(400, message, code, field)

    async def answer(events: Events) -> None:
        await (refuse if field in events.exchange.json else normal)(events)

    return answer


_PAGE = "<html><body><h1>502 Bad Gateway</h1><a href='http://10.0.0.1'>nginx</a></body></html>"
_TOO_LONG = "This model's maximum context length is 4096 tokens. However, you asked for 9001."


@script
async def normal(events: Events) -> None:
    await events.start()
    await events.speak(REPLY)
    await events.finish()


SCRIPTS |= {
    "missing": _refusal(404, "The model `missing` does not exist.", "model_not_found"),
    "key": _refusal(401, "Incorrect API key provided: sk-secret.", "invalid_api_key"),
    "nokey": _refusal(403, "Project proj_secret does not have access.", "forbidden"),
    "limit": _refusal(429, "Rate limit reached for org-secret.", "rate_limit_exceeded"),
    "quota": _refusal(429, "You exceeded your current quota.", "insufficient_quota"),
    "busy": _refusal(503, "The engine is overloaded at http://10.0.0.1."),
    "memory": _refusal(500, "CUDA out of memory on http://10.0.0.1"),
    "toolong": _refusal(400, _TOO_LONG, "context_length_exceeded", "messages"),
    "odd": _refusal(400, "Something about http://10.0.0.1", None, "seed"),
    "stubborn": _choosy("temperature", "Unsupported value: 'temperature'.", "unsupported_value"),
    "renamed": _choosy(
        "max_tokens", "Unsupported parameter: 'max_tokens'.", "unsupported_parameter"
    ),
    "plain": _choosy("stream_options", "Unknown parameter: 'stream_options'.", "unknown"),
}


@script
async def html(events: Events) -> None:
    await events.response.whole(502, _PAGE, "text/html")


@script
async def page(events: Events) -> None:
    await events.response.whole(200, _PAGE, "text/html; charset=utf-8")


@script
async def close(events: Events) -> None:
    raise Cut


@script
async def garbage(events: Events) -> None:
    await events.response.raw(b"\x00\x01 this is not HTTP\r\n\r\n")
    raise Cut


@script
async def echo(events: Events) -> None:
    said = [m["content"] for m in events.exchange.json["messages"] if m["role"] == "user"]
    await events.start()
    await events.speak(re.findall(r"\S+\s*|\s+", said[-1] if said else ""))
    await events.finish()


@script
async def said(events: Events) -> None:
    text = events.server.text
    await events.start()
    await events.speak(text[i : i + 4] for i in range(0, len(text), 4))
    await events.finish()


@script
async def paced(events: Events) -> None:
    await events.start()
    await events.speak(words(int(events.number("n", 50))), events.number("gap", 0.02))
    await events.finish()


@script
async def hang(events: Events) -> None:
    await asyncio.Event().wait()


@script
async def late(events: Events) -> None:
    await events.begin()
    await asyncio.Event().wait()


@script
async def stall(events: Events) -> None:
    await events.start()
    await events.speak(words(int(events.number("after", 3))))
    await asyncio.Event().wait()


@script
async def gate(events: Events) -> None:
    held = events.server.gate(events.settings.get("id", "a"))
    await events.start()
    for word in words(int(events.number("n", 5))):
        await held.passed()
        await events.say(word)
    await held.passed()
    await events.finish()


@script
async def endless(events: Events) -> None:
    await events.start()
    while True:
        await events.say("and ")
        await asyncio.sleep(events.number("gap", 0.01))


@script
async def error(events: Events) -> None:
    await events.speak(words(int(events.number("after", 3))))
    told = {"message": "upstream http://10.0.0.1 failed", "type": "server_error", "code": None}
    await events.send({"error": told})
    await events.mark()


@script
async def lost(events: Events) -> None:
    await events.speak(words(int(events.number("after", 3))))
    await events.delta(content="")


def _broken(name: str, *tail: str, end: Cut | None = None) -> None:
    async def broken(events: Events) -> None:
        await events.speak(words(int(events.number("after", 3))))
        for text in tail:
            await events.raw(text)
        if end is not None:
            raise Cut(reset=end.reset)

    SCRIPTS[name] = broken


_broken("fin", end=Cut())
_broken("rst", end=Cut(reset=True))
_broken("malformed", "data: {oops}\n\n")
_broken("nonobject", "data: [1, 2]\n\n")
_broken("oddchoice", 'data: {"choices": [7]}\n\n')


@script
async def bytes_(events: Events) -> None:
    events.size = int(events.number("size", 7))
    await events.say(ODD_TEXT)
    await events.finish()


@script
async def reasoning(events: Events) -> None:
    for thought in THOUGHTS:
        await events.delta(content="", reasoning=thought)
    await normal(events)
