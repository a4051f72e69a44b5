"""The prompt of a reply: built from a history, fitted into the model's window, counted where the
provider does not count."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID

import orjson
from django.conf import settings

from conversations.files.models import File
from conversations.threads.history import Said
from conversations.threads.parameters import MORE
from conversations.tools.offers import Offer
from providers.errors import ContextTooLong, ModelCannotSee, ProviderError, SystemRoleRefused
from providers.types import ChatMessage, Image, Usage
from streaming.caller import Caller
from streaming.replies.prompt_calls import messages_of, newest_turn
from streaming.replies.prompt_files import FileFit, Loaded, PromptFile, prompt_files
from streaming.replies.roles import join_neighbours, without_system
from streaming.route import Route
from streaming.token_estimate import ONCE, Amounts, message_amounts, text_amounts, total

# How much longer a prompt is than we thought when its refusal does not say: at least so much
# longer than the window.
UNNAMED_EXCESS = 1.25
# The least that is asked for when prompt and reply hardly fit.
LEAST_REPLY = 16
# Characters of messages whose plan is made beside the event loop, and what a message counts for.
LONG = 256_000
MESSAGE_COST = 200
# What templates say that insist on a user's message first: those without a system role, too.
ALTERNATE = re.compile(r"roles? must alternate", re.IGNORECASE)

# What servers say that were offered tools for a model that calls none.
NO_TOOLS = re.compile(r"does not support (tools|function)|tool.{0,40}not supported", re.IGNORECASE)

# Asked after a reply that was cut and is to be continued. Nobody sees it, and it is not stored.
GO_ON = (
    "Continue exactly where your last message stopped. Do not repeat any of it, "
    "and do not introduce what follows."
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The messages that go into the prompt, and how many older ones are left out. `amounts` is
    what the prompt consists of, tools and schema included. `files` tells of each file of the
    messages that were read how the model is given it."""

    messages: tuple[ChatMessage, ...]
    prompt_tokens: int
    dropped: int
    too_long: bool
    amounts: Amounts
    files: tuple[dict[str, Any], ...] = ()

    def as_context(self, window: int) -> dict[str, Any]:
        context = {
            "window": window,
            "prompt_tokens": self.prompt_tokens,
            "dropped_messages": self.dropped,
        }
        return {**context, "files": [*self.files]} if self.files else context


@dataclass(frozen=True, slots=True)
class Plan:
    """A reply to be made for `caller`: `history` is the conversation so far, but for the `older`
    messages that were not read, and `fitted` the part that is sent. With `trims` older messages are
    left out when not all fit, and neighbours of one role are joined; a stateless reply's prompt is
    the caller's, and is sent whole. `files` are those of a message, by its position in the history.

    `scale` corrects the estimate by the provider's count of this very prompt. `fitted_again` and
    `reordered` say which refusals were answered: each is answered once.
    """

    caller: Caller
    route: Route
    history: tuple[ChatMessage, ...]
    parameters: dict[str, Any]
    trims: bool = True
    files: Mapping[int, tuple[PromptFile, ...]] = field(default_factory=dict)
    scale: float = 1.0
    fitted_again: bool = False
    reordered: bool = False
    older: int = 0
    offers: tuple[Offer, ...] = ()
    fitted: Fitted = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fitted", _fit(self))

    @property
    def left_out(self) -> tuple[str, ...]:
        """The parameters of a conversation that the provider does not have."""
        has = self.route.provider.parameters
        names = MORE if self.trims else ()
        left_out = tuple(name for name in names if name in self.parameters and name not in has)
        if self.offers and self.route.takes_no_tools:
            return (*left_out, "tools")
        return left_out

    @property
    def wanted_tokens(self) -> int | None:
        """How much reply is wanted: what was chosen, and room to think before it. A stateless
        reply's caller counts both."""
        wanted: int | None = self.parameters.get("max_tokens")
        if wanted is None or not self.trims or not self.route.thinks:
            return wanted
        if self.parameters.get("reasoning_effort") == "none":
            return wanted
        return wanted + int(settings.CHAT_REASONING_TOKENS)

    @property
    def max_tokens(self) -> int | None:
        """How much reply to ask for: no more than a known window has room for."""
        wanted = self.wanted_tokens
        if wanted is None or self.route.num_ctx is None:
            return wanted
        return min(wanted, max(self.route.num_ctx - self.fitted.prompt_tokens, LEAST_REPLY))

    @property
    def context(self) -> dict[str, Any]:
        """The `context` on the wire: how the prompt fits, and which providers failed before."""
        context = self.fitted.as_context(self.route.window)
        return {**context, "failed": [*self.route.failed]} if self.route.failed else context

    def rerouted(self, route: Route) -> Self:
        """The same request for another provider, fitted to its window."""
        return replace(self, route=route, scale=1.0, fitted_again=False, reordered=False)

    def learn(self, usage: Usage) -> None:
        """Learn from the provider's counts."""
        if usage.reasoning_tokens:
            self.route.facts.thinks = True
        self.route.facts.estimate.learn(self.fitted.amounts, usage.prompt_tokens)

    def after(self, refusal: ProviderError) -> Self | None:
        """The plan to try once more after a refusal, having learned from it; `None` where nothing
        about it can be changed."""
        if isinstance(refusal, ContextTooLong):
            changed = self._fitted_again(refusal)
        elif self.offers and "tools" not in self.left_out and NO_TOOLS.search(refusal.detail):
            self.route.facts.learn_no_tools()
            return replace(self)
        elif isinstance(refusal, SystemRoleRefused) or ALTERNATE.search(refusal.detail):
            changed = self._reordered()
        else:
            return None
        shorter = changed.max_tokens != self.max_tokens
        helps = shorter and changed.fitted.prompt_tokens < changed.route.window
        return changed if helps or changed.fitted.messages != self.fitted.messages else None

    def _fitted_again(self, refusal: ContextTooLong) -> Self:
        estimate, amounts = self.route.facts.estimate, self.fitted.amounts
        counted, window = refusal.prompt_tokens, refusal.window or self.route.window
        if refusal.window is not None:
            self.route.facts.learn_window(window)
        if counted is not None:
            estimate.learn(amounts, counted)
        if self.fitted_again or not (self.trims or (counted and counted < window)):
            return self
        if counted is None:
            counted = max(self.fitted.prompt_tokens, ceil(window * UNNAMED_EXCESS))
        return replace(
            self,
            route=replace(self.route, window=window, num_ctx=window),
            scale=counted / estimate.of(amounts),
            fitted_again=True,
        )

    def _reordered(self) -> Self:
        self.route.facts.learn_strict_roles()
        return self if self.reordered else replace(self, reordered=True)


