"""Who may ask under `/v1`, what it costs, and who answers."""

import asyncio
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from tests.harness import WAIT_S
from tests.harness.place import Place, place_at
from tests.harness.rest import ok
from tests.harness.server import ChatServer
from tests.scripted.ollama import entry
from tests.scripted.ollama_scripts import REPLY
from tests.streaming.v1.client import (
    body,
    complete,
    events,
    post,
    refused,
    stream,
    streaming,
    text,
    told,
)

# --- Who asks ----------------------------------------------------------------------------------


async def test_the_cookie_of_a_page_does_too_with_its_token(place: Place) -> None:
    person = await place.person()
    response = await person.page.post("/v1/chat/completions", body())
    assert ok(response)["choices"][0]["message"]["content"] == "".join(REPLY)
    assert ok(await person.page.get("/v1/models"))["data"]
    del person.page.http.headers["x-csrftoken"]
    response = await person.page.post("/v1/chat/completions", body())
    refused(response, 403, "csrf_failed")


async def test_health_is_open_to_all(daphne_place: Place) -> None:
    person = await daphne_place.person()
    del person.rest.http.headers["authorization"]
    found = await person.rest.get("/v1/health")
    assert ok(found) == {"status": "ok", "provider": "ollama"}


async def test_what_a_key_is_good_for(daphne_place: Place) -> None:
    """Its scopes and its models."""
    person = await daphne_place.person()
    limits = {"scopes": ["chat", "models"], "allowed_models": ["think"]}
    await daphne_place.clerk("allow", model="ApiKey", row_id=person.key_id, **limits)
    response = await post(person, body("normal"))
    refused(response, 403, "model_not_allowed", "model")
    response = await post(person, {"model": "normal", "input": "x"}, "/v1/embeddings")
    refused(response, 403, "model_not_allowed", "model")
    refused(await person.rest.get("/v1/models/normal"), 404, "model_not_found", "model")
    assert (await complete(person, None))["model"] == "think"
    listed = ok(await person.rest.get("/v1/models"))
    assert {entry["id"] for entry in listed["data"]} <= {"think"}
    await daphne_place.clerk("allow", model="ApiKey", row_id=person.key_id, scopes=["models"])
    refused(await post(person, body("think")), 403, "missing_scope")
    await daphne_place.clerk("allow", model="ApiKey", row_id=person.key_id, scopes=["chat"])
    refused(await person.rest.get("/v1/models"), 403, "missing_scope")


async def test_a_revoked_key_ends_what_runs_with_it(place: Place) -> None:
    """The client is told, and the model's server sees the close."""
    person = await place.person()
    async with streaming(person, "stall:after=2") as opened:
        await opened.until("word1")
        assert (await person.page.delete(f"/api/keys/{person.key_id}/")).status_code == 204
        told(events(await opened.rest())[-1], "not_authenticated")
    assert await (await place.ollama.chat()).wait_ended() == "client_gone"


async def test_a_revoked_key_ends_embeddings(place: Place) -> None:
    """The request to the model's server is closed, and the place is free again."""
    person = await place.person()
    asked = {"model": "hang", "input": "one"}
    answer = asyncio.create_task(post(person, asked, "/v1/embeddings"))
    async with asyncio.timeout(WAIT_S):
        while not (sent := [one for one in place.ollama.exchanges if one.path == "/api/embed"]):
            await asyncio.sleep(0.02)
    assert (await person.page.delete(f"/api/keys/{person.key_id}/")).status_code == 204
    refused(await answer, 401, "not_authenticated")
    assert await sent[0].wait_ended() == "client_gone"


# --- What it costs, and who answers --------------------------------------------------------------


async def test_usage_is_recorded_before_the_answer_ends(place: Place) -> None:
    """With the provider's counts, or ours where it had none; also of what failed."""
    person = await place.person()
    await stream(person)
    await complete(person, "nometrics")
    await stream(person, "error")
    await post(person, body("memory"))
    found = await place.clerk("usage", user_id=person.id)
    assert [(r["status"], r["source"], r["model"], r["door"]) for r in found] == [
        ("completed", "provider", "normal", "v1"),
        ("completed", "estimated", "nometrics", "v1"),
        ("failed", "estimated", "error", "v1"),
        ("failed", "estimated", "memory", "v1"),
    ]
    assert found[0]["completion_tokens"] == len(REPLY)
    assert found[1]["completion_tokens"] == len("".join(REPLY)) // 4
    assert [r["key_id"] for r in found] == [person.key_id] * 4
    assert await place.clerk("count", model="Message", conversation__user_id=person.id) == 0


