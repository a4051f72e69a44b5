"""The door for OpenAI's clients: `/v1`. It reads the request, lets an answer be made, and tells it
in OpenAI's words."""

from collections.abc import AsyncGenerator, Callable
from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from conversations.people import keys
from providers.types import FinishReason
from streaming.caller import Caller
from streaming.lifecycle import lifecycle
from streaming.replies.embedding import embed
from streaming.replies.stateless import StatelessReply
from streaming.routing import ModelNotOffered
from streaming.v1 import chat_request, chat_response
from streaming.v1.chat_request import Ask
from streaming.v1.chat_response import Made, Reply, Writer
from streaming.v1.fields import Fields, refuse
from streaming.v1.http import answer_events, answer_json, endpoint, read_json, unknown
from streaming.v1.responses_request import parse_responses
from streaming.v1.responses_response import Response

__all__ = ["chat", "embeddings", "health", "model", "models", "responses", "unknown"]

# Silence after which a comment is sent, in seconds: less than the heartbeat, since it takes time.
# Until the first, an answer that fails has its real status.
PING_SECONDS = 0.9 * settings.CHAT_HEARTBEAT_SECONDS
EMBEDDINGS = 2048


async def _complete(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    ask = chat_request.parse_chat(read_json(request))
    answer = await _begin(caller, ask)
    if ask.stream:
        write = partial(Reply, include_usage=ask.include_usage)
        return await answer_events(_events(answer, write))
    await answer.wait()
    reply = Reply(answer.result.model, answer.result.provider_used)
    made = Made.of(answer.chunks)
    return answer_json(reply.whole(made, _reason(answer), answer.tokens))


async def _respond(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    asked = parse_responses(read_json(request))
    answer = await _begin(caller, asked.ask)
    write = partial(Response, asked.echo)
    if asked.ask.stream:
        return await answer_events(_events(answer, write))
    await answer.wait()
    response = write(answer.result.model, answer.result.provider_used)
    response.pieces(answer.chunks)
    response.end(_reason(answer), answer.tokens)
    return answer_json(response.data)


async def _begin(caller: Caller, ask: Ask) -> StatelessReply:
    stateless = (await lifecycle.start()).stateless
    return await stateless.begin(
        caller, model=ask.model, messages=ask.messages, parameters=ask.parameters
    )


async def _events(
    answer: StatelessReply, write: Callable[[str, str], Writer]
) -> AsyncGenerator[bytes]:
    """An answer as events, told by what `write` makes of its model and its provider: these are
    known when something is said. Raises only before the first."""
    writer: Writer | None = None
    sent = False
    try:
        async for pieces in answer.pieces(PING_SECONDS):
            if not pieces:
                yield chat_response.ping(answer.position)
            elif writer is None:
                writer = write(answer.result.model, answer.result.provider_used)
                yield writer.begin() + writer.pieces(pieces)
            else:
                yield writer.pieces(pieces)
            sent = True
    except Exception as error:
        if not sent:
            raise
        _, body, _ = chat_response.error(error)
        writer = writer or write(answer.result.model, answer.result.provider_used)
        yield writer.failure(body)
        return
    begun = b""
    if writer is None:  # nothing was said
        writer = write(answer.result.model, answer.result.provider_used)
        begun = writer.begin()
    yield begun + writer.end(_reason(answer), answer.tokens)


def _reason(answer: StatelessReply) -> FinishReason:
    return answer.result.finish.reason if answer.result.finish else "stop"


async def _embed(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    body = Fields(read_json(request))
    texts = body.texts("input", EMBEDDINGS)
    if not texts:
        refuse("input", "This has to be a text or a list of texts.")
    model = body.model(required=True)
    packed = body.one_of("encoding_format", ("float", "base64")) == "base64"
    dimensions = body.whole("dimensions", least=1)
    stateless = (await lifecycle.start()).stateless
    found, tokens = await embed(stateless, caller, model=model, texts=texts, dimensions=dimensions)
    return answer_json(chat_response.embeddings(model, found, tokens["prompt"], packed=packed))


async def _list(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    router = (await lifecycle.start()).router
    provider = await router.choose()
    found = [
        chat_response.model(entry, provider.name)
        for entry in await router.listed(provider)
        if keys.allows(caller.key, entry.name)
    ]
    return answer_json({"object": "list", "data": found})


async def _show(request: HttpRequest, caller: Caller, model: str) -> HttpResponseBase:
    router = (await lifecycle.start()).router
    provider = await router.choose()
    entry = await router.find(provider, model)
    if entry is None and model.endswith("/"):
        entry = await router.find(provider, model.removesuffix("/"))
    if entry is None or not keys.allows(caller.key, entry.name):
        raise ModelNotOffered(f"The model {model} is not on offer here.")
    return answer_json(chat_response.model(entry, provider.name))


async def _health(request: HttpRequest) -> HttpResponseBase:
    """Whether a model could be asked; open to all, as it tells nothing else."""
    router = (await lifecycle.start()).router
    provider = await router.choose()
    if (error := await router.health(provider)) is not None:
        raise error
    return answer_json({"status": "ok", "provider": provider.name})


chat = endpoint("chat", POST=_complete)
responses = endpoint("chat", POST=_respond)
embeddings = endpoint("chat", POST=_embed)
models = endpoint("models", GET=_list)
model = endpoint("models", GET=_show)
health = endpoint("", GET=_health)