def make_plan(
    *,
    caller: Caller,
    route: Route,
    history: Iterable[Said],
    content: str | None,
    parameters: dict[str, Any],
    instructions: str = "",
    older: int = 0,
    files: Sequence[File] = (),
    parts: Mapping[UUID, Loaded] = MappingProxyType({}),
    offers: Sequence[Offer] = (),
) -> Plan:
    """The plan for the next reply of a conversation. `content` is the new question with its
    `files`, `None` for a regeneration; `parts` are what was loaded of all files; `older` messages
    are before the `history` and were not read. The author's `instructions` stand before the system
    prompt. Replies without text are left out. The model is offered `offers`, the tools of the
    conversation. Raises `ModelCannotSee`."""
    attached: dict[int, tuple[PromptFile, ...]] = {}
    prompts = filter(None, (instructions, parameters.get("system_prompt")))
    messages = [ChatMessage("system", prompt) for prompt in prompts]
    history = list(history)
    # A new question begins a turn of its own.
    newest = newest_turn(history) if content is None else len(history)
    for position, row in enumerate(history):
        if row.counts:
            if row.files:
                attached[len(messages)] = prompt_files(row.files, parts)
            if row.calls:
                messages += messages_of(row, route.window, newest=position >= newest)
            else:
                messages.append(ChatMessage(row.role, row.content))  # type: ignore[arg-type]
    if content is not None:
        if files:
            attached[len(messages)] = prompt_files(files, parts)
        messages.append(ChatMessage("user", content))
    elif messages and messages[-1].role == "assistant":
        messages.append(ChatMessage("user", GO_ON))
    shown = attached.get(len(messages) - 1, ())
    if route.cannot_see and any(isinstance(file.part, Image) for file in shown):
        raise _cannot_see(route, "attachments")
    return Plan(
        *(caller, route, tuple(messages), parameters),
        files=attached,
        older=older,
        offers=tuple(offers),
    )


def is_long(messages: Iterable[ChatMessage | Said]) -> bool:
    """Tell whether a plan for these messages takes a while to make."""
    size = 0
    for message in messages:
        size += MESSAGE_COST + len(message.content)
        if size > LONG:
            return True
    return False


def make_whole_plan(
    *,
    caller: Caller,
    route: Route,
    messages: tuple[ChatMessage, ...],
    parameters: dict[str, Any],
) -> Plan:
    """The plan for a stateless reply: all messages are sent as they are. Raises
    `ModelCannotSee`."""
    if route.cannot_see and any(message.images for message in messages):
        raise _cannot_see(route, "messages")
    return Plan(caller, route, messages, parameters, trims=False)


