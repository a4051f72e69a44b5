"""Fitting a history into a model's window, and counting where the provider did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from providers.types import ChatMessage

# What a chat template adds around each message, in tokens.
MESSAGE_OVERHEAD = 6


@dataclass(frozen=True, slots=True)
class Fitted:
    """The messages that go into the prompt, and how many older ones were left out."""

    messages: tuple[ChatMessage, ...]
    prompt_tokens: int
    dropped: int
    too_long: bool

    def as_context(self, window: int) -> dict[str, Any]:
        return {
            "window": window,
            "prompt_tokens": self.prompt_tokens,
            "dropped_messages": self.dropped,
        }


def estimate_tokens(text: str) -> int:
    """The product's rough count, four characters to a token; told as `estimated`."""
    return len(text) // 4


def weight(message: ChatMessage) -> int:
    """Tokens that a message may cost in a prompt, on the safe side for any script: a token
    is seldom less than three bytes of UTF-8."""
    return len(message.content.encode()) // 3 + MESSAGE_OVERHEAD


def whole(messages: Sequence[ChatMessage], *, window: int | None) -> Fitted:
    """All messages as they are. `too_long` says that they cannot fit a window that is known, by
    the lenient count: a provider would leave some out in silence."""
    tokens = sum(estimate_tokens(message.content) for message in messages)
    too_long = window is not None and tokens > window
    return Fitted(tuple(messages), tokens, 0, too_long)


def fit(messages: Sequence[ChatMessage], *, window: int, reserve: int) -> Fitted:
    """Keep the system messages and as many of the newest as leave `reserve` tokens for the reply.

    The newest message always stays. `too_long` says that even it cannot fit, by the lenient
    count: a provider would cut it in silence.
    """
    budget = max(window - reserve, window // 4)
    system = [m for m in messages if m.role == "system"]
    rest = [m for m in messages if m.role != "system"]
    used = sum(map(weight, system))
    first = len(rest)
    for position in range(len(rest) - 1, -1, -1):
        cost = weight(rest[position])
        if used + cost > budget and position < len(rest) - 1:
            break
        used += cost
        first = position
    # A reply whose question was left out means nothing to a model.
    while first < len(rest) - 1 and rest[first].role == "assistant":
        used -= weight(rest[first])
        first += 1
    kept = rest[first:]
    newest = estimate_tokens(rest[-1].content) if rest else 0
    return Fitted((*system, *kept), used, first, too_long=newest > window)