async def test_limits_count_with_the_other_doors(limited_place: Place) -> None:
    person = await limited_place.person()
    await limited_place.clerk("allow", model="User", row_id=person.id, requests_per_minute=2)
    ok(await person.rest.generate(await person.conversation()))
    await complete(person)
    for response in (await post(person, body(stream=True)), await post(person, body())):
        refused(response, 429, "rate_limited")
        assert 1 <= int(response.headers["retry-after"]) <= 60
        assert "x-should-retry" not in response.headers


async def test_more_at_once_than_allowed_wait_for_each_other(limited_place: Place) -> None:
    """Ten parallel calls of a stock client, which may have three at once, lose none."""
    person = await limited_place.person()
    async with AsyncOpenAI(
        base_url=f"{limited_place.last.url}/v1", api_key=person.key, max_retries=0
    ) as client:
        limited_place.offer("paced:n=3")
        create: Any = client.chat.completions.create
        asked = {"model": "paced:n=3", "messages": body()["messages"]}
        answers = await asyncio.gather(*(create(**asked) for _ in range(10)))
    assert {answer.choices[0].message.content for answer in answers} == {"word0 word1 word2 "}


async def test_who_waits_for_another_is_kept_alive_and_then_refused(
    impatient_place: Place,
) -> None:
    """With comments, for ten seconds."""
    person = await impatient_place.person()
    await impatient_place.clerk("allow", model="User", row_id=person.id, concurrent_requests=1)
    gate = impatient_place.ollama.gate("a")
    async with streaming(person, "gate:n=1") as running, streaming(person) as waiting:
        await running.until(": ping")
        assert await waiting.frame() == await waiting.frame() == ": ping"
        assert len(impatient_place.ollama.chats) == 1
        gate.open()
        assert text(events(await running.rest())) == "word0 "
        assert text(events(await waiting.rest())) == "".join(REPLY)


async def test_who_has_waited_in_vain_is_refused(daphne_place: Place) -> None:
    person = await daphne_place.person()
    await daphne_place.clerk("allow", model="User", row_id=person.id, concurrent_requests=1)
    gate = daphne_place.ollama.gate("a")
    running = asyncio.create_task(post(person, body("gate:n=1")))
    await daphne_place.ollama.chat()
    response = await post(person, body())
    refused(response, 429, "too_many_at_once")
    assert int(response.headers["retry-after"]) > 0
    gate.open()
    ok(await running)


async def test_answers_tell_of_the_limit_of_requests(limited_place: Place) -> None:
    """As OpenAI spells it; the refusal does, too."""
    person = await limited_place.person()
    await limited_place.clerk("allow", model="User", row_id=person.id, requests_per_minute=3)
    responses = [
        await post(person, body()),
        await post(person, body(stream=True)),
        await post(person, {"model": "embedder", "input": "x"}, "/v1/embeddings"),
        await post(person, body()),
    ]
    told = [
        [response.headers[f"x-ratelimit-{name}-requests"] for name in ("limit", "remaining")]
        for response in responses
    ]
    assert told == [["3", "2"], ["3", "1"], ["3", "0"], ["3", "0"]]
    for response in responses:
        seconds = response.headers["x-ratelimit-reset-requests"]
        assert 0 < int(seconds.removesuffix("s")) <= 60
    reset, refusal = responses[-1].headers["x-ratelimit-reset-requests"], responses[-1]
    assert refusal.status_code == 429
    assert refusal.headers["retry-after"] == reset.removesuffix("s")


async def test_who_has_spent_a_budget_is_told_not_to_try_again(daphne_place: Place) -> None:
    """OpenAI's clients would, twice: there are new tokens tomorrow."""
    person = await daphne_place.person()
    await daphne_place.clerk("allow", model="User", row_id=person.id, tokens_per_day=1)
    await complete(person)
    response = await post(person, body())
    refused(response, 429, "budget_spent")
    assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("model", ["memory", "close"])
async def test_another_provider_answers_as_long_as_nothing_was_said(
    fallback_place: Place, model: str
) -> None:
    person = await fallback_place.person()
    answer = await complete(person, model)
    assert (answer["provider_used"], answer["model"]) == ("openai", "normal")
    chunks = await stream(person, model)
    assert {chunk["provider_used"] for chunk in chunks} == {"openai"}
    assert text(chunks) == "".join(REPLY)
    *_, last = await stream(person, "error")
    told(last, "provider_failed")


