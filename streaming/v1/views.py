"""The endpoints of `/v1`: each reads a request and answers in OpenAI's format."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from django.http import HttpRequest, HttpResponseBase

from conversations.people import keys
from streaming.caller import Caller
from streaming.lifecycle import lifecycle
from streaming.limits import Permit
from streaming.replies.embedding import embed
from streaming.replies.result import Result
from streaming.replies.stateless import StatelessReplies
from streaming.routing import ModelNotOffered
from streaming.v1 import models as listing
from streaming.v1 import sse
from streaming.v1.chat_request import ChatCompletionRequest
from streaming.v1.chat_response import Completion
from streaming.v1.completions import CompletionRequest, TextCompletion
from streaming.v1.embeddings import EmbeddingsRequest
from streaming.v1.http import Handler, RequestBody, answer_json, endpoint, unknown
from streaming.v1.reply_request import ParsedRequest
from streaming.v1.responses_request import ResponsesRequest
from streaming.v1.responses_response import Response

__all__ = [
    "chat",
    "completions",
    "embeddings",
    "health",
    "model",
    "models",
    "responses",
    "unknown",
]


@asynccontextmanager
async def _admitted(
    caller: Caller, body: RequestBody
) -> AsyncIterator[tuple[StatelessReplies, Permit | None]]:
    """Admit who sends much before it is read; others have no permit yet. A permit is given back
    when the block fails."""
    stateless = (await lifecycle.start()).stateless
    permit = await stateless.admit(caller) if body.is_large else None
    try:
        yield stateless, permit
    except BaseException:
        if permit is not None:
            permit.release()
        raise


def _reply(
    parse: Callable[[object], ParsedRequest], writer: Callable[[Result, ParsedRequest], sse.Writer]
) -> Handler:
    """A handler that makes a reply to what `parse` reads and answers what `writer` makes of it."""

    async def handle(request: HttpRequest, caller: Caller) -> HttpResponseBase:
        body = RequestBody(request)
        async with _admitted(caller, body) as (stateless, permit):
            parsed = await body.parsed(parse)
            reply = await stateless.begin(
                caller,
                model=parsed.model,
                messages=parsed.messages,
                parameters=parsed.parameters,
                permit=permit,
            )
        write = partial(writer, reply.result, parsed)
        if parsed.stream:
            return await sse.respond(reply, write)
        chunks = await reply.whole()
        return answer_json(write().whole(chunks, reply.tokens), headers=reply.headers)

    return handle


async def _embed(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    body = RequestBody(request)
    async with _admitted(caller, body) as (stateless, permit):
        parsed = await body.parsed(EmbeddingsRequest.read)
    permit = permit or await stateless.admit(caller)
    vectors, tokens = await embed(
        stateless,
        caller,
        permit,
        model=parsed.model,
        texts=parsed.input,
        dimensions=parsed.dimensions,
    )
    return answer_json(parsed.answer(vectors, tokens["prompt"]), headers=permit.headers)


async def _list(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    runtime = await lifecycle.start()
    default = await runtime.router.choose()
    entries, error = await runtime.catalog.entries(default)
    if error is not None and not entries:
        raise error
    data = [
        listing.entry(entry.model, entry.id, entry.provider.name, stale=entry.stale)
        for entry in entries
        if keys.allows(caller.key, entry.id, default.name)
    ]
    return answer_json({"object": "list", "data": data})


async def _show(request: HttpRequest, caller: Caller, model: str) -> HttpResponseBase:
    router = (await lifecycle.start()).router
    for name in dict.fromkeys((model, model.removesuffix("/"))):
        provider, plain = await router.resolve(name)
        found = await router.find(provider, plain)
        if found is not None and keys.allows(caller.key, name, await router.default_name()):
            [shown] = await router.with_windows(provider, [found])
            shown_id = found.name if plain == name else f"{provider.name}/{found.name}"
            return answer_json(listing.entry(shown, shown_id, provider.name))
    raise ModelNotOffered(f"The model {model} is not available.")


async def _health(request: HttpRequest) -> HttpResponseBase:
    """Whether a model could be asked; open to all, as it tells nothing else."""
    router = (await lifecycle.start()).router
    provider = await router.choose()
    if (error := await router.health(provider)) is not None:
        raise error
    return answer_json({"status": "ok", "provider": provider.name})


chat = endpoint("chat", POST=_reply(ChatCompletionRequest.parse, Completion))
completions = endpoint("chat", POST=_reply(CompletionRequest.parse, TextCompletion))
responses = endpoint("chat", POST=_reply(ResponsesRequest.parse, Response))
embeddings = endpoint("chat", POST=_embed)
models = endpoint("models", GET=_list)
model = endpoint("models", GET=_show)
health = endpoint("", GET=_health)
