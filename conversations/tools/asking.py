"""Stores the tool calls that a reply asks for. Sync, keyword-only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils import timezone

from conversations.threads import storage
from conversations.threads.models import Awaits, Conversation, Message
from conversations.tools import calls, sign_ins
from conversations.tools.models import State, ToolCall
from conversations.tools.offers import Offer
from conversations.tools.selectors import next_of
from conversations.tools.trust import Trust


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as a model wrote it: its id and the tool's name there, and JSON text."""

    provider_id: str
    name: str
    arguments: str
    extra_content: Mapping[str, Any] | None = None


def ask(*, reply: Message, asked: Sequence[Asked], offers: Sequence[Offer]) -> list[ToolCall]:
    """Store the calls of a reply that has just been closed, in its transaction. What may run
    without a decision is allowed, and what cannot run has failed."""
    conversation = calls.locked(reply.conversation_id)
    by_name = {offer.name: offer for offer in offers}
    trust = Trust(conversation, reply.author or conversation.user)
    if any(offer.signs_in for offer in offers):
        trust.signed_in = sign_ins.signed_in(user=conversation.user)
    rows = [
        _row(reply, position, call, by_name, trust)
        for position, call in enumerate(asked[: 2 * calls.MOST_CALLS])
    ]
    ToolCall.objects.bulk_create(rows)
    # Also when all have failed: then the model is told so.
    awaits = next_of(rows) or Awaits.TOOLS
    Conversation.objects.filter(pk=conversation.pk).update(awaits=awaits)
    storage.add(user_id=conversation.user_id, size=sum(row.size for row in rows))
    return rows


def _row(
    reply: Message, position: int, call: Asked, offers: Mapping[str, Offer], trust: "Trust"
) -> ToolCall:
    offer = offers.get(call.name) or _by_tool(offers, call.name)
    row = ToolCall(
        message=reply,
        position=position,
        provider_id=call.provider_id[:255],
        offered=call.name[:255],
        extra_content=orjson.dumps(call.extra_content).decode() if call.extra_content else "",
        server=offer.server if offer else "",
        name=(offer.tool if offer else call.name)[:255],
        read_only=bool(offer and offer.read_only),
        open_world=bool(offer and offer.open_world),
        fingerprint=offer.fingerprint if offer else "",
    )
    arguments = _object(call.arguments)
    fault = _fault(offer, call, arguments, position)
    if arguments is not None:
        row.arguments = orjson.dumps(arguments).decode()
    if fault:
        row.state, row.result, row.completed_at = State.FAILED, fault, timezone.now()
    else:
        assert offer is not None  # noqa: S101 - else it is a fault
        row.state = trust.state_of(offer)
    row.size = calls.size_of(row)
    return row


def _by_tool(offers: Mapping[str, Offer], name: str) -> Offer | None:
    """Return the tool that a model means which leaves the server out."""
    meant = [offer for offer in offers.values() if offer.tool == name]
    return meant[0] if len(meant) == 1 else None


def _fault(
    offer: Offer | None, call: Asked, arguments: dict[str, Any] | None, position: int
) -> str:
    if position >= calls.MOST_CALLS:
        return f"A reply may call at most {calls.MOST_CALLS} tools."
    if offer is None:
        return f"There is no tool {call.name[:100]}."
    if len(call.arguments) > calls.MOST_ARGUMENTS:
        return f"The arguments may have at most {calls.MOST_ARGUMENTS:,} characters."
    if arguments is None:
        return "The arguments are not a JSON object."
    return offer.fault_in(arguments)


def _object(text: str) -> dict[str, Any] | None:
    if len(text) > calls.MOST_ARGUMENTS:
        return None
    try:
        value = orjson.loads(text.strip() or "{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
