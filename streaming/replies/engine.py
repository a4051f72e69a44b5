"""From a history to a reply: builds the prompt, asks the providers in turn, and gives back what
they say, or writes it into a log.

Knows no database and no socket.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any, Self

from conversations.people import keys
from conversations.threads.models import Message
from providers.base import Provider
from providers.errors import ContextTooLong, ModelNotFound, ProviderError, RequestRefused
from providers.think_tags import ThinkTags
from providers.types import ChatMessage, ChatRequest, Chunk, Finish, ToolPart
from streaming.caller import Caller
from streaming.log import MemoryLog
from streaming.provider_slots import OnPosition, ProviderSlots
from streaming.replies.prompt import Fitted, estimate_tokens, fit, whole
from streaming.routing import Route, Router

# Asked after a reply that was cut and is to go on. Nobody sees it, and it is not stored.
GO_ON = (
    "Continue exactly where your last message stopped. Do not repeat any of it, "
    "and do not introduce what follows."
)

Rerouted = Callable[[], Awaitable[None]]

# What the parameters of a plan may say to a provider.
_CHOICES = {entry.name for entry in fields(ChatRequest)} - {
    "model",
    "messages",
    "window",
    "prompt_tokens",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A reply to be made for `caller`: `history` is everything said so far, `fitted` what of it
    the first provider will be sent. With `trims` older messages are left out when not all fit."""

    caller: Caller
    route: Route
    history: tuple[ChatMessage, ...]
    fitted: Fitted
    parameters: dict[str, Any]
    trims: bool = True


@dataclass(slots=True)
class Result:
    """What became of a plan so far; filled in while the reply is made, so that it is right
    whenever it is cut short. `reading` tells that a provider has the prompt, and has not failed
    before it said anything. Times are seconds from the start."""

    provider_used: str
    model: str
    context: dict[str, Any]
    fallback_used: bool = False
    reading: bool = False
    finish: Finish | None = None
    started: float = field(default_factory=time.monotonic)
    first_token_s: float | None = None

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Of a plan that nobody has been asked for yet."""
        result = cls(provider_used="", model="", context={})
        result.take(plan)
        return result

    def take(self, plan: Plan) -> None:
        """Name whoever is asked by this plan."""
        route = plan.route
        self.provider_used, self.model = route.provider.name, route.model
        self.context = plan.fitted.as_context(route.window)
        self.fallback_used = route.fallback

    def timings(self) -> dict[str, float]:
        """The reply's times for its row, those the provider did not tell left out."""
        total = time.monotonic() - self.started
        times = {"total_s": total, "first_token_s": self.first_token_s}
        if self.finish:
            times["load_s"] = self.finish.load_s
            times["prompt_s"] = self.finish.prompt_s
            times["generate_s"] = self.finish.generate_s
        return {name: round(value, 4) for name, value in times.items() if value is not None}

    def tokens(self, fitted: Fitted, completion: str) -> dict[str, Any]:
        """The provider's counts, or our estimate, marked as such. A prompt that nobody served
        costs nothing."""
        usage = self.finish.usage if self.finish else None
        if usage:
            prompt, made, source = usage.prompt_tokens, usage.completion_tokens, "provider"
        else:
            counted = fitted.messages if self.reading else ()
            prompt = sum(estimate_tokens(message.content) for message in counted)
            made, source = estimate_tokens(completion), "estimated"
        return {"prompt": prompt, "completion": made, "total": prompt + made, "source": source}


def make_plan(
    *,
    caller: Caller,
    route: Route,
    history: Iterable[Message],
    content: str | None,
    parameters: dict[str, Any],
) -> Plan:
    """The prompt for the next reply. Replies without text say nothing and are left out."""
    said = [
        ChatMessage(row.role, row.content)  # type: ignore[arg-type]
        for row in history
        if row.content or row.role == Message.Role.USER
    ]
    if content is not None:
        said.append(ChatMessage("user", content))
    elif said and said[-1].role == "assistant":
        said.append(ChatMessage("user", GO_ON))
    if prompt := parameters.get("system_prompt"):
        said.insert(0, ChatMessage("system", prompt))
    fitted = fit(said, window=route.window, reserve=parameters["max_tokens"])
    return Plan(caller, route, tuple(said), fitted, parameters)


def make_whole_plan(
    *,
    caller: Caller,
    route: Route,
    messages: tuple[ChatMessage, ...],
    parameters: dict[str, Any],
) -> Plan:
    """The same for a prompt that somebody else keeps: all of it is sent as it is."""
    fitted = whole(messages, window=route.num_ctx)
    return Plan(caller, route, messages, fitted, parameters, trims=False)