@pytest.mark.parametrize(("model", "status"), [("busy", 503), ("memory", 502)])
async def test_a_failure_is_told_when_the_key_is_not_for_the_other_provider(
    fallback_place: Place, model: str, status: int
) -> None:
    """As if there were no other: that a model is missing would be another reason than the true."""
    person = await fallback_place.person()
    await fallback_place.clerk(
        "allow", model="ApiKey", row_id=person.key_id, allowed_models=[model]
    )
    response = await post(person, body(model))
    assert (response.status_code, "retry-after" in response.headers) == (status, status == 503)
    assert response.json()["error"]["code"] != "model_not_found"
    assert fallback_place.openai.chats == []


async def test_what_nobody_served_costs_nothing(daphne_place: Place) -> None:
    """Neither a refusal, nor a failure before the first piece, nor texts without vectors."""
    person = await daphne_place.person()
    for model in ("busy", "memory", "notools", "fin:after=0"):
        assert (await post(person, body(model))).status_code >= 400
    for model in ("missing", "short"):
        asked = {"model": model, "input": "Four words of text"}
        assert (await post(person, asked, "/v1/embeddings")).status_code >= 400
    records = await daphne_place.clerk("usage", user_id=person.id)
    assert [record["total_tokens"] for record in records] == [0] * 6


# --- Embeddings ----------------------------------------------------------------------------------


async def test_models_that_only_embed_are_listed_for_programs(daphne_place: Place) -> None:
    """And are none for the page, nor the default."""
    place, person = daphne_place, await daphne_place.person()
    name = f"embedder-{person.id[:8]}"
    place.ollama.models.insert(0, entry(name, capabilities=("embedding",)))
    found = ok(await person.rest.get(f"/v1/models/{name}"))
    assert found["capabilities"] == ["embedding"]
    assert name in [one["id"] for one in ok(await person.rest.get("/v1/models"))["data"]]
    listed = ok(await person.rest.get("/api/models/"))
    assert name not in [one["id"] for one in listed["results"]]


async def test_embeddings(daphne_place: Place) -> None:
    person = await daphne_place.person()
    asked = {"model": "embedder", "input": ["one", "three"], "dimensions": 2}
    found = ok(await post(person, asked, "/v1/embeddings"))
    assert [item["embedding"] for item in found["data"]] == [[3.0, 0.5], [5.0, 0.5]]
    assert [item["index"] for item in found["data"]] == [0, 1]
    assert found["usage"]["prompt_tokens"] == found["usage"]["promptTokens"] == 3
    (record,) = await daphne_place.clerk("usage", user_id=person.id)
    assert (record["status"], record["prompt_tokens"], record["door"]) == ("completed", 3, "v1")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": [1, 2]}, "input"),
        ({"model": None}, "model"),
        ({"model": "x" * 256}, "model"),
        ({"encoding_format": "hex"}, "encoding_format"),
        ({"dimensions": 0}, "dimensions"),
    ],
)
async def test_embeddings_that_cannot_be_made(
    daphne_place: Place, fields: dict[str, Any], param: str
) -> None:
    person = await daphne_place.person()
    asked = {"model": "embedder", "input": "x", **fields}
    refused(await post(person, asked, "/v1/embeddings"), 400, "validation_error", param)


TOKENS = [[9906, 1917], [15339]]


async def test_embeddings_of_tokens_without_their_library(daphne_place: Place) -> None:
    """The refusal says what to set, in the client and here."""
    asked = {"model": "embedder", "input": TOKENS}
    response = await post(await daphne_place.person(), asked, "/v1/embeddings")
    error = refused(response, 400, "validation_error", "input")
    assert "check_embedding_ctx_length=False" in error["message"]
    assert "TIKTOKEN_CACHE_DIR" in error["message"]


async def test_embeddings_of_tokens(own_server: Callable[..., ChatServer]) -> None:
    """Read in the encoding that clients cut texts with; its file comes with a library."""
    litellm = find_spec("litellm")  # which is not loaded: that takes seconds
    assert litellm is not None
    assert litellm.origin is not None
    folder = Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers"
    server = own_server("uvicorn", TIKTOKEN_CACHE_DIR=folder)
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        person = await place.person()
        for tokens in (TOKENS, TOKENS[0]):
            asked = {"model": "embedder", "input": tokens}
            ok(await post(person, asked, "/v1/embeddings"))
        sent = [e.json["input"] for e in place.ollama.exchanges if e.path == "/api/embed"]
        assert sent == [["Hello world", "hello"], ["Hello world"]]
        asked = {"model": "embedder", "input": [10**9]}
        response = await post(person, asked, "/v1/embeddings")
        refused(response, 400, "validation_error", "input")


async def test_embeddings_of_a_missing_model(daphne_place: Place) -> None:
    person = await daphne_place.person()
    response = await post(person, {"model": "missing", "input": "x"}, "/v1/embeddings")
    refused(response, 404, "model_not_found", "model")
