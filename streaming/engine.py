"""From a history to a reply: builds the prompt, asks the providers in turn, writes the log.

Knows no database and no socket.
"""

import time
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from conversations import keys
from conversations.models import Message
from providers.base import Provider
from providers.errors import ContextTooLong, ModelNotFound, ProviderError, RequestRefused
from providers.types import ChatMessage, ChatRequest, Finish
from streaming.context import Fitted, estimate_tokens, fit
from streaming.limits import Caller
from streaming.line import Lines
from streaming.log import MemoryLog
from streaming.routing import Route, Router

# Asked after a reply that was cut and is to go on. Nobody sees it, and it is not stored.
GO_ON = (
    "Continue exactly where your last message stopped. Do not repeat any of it, "
    "and do not introduce what follows."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A reply to be made for `caller`: `history` is everything said so far, `fitted` what of it
    the first provider will be sent."""

    caller: Caller
    route: Route
    history: tuple[ChatMessage, ...]
    fitted: Fitted
    parameters: dict[str, Any]


@dataclass(slots=True)
class Result:
    """What became of a plan so far; filled in while the reply is made, so that it is right
    whenever it is cut short. Times are seconds from the start."""

    provider_used: str
    model: str
    context: dict[str, Any]
    fallback_used: bool = False
    finish: Finish | None = None
    started: float = field(default_factory=time.monotonic)
    first_token_s: float | None = None

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
        """The provider's counts, or our estimate, marked as such."""
        usage = self.finish.usage if self.finish else None
        if usage:
            prompt, made, source = usage.prompt_tokens, usage.completion_tokens, "provider"
        else:
            prompt = sum(estimate_tokens(message.content) for message in fitted.messages)
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


async def produce(plan: Plan, router: Router, lines: Lines, log: MemoryLog, result: Result) -> None:
    """Write the reply into `log` and its end into `result`, having waited in the provider's line.

    As long as nothing was said, the next provider of `CHAT_FALLBACK_PROVIDERS` is asked when one
    fails. Cancelling closes the request to the provider before it returns; what was said so far
    is in the log.

    Raises:
        ProviderError: why nobody could finish the reply.
    """
    candidates = [plan.route.provider, *router.fallbacks(plan.route)]
    for number, provider in enumerate(candidates):
        try:
            if number:
                plan = await _for_fallback(plan, router, provider)
                result.provider_used, result.fallback_used = provider.name, True
                result.model = plan.route.model
                result.context = plan.fitted.as_context(plan.route.window)
            await _stream(plan, lines, log, result)
            return
        except ProviderError as error:
            last = number == len(candidates) - 1
            if last or log.seq or (type(error) is RequestRefused):
                raise


async def _for_fallback(plan: Plan, router: Router, provider: Provider) -> Plan:
    """The same request for another provider: its own default model, fitted to its window."""
    route = await router.route(model=None, provider=provider.name)
    if not keys.allows(plan.caller.key, route.model):
        raise ModelNotFound("The model that would have answered instead is not for this API key.")
    fitted = fit(plan.history, window=route.window, reserve=plan.parameters["max_tokens"])
    return replace(plan, route=route, fitted=fitted)


async def _stream(plan: Plan, lines: Lines, log: MemoryLog, result: Result) -> None:
    if plan.fitted.too_long:
        raise ContextTooLong(
            f"This message is longer than the model can read ({plan.route.window} tokens)."
        )
    request = ChatRequest(
        model=plan.route.model,
        messages=plan.fitted.messages,
        temperature=plan.parameters["temperature"],
        max_tokens=plan.parameters["max_tokens"],
        top_p=plan.parameters["top_p"],
        window=plan.route.num_ctx,
    )
    provider = plan.route.provider
    async with (
        lines.place(provider.name, plan.caller.user.pk, partial(log.enter, "queued")),
        aclosing(provider.stream_chat(request)) as chunks,
    ):
        async for chunk in chunks:
            if chunk.phase:
                log.enter(chunk.phase)
            if chunk.reasoning or chunk.content:
                if result.first_token_s is None:
                    result.first_token_s = time.monotonic() - result.started
                log.enter("generating")
            if chunk.reasoning:
                log.append("reasoning", storable(chunk.reasoning))
            if chunk.content:
                log.append("content", storable(chunk.content))
            if chunk.finish:
                result.finish = chunk.finish


def storable(text: str) -> str:
    """The text with what no database and no frame can hold replaced: NUL and lone surrogates."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return (
        text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
