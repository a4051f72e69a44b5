"""More scripts of `tests.scripted.openai`: what servers send, each as it was reported of one."""

import json
from typing import Any

from tests.scripted.ollama_scripts import REPLY, THOUGHTS
from tests.scripted.openai_scripts import SCRIPTS, Events, Script, normal

Json = dict[str, Any]
WHOLE = "".join(REPLY)


def _choices(*choices: Json, mark: bool = False, label: str = "", **more: Any) -> Script:
    """Events with one choice each, as they are given."""

    async def send(events: Events) -> None:
        if label:
            await events.response.start(label)
        for choice in choices:
            await events.send({**events.chunk([{"index": 0, **choice}]), **more})
        if mark:
            await events.mark()

    return send


def _grown(*texts: str) -> list[Json]:
    """Deltas, each with the message so far beside it."""
    choices = [
        {
            "delta": {"content": text},
            "message": {"content": "".join(texts[: number + 1])},
            "finish_reason": None,
        }
        for number, text in enumerate(texts)
    ]
    return [*choices[:-1], {**choices[-1], "finish_reason": "stop"}]


async def _then_a_whole(events: Events) -> None:
    """Deltas, and then the whole reply as an event of its own."""
    await events.speak(REPLY)
    choice = {"index": 0, "message": {"role": "assistant", "content": WHOLE}}
    whole = {"object": "chat.completion", "choices": [{**choice, "finish_reason": "length"}]}
    await events.send({**whole, "usage": {"prompt_tokens": 3, "completion_tokens": 6}})


def _message(**message: Any) -> Json:
    return {"message": {"role": "assistant", **message}}


SCRIPTS |= {
    "beside": _choices(*_grown(*REPLY)),
    "then_whole": _then_a_whole,
    "empty_delta": _choices(
        {"delta": {}, **_message(content=WHOLE), "finish_reason": "stop"}, mark=True
    ),
    "messages_grow": _choices(
        *({"delta": {}, **_message(content="".join(REPLY[: n + 1]))} for n in range(len(REPLY))),
        {"delta": {}, "finish_reason": "stop"},
    ),
    "messages_parts": _choices(
        *(_message(content=text) for text in REPLY), {"finish_reason": "stop"}
    ),
    "whole_event": _choices(_message(content=WHOLE), object="chat.completion"),
    "thought_then_whole": _choices(
        {"delta": {"reasoning_content": "".join(THOUGHTS)}},
        {**_message(content=WHOLE, reasoning_content="".join(THOUGHTS)), "finish_reason": "stop"},
    ),
    "beside_cut": _choices({"delta": {"content": "a"}, **_message(content="a")}),
    "aborted": _choices({"delta": {"content": "a"}}, {"delta": {}, "finish_reason": "abort"}),
    "cut_with_error": _choices(
        {"delta": {"content": "a"}},
        {"delta": {}, "finish_reason": "error", "error": {"message": "upstream failed"}},
    ),
}


def _text(*deltas: Json) -> Script:
    """Deltas, and a whole end."""

    async def send(events: Events) -> None:
        for delta in deltas:
            await events.delta(**delta)
        await events.finish()

    return send


def _escaped(*texts: str) -> Script:
    """Deltas of JSON text, for what Python would not write."""

    async def send(events: Events) -> None:
        for text in texts:
            await events.raw(f'data: {{"choices":[{{"index":0,"delta":{text}}}]}}\n\n')
        await events.finish()

    return send


def _thinking(text: str) -> Json:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}


SCRIPTS |= {
    "halves": _escaped(r'{"content":"a \ud83d"}', r'{"content":"\ude00 b"}'),
    "lone_half": _escaped(r'{"content":"a \ud83d"}', r'{"content":" b\ude00"}'),
    "last_half": _escaped(r'{"content":"a \ud83d"}'),
    "thought_halves": _escaped(
        r'{"reasoning_content":"\ud83d"}', r'{"reasoning_content":"\ude00"}', '{"content":"a"}'
    ),
    "call_halves": _escaped(
        r'{"tool_calls":[{"index":0,"id":"c","function":{"name":"say","arguments":"{\"t\":\"\ud83d"}}]}',
        r'{"tool_calls":[{"index":0,"function":{"arguments":"\ude00\"}"}}]}',
    ),
    "part_thoughts": _text(
        *({"content": [_thinking(thought)]} for thought in THOUGHTS), {"content": WHOLE}
    ),
    "part_mixed": _text(
        {"content": [{"type": "thinking", "thinking": "".join(THOUGHTS)}, {"text": WHOLE}]}
    ),
    "thought_details": _text(
        {"reasoning_details": [{"type": "reasoning.text", "text": "".join(THOUGHTS)}]},
        {"content": WHOLE},
    ),
    "thought_twice": _text(
        *({"reasoning_content": thought} for thought in THOUGHTS),
        {"content": f"<think>\n{''.join(THOUGHTS)}\n</think>\n\n"},
        {"content": WHOLE},
    ),
    "closes_alone": _text(
        *({"content": thought} for thought in THOUGHTS),
        {"content": "\n</think>\n\n"},
        {"content": WHOLE},
    ),
}


def _calls(*pieces: Json) -> Script:
    return _text(*({"tool_calls": [piece]} for piece in pieces))


