"""More scripts of `tests.scripted.ollama`: replies that are whole, each odd in one way."""

import asyncio
import json

from tests.scripted.ollama_scripts import (
    ODD_TEXT,
    REPLY,
    SCRIPTS,
    THOUGHTS,
    Line,
    Script,
    normal,
    script,
)

_CALL = {
    "id": "call_a1b2c3d4",
    "function": {"index": 0, "name": "clock", "arguments": {"zone": "UTC"}},
}


@script
async def think(line: Line) -> None:
    for thought in THOUGHTS:
        await line.say(thinking=thought)
    await normal(line)


@script
async def tagged(line: Line) -> None:
    text = f"\n<think>\n{''.join(THOUGHTS)}</think>\n\n{''.join(REPLY)}"
    await line.speak(text[start : start + 3] for start in range(0, len(text), 3))
    await line.done()


@script
async def think_length(line: Line) -> None:
    for thought in THOUGHTS:
        await line.say(thinking=thought)
    await line.done("length")


@script
async def think_both(line: Line) -> None:
    await line.say("Hello", thinking="Let me think.")
    await line.done()


@script
async def tools(line: Line) -> None:
    await line.say("Looking. ")
    await line.say(tool_calls=[_CALL])
    await line.done()


@script
async def tools_done(line: Line) -> None:
    await line.write({**line.line("", done=True, tool_calls=[_CALL]), "done_reason": "stop"})


@script
async def tools_many(line: Line) -> None:
    """As older servers: no ids, and every index 0."""
    for zone in ("UTC", "CET"):
        function = {"index": 0, "name": "clock", "arguments": {"zone": zone}}
        await line.say(tool_calls=[{"function": function}])
    await line.say(tool_calls=[{"function": {"name": "dice", "arguments": {}}}])
    await line.done()


@script
async def patch(line: Line) -> None:
    """Calls the tool `patch` with one text, as a custom tool is offered."""
    function = {"name": "patch", "arguments": {"input": "*** Begin Patch"}}
    await line.say("Looking. ")
    await line.say(tool_calls=[{"function": function}])
    await line.done()


@script
async def tool_loop(line: Line) -> None:
    """Asks for the clock when it is offered and has not answered; then says what it answered."""
    last = line.exchange.json["messages"][-1]
    if line.exchange.json.get("tools") and last["role"] != "tool":
        await line.say(tool_calls=[_CALL])
    else:
        await line.say(f"It is {last['content']}.")
    await line.done()


@script
async def form(line: Line) -> None:
    """JSON if that was asked for, and prose if not."""
    wanted = line.exchange.json.get("format")
    await line.say('{"city": "Paris", "people": 2}' if wanted else "Two people live in Paris.")
    await line.done()


@script
async def logprobs(line: Line) -> None:
    for token in REPLY:
        found = [{"token": token, "logprob": -0.1, "bytes": [72], "top_logprobs": []}]
        await line.write({**line.line(token), "logprobs": found})
    await line.done()


@script
async def empty(line: Line) -> None:
    await line.done()


@script
async def length(line: Line) -> None:
    await line.speak(REPLY)
    await line.done("length")


@script
async def noreason(line: Line) -> None:
    await line.speak(REPLY)
    await line.done(None)


@script
async def last_content(line: Line) -> None:
    await line.speak(REPLY[:-1])
    await line.done(content=REPLY[-1])


@script
async def nometrics(line: Line) -> None:
    await line.speak(REPLY)
    await line.done(counts=False)


@script
async def extra(line: Line) -> None:
    for token in REPLY:
        await line.write({**line.line(token, mood="calm"), "novelty": {"a": [1]}})
    await line.done(novelty=True)


@script
async def cloud(line: Line) -> None:
    for token in REPLY:
        remote = {"remote_model": "gpt-oss:120b", "remote_host": "https://ollama.com:443"}
        await line.write({**line.line(token), **remote})
    await line.done()


@script
async def afterdone(line: Line) -> None:
    await normal(line)
    await line.say(" And one more thing.")
    await line.raw("not even JSON\n")


@script
async def gaps(line: Line) -> None:
    for token in REPLY:
        await line.raw("\n \r\n")
        await line.speak([token])
        await line.raw("\n")
    await line.done()


@script
async def crlf(line: Line) -> None:
    for token in REPLY:
        await line.raw(json.dumps(line.line(token)) + "\r\n")
    await line.raw(json.dumps({**line.line(done=True), "done_reason": "stop"}) + "\r\n")


@script
async def big(line: Line) -> None:
    await line.say("x" * (1 << 20))
    await line.done()


@script
async def bytes_(line: Line) -> None:
    size = int(line.number("size", 7))
    data = (json.dumps(line.line(ODD_TEXT), ensure_ascii=False) + "\n").encode()
    for start in range(0, len(data), size):
        await line.raw(data[start : start + size])
        await asyncio.sleep(0)  # a segment of its own
    await line.done()


def _in_bytes(text: str) -> Script:
    """The text unescaped, once in one write and once cut at every byte."""

    async def say(line: Line) -> None:
        await line.say(text)
        for byte in (json.dumps(line.line(text), ensure_ascii=False) + "\n").encode():
            await line.raw(bytes([byte]))
            await asyncio.sleep(0)
        await line.done()

    return say


def _loading(reason: str) -> Script:
    """The answer to an empty prompt: one object, whatever `stream` says."""

    async def answer(line: Line) -> None:
        await line.response.whole(200, {**line.line(done=True), "done_reason": reason})

    return answer