async def produce(
    plan: Plan,
    router: Router,
    slots: ProviderSlots,
    log: MemoryLog,
    result: Result,
    rerouted: Rerouted,
) -> None:
    """Write the reply into `log` and its end into `result`; else as `stream`."""
    on_position = partial(log.enter, "queued")
    async with aclosing(stream(plan, router, slots, result, on_position, rerouted)) as chunks:
        async for chunk in chunks:
            if chunk.phase:
                log.enter(chunk.phase)
            if chunk.reasoning or chunk.content:
                log.enter("generating")
            if chunk.reasoning:
                log.append("reasoning", chunk.reasoning)
            if chunk.content:
                log.append("content", chunk.content)


async def stream(
    plan: Plan,
    router: Router,
    slots: ProviderSlots,
    result: Result,
    on_position: OnPosition,
    rerouted: Rerouted | None = None,
) -> AsyncGenerator[Chunk]:
    """The reply piece by piece, after the wait for a slot of the provider (`on_position` gets each
    position), and its end into `result`.

    As long as nothing was said, the next provider of `CHAT_FALLBACK_PROVIDERS` is asked when one
    fails; `rerouted` is waited for before, with that provider in `result`. When none of them can
    answer, `result` names the first again, as its error is the one that is raised. Closing it, or
    cancelling, closes the request to the provider before it returns.

    Raises:
        ProviderError: why nobody could finish the reply.
    """
    asked, failure = plan, None
    for provider in (plan.route.provider, *router.fallbacks(plan.route.provider.name)):
        try:
            if failure is not None:
                asked = await _for_fallback(plan, router, provider)
                result.take(asked)
                if rerouted is not None:
                    await rerouted()
            async with aclosing(_ask(asked, slots, on_position, result)) as chunks:
                async for chunk in chunks:
                    said = chunk.content or chunk.reasoning or chunk.tool_parts
                    if said and result.first_token_s is None:
                        result.first_token_s = time.monotonic() - result.started
                    if chunk.finish:
                        result.finish = chunk.finish
                    yield chunk
            return
        except ProviderError as error:
            refused = failure is None and type(error) is RequestRefused
            if refused or result.first_token_s is not None:
                raise
            failure = failure or error
    result.take(plan)
    assert failure is not None  # noqa: S101 - for mypy
    raise failure


async def _for_fallback(plan: Plan, router: Router, provider: Provider) -> Plan:
    """The same request for another provider: its own default model, fitted to its window. Raises
    `ProviderError` when it has none for this caller."""
    route = replace(await router.route(model=None, provider=provider.name), fallback=True)
    if not keys.allows(plan.caller.key, route.model):
        raise ModelNotFound("The model that would have answered instead is not for this API key.")
    if plan.trims:
        fitted = fit(plan.history, window=route.window, reserve=plan.parameters["max_tokens"])
    else:
        fitted = whole(plan.history, window=route.num_ctx)
    return replace(plan, route=route, fitted=fitted)


async def _ask(
    plan: Plan, slots: ProviderSlots, on_position: OnPosition, result: Result
) -> AsyncGenerator[Chunk]:
    """What one provider says."""
    if plan.fitted.too_long:
        said = "This message is" if plan.trims else "These messages are"
        raise ContextTooLong(f"{said} longer than the model can read ({plan.route.window} tokens).")
    request = ChatRequest(
        model=plan.route.model,
        messages=plan.fitted.messages,
        window=plan.route.num_ctx,
        **{name: value for name, value in plan.parameters.items() if name in _CHOICES},
    )
    provider = plan.route.provider
    async with slots.slot(provider.name, plan.caller.user.pk, on_position):
        result.reading = True
        tags = ThinkTags()
        try:
            async with aclosing(provider.stream_chat(request)) as chunks:
                async for chunk in chunks:
                    yield _clean(tags.split(chunk))
        except ProviderError:
            result.reading = result.first_token_s is not None
            raise


def _clean(chunk: Chunk) -> Chunk:
    """The chunk as it can be stored and sent."""
    content, reasoning = storable(chunk.content), storable(chunk.reasoning)
    if content is chunk.content and reasoning is chunk.reasoning and not chunk.tool_parts:
        return chunk
    parts = tuple(_clean_part(part) for part in chunk.tool_parts)
    return replace(chunk, content=content, reasoning=reasoning, tool_parts=parts)


def _clean_part(part: ToolPart) -> ToolPart:
    name, arguments = storable(part.name), storable(part.arguments)
    return replace(part, name=name, arguments=arguments)


def storable(text: str) -> str:
    """The text with what no database and no frame can hold replaced: NUL and lone surrogates."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return (
        text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
