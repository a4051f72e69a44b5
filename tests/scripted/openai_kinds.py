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
async def logprobs(events: Events) -> None:
    for token in REPLY:
        other = {"token": "Bye", "logprob": -3.0, "bytes": None}
        said = {"token": token, "logprob": -0.1, "bytes": None, "top_logprobs": [other]}
        choice = {"index": 0, "delta": {"content": token}, "finish_reason": None}
        await events.send(events.chunk([{**choice, "logprobs": {"content": [said]}}]))
    await events.finish()


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


def _odd_calls(*pieces: dict[str, Any]) -> Script:
    """Pieces of tool calls as some servers send them, and `stop` as the reason."""

    async def calls(events: Events) -> None:
        await events.start()
        for piece in pieces:
            await events.delta(tool_calls=[piece])
        await events.finish()

    return calls


def _function(arguments: Any, name: str | None = "clock") -> dict[str, Any]:
    return {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}


_UTC, _CET = _function('{"zone":"UTC"}'), _function('{"zone":"CET"}')
SCRIPTS |= {
    # Whole calls that all have index 0, as Ollama's.
    "tools_zero": _odd_calls(
        {"index": 0, "id": "call_1", "function": _UTC},
        {"index": 0, "id": "call_2", "function": _CET},
    ),
    # Neither index nor id, and the arguments as an object.
    "tools_bare": _odd_calls(
        {"function": _function({"zone": "UTC"})}, {"function": _function({"zone": "CET"})}
    ),
    # Two calls by turns, with id and name in every piece, and the index of the second not 1.
    "tools_mixed": _odd_calls(
        {"index": 0, "id": "call_1", "function": _function('{"zone":')},
        {"index": 5, "id": "call_2", "function": _function('{"zone":')},
        {"index": 0, "id": "call_1", "function": _function('"UTC"}')},
        {"index": 5, "id": "call_2", "function": _function('"CET"}')},
    ),
    # The id only with the first piece and no index; the name after the first arguments.
    "tools_late": _odd_calls(
        {"id": "call_1", "function": _function('{"zone":', None)},
        {"function": {"name": ""}},
        {"id": "call_1", "function": _function('"UTC"}')},
        {"index": 1, "function": _CET},
    ),
}


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


@script
async def calculates(events: Events) -> None:
    """Thinks, and calls the tool `calculate` in pieces, with a signature that it wants back; then
    says what it answered."""
    last = events.exchange.json["messages"][-1]
    if last["role"] == "tool":
        await events.start()
        await events.say(last["content"])
        await events.finish()
        return
    await events.delta(role="assistant", content=None, reasoning_content="I need a tool.")
    function = {"name": "calculate", "arguments": '{"expression":'}
    signed = {"google": {"thought_signature": "c2ln"}}
    first = {"id": "call_7", "index": 0, "type": "function", "function": function}
    await events.delta(tool_calls=[{**first, "extra_content": signed}])
    await events.delta(tool_calls=[{"index": 0, "function": {"arguments": ' "6 * 7"}'}}])
    await events.finish("tool_calls")