def _cannot_see(route: Route, field: str) -> ModelCannotSee:
    return ModelCannotSee(f"The model “{route.model}” cannot see pictures.", field=field)


def estimate_tokens(text: str) -> int:
    """A rough count, four characters to a token; the wire says `estimated`."""
    return len(text) // 4


def _fit(plan: Plan) -> Fitted:
    """The prompt of a plan. `too_long` says that it cannot fit a known window, by the lenient
    count: some providers would leave out a part of it without a word."""
    messages, dropped = plan.history, 0
    files = FileFit(partial(_cost, plan), cannot_see=plan.route.cannot_see)
    beside = total([ONCE, *map(text_amounts, _texts_beside(plan.parameters))])
    amounts = total([beside, *map(message_amounts, messages)])
    if plan.trims:
        dropped = plan.older
        if plan.files or _cost(plan, amounts) > _budget(plan) or not _begins_well(plan):
            messages, left_out = _newest(plan, beside, files)
            dropped += left_out
    if plan.route.strict_roles:
        messages = without_system(messages)
    elif plan.trims:
        messages = join_neighbours(messages)
    if messages is not plan.history:
        amounts = total([beside, *map(message_amounts, messages)])
    prompt_tokens = ceil(_cost(plan, amounts))
    if plan.trims:
        least, window = estimate_tokens(messages[-1].content if messages else ""), plan.route.window
    else:
        least = sum(estimate_tokens(message.content) for message in messages)
        window = plan.route.num_ctx or least
    return Fitted(messages, prompt_tokens, dropped, least > window, amounts, tuple(files.told))


def _budget(plan: Plan) -> int:
    """How many tokens a prompt may have. Room to think never takes more than half of the window
    from the conversation."""
    window = plan.route.window
    wanted: int = plan.parameters["max_tokens"]
    return max(
        window - (plan.wanted_tokens or wanted), min(window - wanted, window // 2), window // 4
    )


def _begins_well(plan: Plan) -> bool:
    """Whether all of the history may be sent in its order: system messages, then a question."""
    roles = [message.role for message in plan.history]
    first = next((i for i, role in enumerate(roles) if role != "system"), len(roles))
    return roles[first : first + 1] == ["user"] and "system" not in roles[first:]


def _cost(plan: Plan, amounts: Amounts) -> float:
    return plan.scale * plan.route.facts.estimate.of(amounts)


def _newest(plan: Plan, beside: Amounts, files: FileFit) -> tuple[tuple[ChatMessage, ...], int]:
    """The system messages and as many of the newest as leave room for the reply, from a user's
    message on, each with those of its files that fit; and how many others there are. The newest
    message always stays."""
    budget = _budget(plan)
    system = [message for message in plan.history if message.role == "system"]
    rest = [
        (message, plan.files.get(position, ()))
        for position, message in enumerate(plan.history)
        if message.role != "system"
    ]
    used = _cost(plan, total([beside, *map(message_amounts, system)]))
    newest_first: list[ChatMessage] = []
    # The newest turn stays whole: results mean nothing without their calls.
    turn = max((i for i, (said, _) in enumerate(rest) if said.role == "user"), default=len(rest))
    for position, (message, attached) in reversed([*enumerate(rest)]):
        used += _cost(plan, message_amounts(message))
        if used > budget and newest_first and position < turn:
            break
        if attached:
            message, cost = files.fit(message, attached, budget - used)
            used += cost
        newest_first.append(message)
    first = len(rest) - len(newest_first)
    for _, attached in reversed(rest[:first]):
        files.leave_out(attached)
    # A reply whose question was left out means nothing to a model.
    while len(newest_first) > 1 and newest_first[-1].role != "user":
        newest_first.pop()
    return (*system, *reversed(newest_first)), len(rest) - len(newest_first)


def _texts_beside(parameters: dict[str, Any]) -> list[str]:
    """The texts that a model reads beside the messages: the tools, and the schema of a reply."""
    tools = parameters.get("tools") or ()
    texts = [f"{tool.name} {tool.description} {_json(tool.parameters)}" for tool in tools]
    # "json", in a conversation, has no schema.
    if schema := getattr(parameters.get("response_format"), "schema", None):
        texts.append(_json(schema))
    return texts


def _json(schema: Mapping[str, Any] | None) -> str:
    return orjson.dumps(schema).decode() if schema else ""