def _call(arguments: Any, name: str = "", **more: Any) -> Json:
    function = {"name": name, "arguments": arguments} if name else {"arguments": arguments}
    return {"index": 0, "function": function, **more}


_SIGNATURE = {"google": {"thought_signature": "c2lnbmF0dXJl"}}
SCRIPTS |= {
    "ids_change": _calls(
        _call("", "clock", id="call_a"),
        _call('{"zone":', id="call_b"),
        _call('"UTC"}', id="call_c"),
    ),
    "same_id": _calls(
        _call('{"zone":"UTC"}', "clock", id="call_1"),
        {**_call('{"zone":"CET"}', "clock", id="call_1"), "index": 1},
    ),
    "nameless": _calls(
        _call('{"zone":"UTC"}', "clock", id="call_1"), {**_call("{}", id="call_2"), "index": 1}
    ),
    "interleaved": _calls(
        _call("", "clock", id="call_1"),
        _call("", "clock", id="call_2"),
        _call('{"zone":"UTC"}', id="call_1"),
        _call('{"zone":"CET"}', id="call_2"),
    ),
    "null_arguments": _calls(_call(None, "clock", id="call_1")),
    "empty_arguments": _calls(_call("", "clock", id="call_1"), _call("")),
    "text_null": _calls(_call("nu", "clock", id="call_1"), _call("ll")),
    "function_call": _text({"function_call": {"name": "clock", "arguments": '{"zone":"UTC"}'}}),
    "signed": _calls(_call("{}", "clock", id="call_1", extra_content=_SIGNATURE)),
}


def _labelled(label: str, *, pretty: bool = False, lines: bool = False) -> Script:
    """A whole reply with a label that is none of its own."""

    async def send(events: Events) -> None:
        await events.response.start(label)
        if not pretty and not lines:
            await normal(events)
            return
        choice = {"index": 0, "message": {"role": "assistant", "content": WHOLE}}
        if lines:
            for text in (*REPLY, ""):
                reason = None if text else "stop"
                delta = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
                await events.response.piece(json.dumps({"choices": [delta]}) + "\n")
            return
        usage = {"prompt_tokens": 3, "completion_tokens": 6}
        whole = {"choices": [{**choice, "finish_reason": "stop"}], "usage": usage}
        await events.response.piece(json.dumps(whole, indent=2))

    return send


SCRIPTS |= {
    "events_as_json": _labelled("application/json"),
    "json_as_events": _labelled("text/event-stream", pretty=True),
    "lines_as_events": _labelled("text/event-stream", lines=True),
    "lines_as_lines": _labelled("application/x-ndjson", lines=True),
}


def _picky(status: int, body: Any, *fields: str) -> Script:
    """Refuses as long as one of the fields is in the request, then answers."""

    async def answer(events: Events) -> None:
        sent = events.exchange.json
        within = [*sent, *(name for message in sent["messages"] for name in message)]
        if any(field in within for field in fields):
            await events.response.whole(status, body)
        else:
            await normal(events)

    return answer


def _prose(text: str) -> Json:
    return {"error": {"message": text, "type": "invalid_request_error", "param": None}}


def _invalid(*fields: str) -> Json:
    found = [{"type": "extra_forbidden", "loc": ["body", f], "msg": "Extra inputs"} for f in fields]
    return {"detail": found}


SCRIPTS |= {
    "not_both": _picky(
        400, _prose("`temperature` and `top_p` cannot both be specified for this model."), "top_p"
    ),
    "invalid_fields": _picky(422, _invalid("top_p", "stream_options"), "top_p", "stream_options"),
    "invalid_inside": _picky(
        422, {"object": "error", "message": _invalid("stream_options")}, "stream_options"
    ),
    "no_thinking": _picky(400, _prose('"m" does not support thinking'), "reasoning_effort"),
    "no_reasoning": _picky(
        400, _prose("reasoning_content: Extra inputs are not permitted"), "reasoning_content"
    ),
    "too_large": _picky(400, _prose("max_tokens must be at most 100"), "max_tokens"),
    "stubborn_seed": _picky(422, _invalid("seed"), "seed"),
}


async def _slow_call(events: Events) -> None:
    """Silent in the middle until the gate opens, as a server that holds a tool call back."""
    await events.say("word0 ")
    await events.server.gate("a").passed()
    await events.finish()


SCRIPTS["holds_back"] = _slow_call


async def _cached(events: Events) -> None:
    await events.speak(REPLY)
    await events.delta("stop")
    usage = {"prompt_tokens": 30, "completion_tokens": 6}
    kind = events.settings.get("kind", "")
    if kind == "openai":
        usage |= {"prompt_tokens_details": {"cached_tokens": 20}}  # type: ignore[dict-item]
        usage |= {"completion_tokens_details": {"reasoning_tokens": 4}}  # type: ignore[dict-item]
    if kind == "deepseek":
        usage |= {"prompt_cache_hit_tokens": 20}
    timings = {"timings": {"cache_n": 20}} if kind == "llama" else {}
    await events.send({**events.chunk([]), "usage": usage, **timings})
    await events.mark()


SCRIPTS["cached"] = _cached


async def _refused(events: Events) -> None:
    """With the body that the test gives."""
    status, body = events.server.refusal
    await events.response.whole(status, body)


SCRIPTS["refused"] = _refused
