"""From a plan to a reply: asks the providers in turn, and yields what they say or writes it into a
log. Knows no database and no socket.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import fields, replace
from typing import Any

from conversations.people import keys
from providers.base import Provider
from providers.errors import (
    ContextTooLong,
    ModelNotFound,
    NotSupported,
    ProviderError,
    RequestRefused,
)
from providers.types import (
    ChatRequest,
    Chunk,
    Phase,
    ResponseFormat,
    ToolPart,
)
from streaming.log import MemoryLog
from streaming.provider_slots import ProviderSlots
from streaming.replies.bounds import ReplyBounds
from streaming.replies.prompt import Plan
from streaming.replies.result import Result
from streaming.routing import Router
from streaming.storable import storable

Rerouted = Callable[[], Awaitable[None]]
# Gets each phase of a reply, and the position in a queue where it waits in one.
OnPhase = Callable[[str, int | None], None]

# The parameters of a plan that are passed to a provider.
_CHOICES = {entry.name for entry in fields(ChatRequest)} - {
    *("model", "messages", "window", "prompt_tokens", "max_tokens"),
}


async def produce(
    plan: Plan,
    router: Router,
    slots: ProviderSlots,
    log: MemoryLog,
    result: Result,
    rerouted: Rerouted,
) -> None:
    """Write the reply into `log` and its end into `result`; otherwise as `stream`."""
    async with aclosing(stream(plan, router, slots, result, log.enter, rerouted)) as chunks:
        async for chunk in chunks:
            if chunk.reasoning or chunk.content:
                log.enter("generating")
            if chunk.reasoning:
                log.append("reasoning", chunk.reasoning)
            if chunk.content:
                log.append("content", chunk.content)
            if chunk.tool_parts:
                log.enter("generating")
                result.calls.take(chunk.tool_parts)


async def stream(
    plan: Plan,
    router: Router,
    slots: ProviderSlots,
    result: Result,
    on_phase: OnPhase,
    rerouted: Rerouted | None = None,
) -> AsyncGenerator[Chunk]:
    """Yield the reply piece by piece, after waiting for a slot at the provider, and write its end
    into `result`. `on_phase` gets every phase before the first text.

    A provider that refuses the prompt, before its first text, is asked once more where the plan can
    be changed so that it fits. When it fails, the next of `CHAT_FALLBACK_PROVIDERS` is asked.
    `rerouted` is awaited before either, with the provider and the new context in `result`. When
    none can answer, `result` names the first again, since its error is raised. Closing the
    generator, or cancelling, closes the request to the provider before it returns.

    Raises:
        ProviderError: why no provider could finish the reply.
    """
    asked, failure = plan, None
    for provider in (plan.route.provider, *router.fallbacks(plan.route.provider.name)):
        try:
            if failure is not None:
                asked = await _for_fallback(asked, router, provider)
                result.take(asked)
                if rerouted is not None:
                    await rerouted()
            async with aclosing(_ask(asked, router, slots, on_phase, result, rerouted)) as chunks:
                async for chunk in chunks:
                    result.hear(chunk)
                    if chunk.finish:
                        result.end_with(chunk.finish)
                    yield chunk
            return
        except ProviderError as error:
            if isinstance(error, ContextTooLong) and error.window is None:
                # We counted too little: it is at least one more than the window.
                error.window = window = asked.route.window
                error.prompt_tokens = max(asked.fitted.prompt_tokens, window + 1)
            refused = failure is None and type(error) in (RequestRefused, NotSupported)
            if refused or result.first_token_s is not None:
                raise
            failure = failure or error
            asked = replace(asked, route=asked.route.instead_of(provider.name, error))
    result.take(plan)
    assert failure is not None  # noqa: S101 - for mypy
    raise failure


async def _for_fallback(plan: Plan, router: Router, provider: Provider) -> Plan:
    """The plan for another provider: its default model, fitted to its window. Raises
    `ProviderError` when it has none for this caller."""
    route = await router.route(model=None, provider=provider.name)
    if route.model and not keys.allows(plan.caller.key, route.model, provider.name):
        raise ModelNotFound("This API key may not use the fallback model.")
    return plan.rerouted(replace(route, fallback=True, failed=plan.route.failed))


class _Phases:
    """Reports the phases of one request: those of the provider, but `queued` while it seems to
    read the prompt, and has as many replies of ours ahead at the model as it makes `at_once`."""

    def __init__(self, report: OnPhase, at_once: int | None) -> None:
        self._report, self.at_once = report, at_once
        self._phase: Phase | None = None
        self._ahead = 0

    def wait(self, position: int) -> None:
        """The request waits for a slot."""
        self._report("queued", position)

    def follow(self, ahead: int) -> None:
        """So many requests are ahead at the model."""
        self._ahead = ahead
        if self._phase == "prompt_eval":
            self.enter(self._phase)

    def enter(self, phase: Phase) -> None:
        """The provider says what it does."""
        self._phase = phase
        position = self._ahead - self.at_once + 1 if self.at_once else 0
        if phase == "prompt_eval" and position > 0:
            self._report("queued", position)
        else:
            self._report(phase, None)


async def _ask(
    plan: Plan,
    router: Router,
    slots: ProviderSlots,
    on_phase: OnPhase,
    result: Result,
    rerouted: Rerouted | None,
) -> AsyncGenerator[Chunk]:
    """Yield what one provider says, having loaded the model where only then its window is known.
    A refusal that tells how the plan can be changed is answered with the changed plan."""
    provider, model = plan.route.provider, plan.route.model
    phases = _Phases(on_phase, provider.replies_at_once(model))
    user_id = plan.caller.user.pk

    async def change(changed: Plan) -> None:
        nonlocal plan
        announced, plan = (result.model, result.context), changed
        result.take(plan)
        if rerouted is not None and (result.model, result.context) != announced:
            await rerouted()

    async with slots.slot(provider.name, user_id, phases.wait, model, phases.follow):
        if not plan.route.model:
            phases.enter("loading")
            await change(await _once_loaded(plan, router))
            phases.at_once = provider.replies_at_once(plan.route.model)
        if plan.route.num_ctx is None and provider.sets_window:
            phases.enter("loading")
            if window := await provider.window(model, load=True):
                await change(plan.rerouted(replace(plan.route, window=window, num_ctx=window)))
        while True:
            request = _request(plan)
            try:
                async with aclosing(_send(request, plan, phases, result)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            except ProviderError as refusal:
                if isinstance(refusal, ContextTooLong):
                    refusal.reply_tokens = request.max_tokens
                changed = None if result.first_token_s is not None else plan.after(refusal)
                if changed is None:
                    raise
            await change(changed)


async def _once_loaded(plan: Plan, router: Router) -> Plan:
    """The plan with the model that its provider was loading. Raises `ProviderError`."""
    route = await router.once_loaded(plan.route.provider)
    if not keys.allows(plan.caller.key, route.model, route.provider.name):
        raise ModelNotFound("This API key may not use the model.")
    return plan.rerouted(replace(route, fallback=plan.route.fallback, failed=plan.route.failed))


async def _send(
    request: ChatRequest, plan: Plan, phases: _Phases, result: Result
) -> AsyncGenerator[Chunk]:
    """Yield the answer to one request."""
    provider = plan.route.provider
    shortened = request.max_tokens != plan.wanted_tokens
    wants_logprobs = request.top_logprobs is not None
    bounds = ReplyBounds(provider.label, plan.wanted_tokens or plan.route.window)
    result.reading = True
    try:
        async with bounds.clock(), aclosing(provider.stream_chat(request)) as chunks:
            async for chunk in chunks:
                if chunk.phase:
                    phases.enter(chunk.phase)
                if chunk.reasoning:
                    plan.route.facts.thinks = True
                if wants_logprobs and chunk.content:
                    if not chunk.logprobs:
                        sentence = f"{provider.label} has no log probabilities for this model."
                        raise NotSupported(sentence, field="logprobs")
                    wants_logprobs = False
                chunk = _clean(_finished(chunk, plan, shortened=shortened))
                if (within := bounds.take(chunk)) is not None:
                    yield within
                    raise bounds.too_much()
                yield chunk
    except TimeoutError:
        raise bounds.too_slow() from None
    except ProviderError:
        result.reading = result.first_token_s is not None
        raise


def _finished(chunk: Chunk, plan: Plan, *, shortened: bool) -> Chunk:
    """Learn from the provider's count in the last chunk, and say there that the window is full
    where we asked for a shorter reply than was wanted."""
    if chunk.finish is None:
        return chunk
    if chunk.finish.usage:
        plan.learn(chunk.finish.usage)
    if not shortened or chunk.finish.reason != "length":
        return chunk
    return replace(chunk, finish=replace(chunk.finish, window_full=True))


def _choices(plan: Plan) -> dict[str, Any]:
    """The parameters that the provider gets, as it takes them."""
    parameters = {
        name: value
        for name, value in plan.parameters.items()
        if name in _CHOICES and name not in plan.left_out
    }
    if plan.trims and plan.route.cannot_think:
        parameters.pop("reasoning_effort", None)  # remembered from another model
    if parameters.get("response_format") == "json":
        parameters["response_format"] = ResponseFormat()
    if "stop" in parameters:
        parameters["stop"] = tuple(parameters["stop"])
    return parameters


def _request(plan: Plan) -> ChatRequest:
    """The request for a plan. Raises `ContextTooLong` for a prompt that cannot fit, and
    `NotSupported` for a suffix that the provider does not know."""
    if plan.fitted.too_long:
        subject = "This message is" if plan.trims else "These messages are"
        raise ContextTooLong(
            f"{subject} longer than the model can read ({plan.route.window} tokens).",
            window=plan.route.window,
            prompt_tokens=max(plan.fitted.prompt_tokens, plan.route.window + 1),
        )
    request = ChatRequest(
        model=plan.route.model,
        messages=plan.fitted.messages,
        window=plan.route.num_ctx,
        prompt_tokens=plan.fitted.prompt_tokens,
        max_tokens=plan.max_tokens,
        **_choices(plan),
    )
    provider = plan.route.provider
    if request.suffix and not provider.has_suffix:
        raise NotSupported(f"{provider.label} cannot write before a suffix.", field="suffix")
    return request


def _clean(chunk: Chunk) -> Chunk:
    """The chunk with texts that can be stored and sent."""
    content, reasoning = storable(chunk.content), storable(chunk.reasoning)
    if content is chunk.content and reasoning is chunk.reasoning and not chunk.tool_parts:
        return chunk
    parts = tuple(_clean_part(part) for part in chunk.tool_parts)
    return replace(chunk, content=content, reasoning=reasoning, tool_parts=parts)


def _clean_part(part: ToolPart) -> ToolPart:
    id_, name, arguments = map(storable, (part.id, part.name, part.arguments))
    return replace(part, id=id_, name=name, arguments=arguments)