SCRIPTS |= {
    "nel": _in_bytes("one\u0085two Â é"),
    "linesep": _in_bytes("one\u2028two\u2029three — â"),
    "load": _loading("load"),
    "unload": _loading("unload"),
}


def _odd_lines(*lines: str, done: str = '{"done":true,"done_reason":"stop"}') -> Script:
    """Lines as other servers that speak Ollama's protocol write them: JSON text, as it is."""

    async def send(line: Line) -> None:
        for text in lines:
            await line.raw(f'{{"model":"m","message":{text},"done":false}}\n')
        await line.raw(
            done.replace('{"done"', '{"model":"m","message":{"role":"assistant"},"done"')
        )
        await line.raw("\n")

    return send


SCRIPTS |= {
    "halves": _odd_lines(r'{"content":"a \ud83d"}', r'{"content":"\ude00 b"}'),
    "lone_half": _odd_lines(r'{"content":"a \ud83d"}', r'{"content":" b"}'),
    "thought_halves": _odd_lines(r'{"thinking":"\ud83d"}', r'{"thinking":"\ude00","content":"a"}'),
    "text_arguments": _odd_lines(
        r'{"tool_calls":[{"function":{"name":"clock","arguments":"{\"zone\":\"UTC\"}"}}]}'
    ),
    "null_arguments": _odd_lines(
        '{"tool_calls":[{"function":{"name":"clock","arguments":null}},'
        '{"function":{"name":"dice","arguments":""}},{"function":{"name":"coin"}}]}'
    ),
    "signed": _odd_lines(
        '{"tool_calls":[{"id":"call_9","extra_content":{"signature":"c2ln"},'
        '"function":{"name":"clock","arguments":{}}}]}'
    ),
    "fractions": _odd_lines(
        '{"content":"a"}',
        done='{"done":true,"done_reason":"stop","prompt_eval_count":3.0,"eval_count":1,'
        '"load_duration":1500000000.5,"created_at":1785572430}',
    ),
    "thought_twice": _odd_lines(
        '{"thinking":"Let me think."}', r'{"content":"<think>\nLet me think.\n</think>\n\nHello"}'
    ),
}


@script
async def as_events(line: Line) -> None:
    """Server-sent events instead of lines."""
    for token in REPLY:
        await line.raw(f"data: {json.dumps(line.line(token))}\n\n")
    await line.raw(f"data: {json.dumps(line.line(done=True))}\n\n")


@script
async def pretty(line: Line) -> None:
    """One document over several lines, though a stream was asked for."""
    await line.raw(json.dumps(line.line("".join(REPLY), done=True), indent=2))


@script
async def no_think(line: Line) -> None:
    """Refuses `think`, whatever it is."""
    if "think" in line.exchange.json:
        await line.response.whole(400, {"error": '"no_think" does not support thinking'})
    else:
        await normal(line)


@script
async def strict(line: Line) -> None:
    """Refuses fields that it does not know."""
    if "truncate" in line.exchange.json:
        found = {"type": "extra_forbidden", "loc": ["body", "truncate"], "msg": "Extra inputs"}
        await line.response.whole(422, {"detail": [found]})
    else:
        await normal(line)


@script
async def full(line: Line) -> None:
    """Writes as many tokens as it may, and counts a prompt of 216."""
    most = (line.exchange.json.get("options") or {}).get("num_predict", 10)
    await line.speak(["a"] * most)
    line.exchange.sent = most
    await line.done("length", prompt_eval_count=216, eval_count=most)


@script
async def holds_back(line: Line) -> None:
    """Silent in the middle until the gate opens, as Ollama is while it writes a tool call."""
    await line.say("word0 ")
    await line.server.gate("a").passed()
    await line.done()


def _steps(text: str) -> list[list[tuple[str, object]]]:
    """The calls of each step; none in a text that is something else."""
    try:
        steps = json.loads(text)
        steps = [steps] if steps and isinstance(steps[0][0], str) else steps
        return [[(name, given) for name, given in step] for step in steps]
    except (ValueError, TypeError, LookupError):
        return []


@script
async def calls(line: Line) -> None:
    """Calls what the last question says, as JSON: `[["calculate", {"expression": "1+1"}]]`; one
    list for each step where there are several. Then tells the results of the last step."""
    messages = line.exchange.json["messages"]
    last = max(i for i, said in enumerate(messages) if said["role"] == "user")
    steps = _steps(messages[last]["content"])
    done = sum(bool(said.get("tool_calls")) for said in messages[last:])
    if done < len(steps) and line.exchange.json.get("tools"):
        named = [{"name": name, "arguments": given} for name, given in steps[done]]
        await line.say("", thinking="I need tools.")
        await line.say(tool_calls=[{"function": function} for function in named])
    else:
        answers: list[str] = []
        for said in messages[last:]:
            answers = [] if said.get("tool_calls") else answers
            answers += [said["content"]] if said["role"] == "tool" else []
        await line.speak(["Results: ", " | ".join(answers)])
    await line.done()


@script
async def without_tools(line: Line) -> None:
    """Refuses tools, as Ollama does for a model whose template has none."""
    if line.exchange.json.get("tools"):
        sentence = f"registry.ollama.ai/library/{line.exchange.model}:latest does not support tools"
        await line.response.whole(400, {"error": sentence}, "application/json", None)
    else:
        await line.speak(REPLY)
        await line.done()
