"""The reply that follows the tools which the one before it asked for: the next step of a turn."""

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone

from conversations.people import services as people
from conversations.threads import selectors, services
from conversations.threads.models import Awaits, Message, Status
from conversations.threads.selectors import OpenedTurn, TurnContext
from conversations.tools.selectors import asks
from conversations.usage import budgets
from conversations.usage.budgets import Bound, Bounds
from streaming.caller import Caller
from streaming.replies import opening
from streaming.replies.commands import TurnRequest
from streaming.replies.prompt import Plan

# Replies of one turn. The last may call no tools.
MOST_STEPS: Final = 10


@dataclass(frozen=True, slots=True)
class Step:
    """The next step of a turn: the reply that asked, who asked first, and what is
    planned."""

    asking: Message
    caller: Caller
    context: TurnContext
    request: TurnRequest


def look(asking_id: UUID) -> Step | None:
    """Return the next step after a reply; `None` where its turn does not wait for one."""
    rows = Message.shown.select_related("author", "key", "conversation__user")
    asking = rows.filter(id=asking_id, conversation__deleted_at=None).first()
    if asking is None or asking.conversation.awaits != Awaits.TOOLS:
        return None
    if any(call.completed_at is None for call in asking.calls.all()):
        return None
    conversation = asking.conversation
    author = asking.author or conversation.user
    # The turn goes on as it began, also where that was for one reply alone.
    conversation.settings = {**conversation.settings, **asking.parameters}
    context = selectors.turn_context(
        conversation=conversation,
        parent_id=asking.id,
        parent_given=True,
        regenerate=None,
        author=author,
    )
    steps, written = _so_far(asking)
    current = people.current(author) or author
    context = replace(
        context,
        instructions=current.instructions,
        default_model=current.default_model,
        last_step=steps + 1 >= MOST_STEPS or written >= settings.CHAT_TOOL_TOKENS,
    )
    request = TurnRequest(uuid4(), {"model": f"{asking.provider_used}/{asking.model}"})
    return Step(asking, Caller(author, asking.key, asking.door), context, request)


def _so_far(asking: Message) -> tuple[int, int]:
    """How many replies the turn has, and the tokens that they wrote."""
    steps, written = 0, 0
    row: Message | None = asking
    while row is not None and row.role == Message.Role.ASSISTANT and asks(row):
        steps += 1
        written += (row.tokens or {}).get("completion", 0)
        if steps >= MOST_STEPS:
            break
        row = row.parent
    return steps, written


def bounds(caller: Caller) -> Bounds:
    """The limits of a step: it counts against the replies at once and the budgets, but its turn
    has been counted as a request. Raises as `budgets.bounds`."""
    usual = budgets.bounds(user=caller.user, key=caller.key)
    return replace(usual, a_minute=Bound(f"steps:{usual.a_minute.subject}", 0))


def store(step: Step, plan: Plan, reply_id: UUID, writer: UUID) -> OpenedTurn | None:
    """Store the row of the reply; `None` where the turn has ended or goes on elsewhere."""
    return services.open_step(asking=step.asking, reply=opening.columns(plan, reply_id, writer))


def fail(step: Step, error: dict[str, Any]) -> OpenedTurn | None:
    """Store that the reply could not begin."""
    reply = {
        "status": Status.FAILED,
        "completed_at": timezone.now(),
        "model": step.asking.model,
        "provider_used": step.asking.provider_used,
        "error": error,
        "door": step.asking.door,
    }
    return services.open_step(asking=step.asking, reply=reply)
