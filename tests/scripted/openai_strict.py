"""More scripts of `tests.scripted.openai`: servers that refuse prompts.

window:n=1024,of=4,as=llama  as a server with a window of `n` tokens: text has a token for `of`
                             characters, a message 4 more. Refuses what does not fit in the words
                             of llama-server, or (`as=vllm`) of vLLM, which counts `max_tokens`,
                             too, or (`as=mute`) of one that names no number
strict:system=no             a template that insists: on a user's message first, then the
                             assistant's, and so on; `system=no` refuses system messages with a 500,
                             `system=alternate` as roles that do not alternate
"""

from itertools import cycle
from typing import Any

from tests.scripted.ollama_scripts import REPLY
from tests.scripted.openai_scripts import Events, script

ALTERNATE = "Conversation roles must alternate user/assistant/user/assistant/..."


def _error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


async def _reply(events: Events, prompt: int) -> None:
    await events.start()
    await events.speak(REPLY)
    await events.delta("stop")
    counts = {"prompt_tokens": prompt, "completion_tokens": len(REPLY)}
    await events.send(events.chunk([], usage=counts))
    await events.mark()


@script
async def window(events: Events) -> None:
    asked = events.exchange.json
    size, of = int(events.number("n", 1024)), events.number("of", 4)
    texts = [message["content"] for message in asked["messages"]]
    prompt = sum(4 + round(len(text) / of) for text in texts)
    reply = asked.get("max_tokens") or 0
    style = events.settings.get("as", "llama")
    if style == "vllm" and prompt + reply > size:
        told = _error(
            f"This model's maximum context length is {size} tokens. However, you requested "
            f"{prompt + reply} tokens ({prompt} in the messages, {reply} in the completion). "
            "Please reduce the length of the messages or completion."
        )
    elif style == "mute" and prompt > size:
        told = _error("the input length exceeds the context length")
    elif style == "llama" and prompt > size:
        told = _error(
            f"request ({prompt} tokens) exceeds the available context size ({size} tokens), "
            "try increasing it",
            type="exceed_context_size_error",
            n_prompt_tokens=prompt,
            n_ctx=size,
        )
    else:
        await _reply(events, prompt)
        return
    await events.response.whole(400, told)


@script
async def strict(events: Events) -> None:
    roles = [message["role"] for message in events.exchange.json["messages"]]
    system = events.settings.get("system")
    if roles[0] == "system" and system == "no":
        await events.response.whole(500, _error("System role not supported"))
        return
    if roles[0] == "system" and system != "alternate":
        roles = roles[1:]
    if any(role != expected for role, expected in zip(roles, cycle(("user", "assistant")))):
        await events.response.whole(400, _error(ALTERNATE))
        return
    await _reply(events, 10)
