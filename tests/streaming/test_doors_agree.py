"""One script through socket, REST and `/v1` gives the same text, usage, reason and provider."""

from typing import Any

import pytest

from tests.harness.place import Person, Place
from tests.harness.rest import ok
from tests.scripted.ollama_scripts import ODD_TEXT
from tests.streaming.v1.client import complete, stream, text

# Alike for all: what the page asks for by itself.
ASKED = {"temperature": 0.7, "max_tokens": 512}
# In a conversation these get room to think beside it, once they are known to.
THINKING = ("think", "tagged")
MODELS = [
    "normal",
    "think",
    "tagged",
    "length",
    "nometrics",
    "empty",
    "said",
    "bytes:size=7",
    "noreason",
]


async def by_socket(person: Person, model: str) -> dict[str, Any]:
    async with person.socket(await person.conversation()) as socket:
        await socket.ask("Hello there", model=model)
        end = await socket.next("message_end")
    row = await person.rest.message(end["id"])
    return {
        "content": end["full_content"],
        "reasoning": row["reasoning"],
        "reason": end["finish_reason"],
        "tokens": end["tokens"],
        "provider": end["provider_used"],
    }


async def by_rest(person: Person, model: str) -> dict[str, Any]:
    chat = await person.conversation()
    row = ok(await person.rest.generate(chat, "Hello there", model=model))["message"]
    return {
        "content": row["content"],
        "reasoning": row["reasoning"],
        "reason": row["finish_reason"],
        "tokens": row["tokens"],
        "provider": row["provider_used"],
    }


def of_usage(usage: dict[str, Any]) -> dict[str, Any]:
    """The words of the other doors."""
    return {
        "prompt": usage["prompt_tokens"],
        "completion": usage["completion_tokens"],
        "total": usage["total_tokens"],
        "source": usage["source"],
    }


async def by_v1(person: Person, model: str) -> dict[str, Any]:
    answer = await complete(person, model, **ASKED)
    choice = answer["choices"][0]
    return {
        "content": choice["message"]["content"],
        "reasoning": choice["message"].get("reasoning_content", ""),
        "reason": choice["finish_reason"],
        "tokens": of_usage(answer["usage"]),
        "provider": answer["provider_used"],
    }


async def by_v1_stream(person: Person, model: str) -> dict[str, Any]:
    options = {"include_usage": True}
    *chunks, last = await stream(person, model, stream_options=options, **ASKED)
    return {
        "content": text(chunks),
        "reasoning": text(chunks, "reasoning_content"),
        "reason": chunks[-1]["choices"][0]["finish_reason"],
        "tokens": of_usage(last["usage"]),
        "provider": last["provider_used"],
    }


@pytest.mark.parametrize("model", MODELS)
async def test_doors_agree(daphne_place: Place, model: str) -> None:
    place = daphne_place
    place.ollama.text = ODD_TEXT
    person = await place.person()
    told = [await door(person, model) for door in (by_socket, by_rest, by_v1, by_v1_stream)]
    assert told[1:] == told[:1] * 3
    asked = [chat.json for chat in place.ollama.chats]
    for body in asked if model in THINKING else ():
        del body["options"]["num_predict"]
    assert asked[1:] == asked[:1] * 3
    records = await place.clerk("usage", user_id=person.id)
    assert [record["door"] for record in records] == ["socket", "rest", "v1", "v1"]
    assert len({(r["prompt_tokens"], r["completion_tokens"], r["source"]) for r in records}) == 1
