"""The door for OpenAI's clients: `/v1`. It reads the request, lets an answer be made, and tells it
in OpenAI's words."""

from collections.abc import AsyncGenerator

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from conversations import keys
from streaming import openai_ask, openai_format
from streaming.answers import Answer
from streaming.lifecycle import lifecycle
from streaming.limits import Caller
from streaming.openai_fields import Fields, refuse
from streaming.openai_format import DONE, Made, Reply
from streaming.openai_http import answer_events, answer_json, endpoint, read_json, unknown
from streaming.routing import ModelNotOffered

__all__ = ["chat", "embeddings", "health", "model", "models", "unknown"]

# Silence after which a comment is sent, in seconds: less than the heartbeat, since it takes time.
# Until the first, an answer that fails has its real status.
PING_SECONDS = 0.9 * settings.CHAT_HEARTBEAT_SECONDS
EMBEDDINGS = 2048


async def _complete(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    ask = openai_ask.parse_chat(read_json(request))
    turns = await lifecycle.start()
    answer = await turns.answers.begin(
        caller, model=ask.model, messages=ask.messages, parameters=ask.parameters
    )
    if ask.stream:
        return await answer_events(_chunks(answer, include_usage=ask.include_usage))
    await answer.wait()
    reply = Reply(answer.result.model, answer.result.provider_used)
    made = Made.of(answer.chunks)
    return answer_json(reply.whole(made, _reason(answer), answer.tokens))


async def _chunks(answer: Answer, *, include_usage: bool) -> AsyncGenerator[bytes]:
    """The events of a streamed completion. Raises only before the first."""
    reply: Reply | None = None
    begun = False
    try:
        async for pieces in answer.pieces(PING_SECONDS):
            if not pieces:
                yield openai_format.ping(answer.position)
            elif reply is None:
                reply = Reply(answer.result.model, answer.result.provider_used)
                yield reply.first() + reply.deltas(pieces)
            else:
                yield reply.deltas(pieces)
            begun = True
    except Exception as error:
        if not begun:
            raise
        _, body, _ = openai_format.error(error)
        yield openai_format.event(body) + DONE
        return
    end = b""
    if reply is None:  # nothing was said
        reply = Reply(answer.result.model, answer.result.provider_used)
        end = reply.first()
    end += reply.last(_reason(answer))
    if include_usage:
        end += reply.usage(answer.tokens)
    yield end + DONE


def _reason(answer: Answer) -> str:
    return answer.result.finish.reason if answer.result.finish else "stop"


async def _embed(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    body = Fields(read_json(request))
    texts = body.texts("input", EMBEDDINGS)
    if not texts:
        refuse("input", "This has to be a text or a list of texts.")
    model = body.text("model", required=True)
    packed = body.one_of("encoding_format", ("float", "base64")) == "base64"
    dimensions = body.whole("dimensions", least=1)
    turns = await lifecycle.start()
    found, tokens = await turns.answers.embed(
        caller, model=model, texts=texts, dimensions=dimensions
    )
    return answer_json(openai_format.embeddings(model, found, tokens["prompt"], packed=packed))


async def _list(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    router = (await lifecycle.start()).router
    provider = await router.choose()
    found = [
        openai_format.model(entry, provider.name)
        for entry in await router.models(provider)
        if keys.allows(caller.key, entry.name)
    ]
    return answer_json({"object": "list", "data": found})


async def _show(request: HttpRequest, caller: Caller, model: str) -> HttpResponseBase:
    router = (await lifecycle.start()).router
    provider = await router.choose()
    entry = await router.find(provider, model)
    if entry is None or not keys.allows(caller.key, entry.name):
        raise ModelNotOffered(f"The model {model} is not on offer here.")
    return answer_json(openai_format.model(entry, provider.name))


async def _health(request: HttpRequest) -> HttpResponseBase:
    """Whether a model could be asked; open to all, as it tells nothing else."""
    router = (await lifecycle.start()).router
    provider = await router.choose()
    if (error := await router.health(provider)) is not None:
        raise error
    return answer_json({"status": "ok", "provider": provider.name})


chat = endpoint("chat", POST=_complete)
embeddings = endpoint("chat", POST=_embed)
models = endpoint("models", GET=_list)
model = endpoint("models", GET=_show)
health = endpoint("", GET=_health)
