"""More scripts of `tests.scripted.openai`: replies that are whole, each odd in one way."""

import asyncio
from typing import Any

from tests.scripted.ollama_scripts import REPLY, THOUGHTS
from tests.scripted.openai_scripts import SCRIPTS, Events, Script, normal, script


@script
async def nodone(events: Events) -> None:
    await events.speak(REPLY)
    await events.delta("stop")
    await events.usage()


@script
async def nofinish(events: Events) -> None:
    for token in REPLY:
        await events.send({"choices": [{"delta": {"content": token}}]})
    await events.mark()


@script
async def afterdone(events: Events) -> None:
    await events.speak(REPLY)
    await events.delta("stop")
    await events.raw("data: [DONE]\n\ndata: {oops}\n\n")


@script
async def lingers(events: Events) -> None:
    await events.speak(REPLY)
    await events.delta("stop")
    await asyncio.Event().wait()


def _ending(reason: str) -> Script:
    async def end(events: Events) -> None:
        await events.start()
        await events.speak(REPLY)
        await events.finish(reason)

    return end


SCRIPTS |= {
    "length": _ending("length"),
    "filter": _ending("content_filter"),
    "tool_calls": _ending("tool_calls"),
}


@script
async def nousage(events: Events) -> None:
    await events.speak(REPLY)
    await events.delta("stop")
    await events.mark()


@script
async def nulls(events: Events) -> None:
    await events.delta(role="assistant", content=None, refusal=None, tool_calls=None)
    for token in REPLY:
        chunk = events.chunk([{"index": 0, "delta": {"content": token}, "finish_reason": None}])
        await events.send({**chunk, "usage": None, "error": None, "system_fingerprint": None})
    await events.finish()


@script
async def reasoning_content(events: Events) -> None:
    for thought in THOUGHTS:
        await events.delta(content=None, reasoning_content=thought)
    await normal(events)


@script
async def both(events: Events) -> None:
    await events.delta(content="Hello", reasoning_content="Let me think.")
    await events.finish()


@script
async def parts(events: Events) -> None:
    for token in REPLY:
        await events.delta(content=[{"type": "text", "text": token}])
    await events.finish()


@script
async def llama(events: Events) -> None:
    await events.delta(role="assistant", content=None)
    await events.speak(REPLY)
    await events.delta("stop")
    await events.usage(timings={"prompt_n": 3, "prompt_ms": 5.2, "predicted_ms": 80.1})
    await events.mark()


@script
async def tools_whole(events: Events) -> None:
    function = {"name": "clock", "arguments": '{"zone":"UTC"}'}
    call = {"id": "call_1", "index": 0, "type": "function", "function": function}
    await events.delta(role="assistant", content="", tool_calls=[call])
    await events.finish("tool_calls")


@script
async def tools_parts(events: Events) -> None:
    first = {"id": "call_1", "index": 0, "type": "function", "function": {"name": "clock"}}
    await events.delta(role="assistant", content=None, tool_calls=[first])
    for arguments in ('{"zo', 'ne":"', 'UTC"}'):
        part: dict[str, Any] = {"index": 0, "function": {"arguments": arguments}}
        await events.delta(tool_calls=[part])
    await events.finish("tool_calls")


@script
async def pings(events: Events) -> None:
    for keep_alive in (
        ": ping\n\n",
        "event: ping\n\n",
        "retry: 3000\n\n",
        "data:\n\n",
        "id: 1\n\n",
    ):
        await events.raw(keep_alive)
        await events.say("beat ")
    await events.finish()


@script
async def crlf(events: Events) -> None:
    events.end_line = "\r\n"
    await normal(events)


@script
async def nel(events: Events) -> None:
    await events.say("one\u0085two\u2028three\u2029four")
    await events.finish()


@script
async def camel(events: Events) -> None:
    events.camel = True
    await normal(events)


def _whole(counts: dict[str, int], reason: str) -> Script:
    async def answer(events: Events) -> None:
        said = {"role": "assistant", "content": "".join(REPLY)}
        choice = {"index": 0, "message": said, reason: "stop"}
        await events.response.whole(200, {"id": "1", "choices": [choice], "usage": counts})

    return answer


SCRIPTS |= {
    "whole": _whole({"prompt_tokens": 10, "completion_tokens": 15}, "finish_reason"),
    "camelwhole": _whole({"promptTokens": 10, "completionTokens": 15}, "finishReason"),
}
