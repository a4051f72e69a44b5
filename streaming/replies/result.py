"""The result of a reply while it is made, for its row, its end and its usage."""

import time
from dataclasses import dataclass, field
from typing import Any, Self

from conversations.tools.offers import Offer
from providers.types import ChatMessage, Chunk, Finish, FinishReason
from streaming.events import End
from streaming.replies.prompt import Plan, estimate_tokens
from streaming.tools.asked import AskedCalls


@dataclass(slots=True)
class Result:
    """The result of a plan so far. It is kept up to date while the reply is made, so that it is
    right whenever the reply is cut. `reading` says that a provider has the prompt. Times are
    seconds from the start."""

    provider_used: str = ""
    model: str = ""
    context: dict[str, Any] = field(default_factory=dict)
    fallback_used: bool = False
    left_out: tuple[str, ...] = ()
    prompt: tuple[ChatMessage, ...] = ()
    offers: tuple[Offer, ...] = ()
    calls: AskedCalls = field(default_factory=AskedCalls)
    reading: bool = False
    finish: Finish | None = None
    started: float = field(default_factory=time.monotonic)
    first_token_s: float | None = None
    thinking_since: float | None = None
    thought_s: float | None = None

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The result of a plan before any provider was asked."""
        result = cls()
        result.take(plan)
        return result

    def take(self, plan: Plan) -> None:
        """Name the provider and the model that are asked by this plan."""
        route = plan.route
        self.provider_used, self.model = route.provider.name, route.model
        self.context = plan.context
        self.fallback_used = route.fallback
        self.left_out = plan.left_out
        self.prompt = plan.fitted.messages
        self.offers = () if "tools" in plan.left_out else plan.offers
        self.calls = AskedCalls()

    def hear(self, chunk: Chunk) -> None:
        """Note when the model's first text came, and how long it thought before its answer."""
        now = time.monotonic() - self.started
        answers = chunk.content or chunk.tool_parts
        if self.first_token_s is None and (answers or chunk.reasoning):
            self.first_token_s = now
        if self.thinking_since is None:
            if chunk.reasoning:
                self.thinking_since = now
        elif self.thought_s is None and answers:
            self.thought_s = now - self.thinking_since

    def end_with(self, finish: Finish) -> None:
        """Note the end that the provider told."""
        self.finish = finish
        if finish.window_full:
            self.context = {**self.context, "full": True}

    def end(
        self, status: str, finish_reason: str | None, error: dict[str, Any] | None, text: str
    ) -> End:
        """The end of a reply with this text."""
        return End(
            status=str(status),
            finish_reason=finish_reason,
            model=self.model,
            provider_used=self.provider_used,
            fallback_used=self.fallback_used,
            context=self.context or None,
            tokens=self.tokens(text),
            timings=self.timings(),
            error=error,
            left_out=list(self.left_out) or None,
        )

    @property
    def reason(self) -> FinishReason:
        return self.finish.reason if self.finish else "stop"

    def timings(self) -> dict[str, float]:
        """The reply's times for its row, without those that the provider did not tell."""
        total, thought = time.monotonic() - self.started, self.thought_s
        if thought is None and self.thinking_since is not None:
            thought = total - self.thinking_since
        times = {
            "total_s": total,
            "first_token_s": self.first_token_s,
            "thought_s": thought,
        }
        if self.finish:
            times["load_s"] = self.finish.load_s
            times["prompt_s"] = self.finish.prompt_s
            times["generate_s"] = self.finish.generate_s
        return {name: round(value, 4) for name, value in times.items() if value is not None}

    def tokens(self, text: str) -> dict[str, Any]:
        """The provider's counts, or our estimate, marked as such; `cached` are tokens of the prompt
        that the provider did not read again. A prompt that no provider read costs nothing."""
        cached = 0
        if usage := self.finish.usage if self.finish else None:
            prompt, completion, source = usage.prompt_tokens, usage.completion_tokens, "provider"
            cached = usage.cached_tokens
        else:
            messages = self.prompt if self.reading else ()
            prompt = sum(estimate_tokens(message.content) for message in messages)
            completion, source = estimate_tokens(text), "estimated"
        tokens = {
            "prompt": prompt,
            "completion": completion,
            "total": prompt + completion,
            "source": source,
        }
        return {**tokens, "cached": cached} if cached else tokens
