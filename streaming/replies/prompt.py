"""The prompt of a reply: built from a history, fitted into the model's window, counted where the
provider does not count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from conversations.threads.models import Message
from providers.types import ChatMessage
from streaming.caller import Caller
from streaming.routing import Route

# What a chat template adds around each message, in tokens.
MESSAGE_OVERHEAD = 6


# Asked after a reply that was cut and is to be continued. Nobody sees it, and it is not stored.
GO_ON = (
    "Continue exactly where your last message stopped. Do not repeat any of it, "
    "and do not introduce what follows."
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The messages that go into the prompt, and how many older ones are left out."""

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


@dataclass(frozen=True, slots=True)
class Plan:
    """A reply to be made for `caller`: `history` is the whole conversation so far, `fitted` the
    part that is sent. With `trims` older messages are left out when not all fit; a stateless
    reply's prompt is the caller's, and is sent whole."""

    caller: Caller
    route: Route
    history: tuple[ChatMessage, ...]
    fitted: Fitted
    parameters: dict[str, Any]
    trims: bool = True

    def rerouted(self, route: Route) -> Self:
        """The same request for another provider, fitted to its window."""
        return replace(
            self, route=route, fitted=_fit(self.history, route, self.parameters, self.trims)
        )


def make_plan(
    *,
    caller: Caller,
    route: Route,
    history: Iterable[Message],
    content: str | None,
    parameters: dict[str, Any],
) -> Plan:
    """The plan for the next reply of a conversation. `content` is the new question, `None` for a
    regeneration. Replies without text are left out."""
    messages = [
        ChatMessage(row.role, row.content)  # type: ignore[arg-type]
        for row in history
        if row.content or row.role == Message.Role.USER
    ]
    if content is not None:
        messages.append(ChatMessage("user", content))
    elif messages and messages[-1].role == "assistant":
        messages.append(ChatMessage("user", GO_ON))
    if system_prompt := parameters.get("system_prompt"):
        messages.insert(0, ChatMessage("system", system_prompt))
    fitted = _fit(messages, route, parameters, trims=True)
    return Plan(caller, route, tuple(messages), fitted, parameters)


def make_whole_plan(
    *,
    caller: Caller,
    route: Route,
    messages: tuple[ChatMessage, ...],
    parameters: dict[str, Any],
) -> Plan:
    """The plan for a stateless reply: all messages are sent as they are."""
    fitted = _fit(messages, route, parameters, trims=False)
    return Plan(caller, route, messages, fitted, parameters, trims=False)


def _fit(
    messages: Sequence[ChatMessage], route: Route, parameters: dict[str, Any], trims: bool
) -> Fitted:
    if trims:
        return fit(messages, window=route.window, reserve=parameters["max_tokens"])
    return whole(messages, window=route.num_ctx)


def estimate_tokens(text: str) -> int:
    """A rough count, four characters to a token; the wire says `estimated`."""
    return len(text) // 4


def weight(message: ChatMessage) -> int:
    """The most tokens that a message may cost in a prompt. In any script a token is seldom less
    than three bytes of UTF-8."""
    return len(message.content.encode()) // 3 + MESSAGE_OVERHEAD


def whole(messages: Sequence[ChatMessage], *, window: int | None) -> Fitted:
    """All messages as they are. `too_long` says that they cannot fit a known window, by the
    lenient count: a provider would leave some out without a word."""
    tokens = sum(estimate_tokens(message.content) for message in messages)
    too_long = window is not None and tokens > window
    return Fitted(tuple(messages), tokens, 0, too_long)


def fit(messages: Sequence[ChatMessage], *, window: int, reserve: int) -> Fitted:
    """Keep the system messages and as many of the newest as leave `reserve` tokens for the reply.

    The newest message always stays. `too_long` says that even it cannot fit, by the lenient
    count: a provider would cut it without a word.
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
