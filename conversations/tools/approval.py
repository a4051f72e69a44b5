"""The decisions on tool calls: a person allows or denies one. Sync, keyword-only, one transaction
each, as the other steps of a call in `calls`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.utils import timezone

from conversations.errors import ClientIdConflict, Conflict, InvalidInput, NotFound
from conversations.people.models import User
from conversations.threads import storage
from conversations.threads.models import Conversation
from conversations.tools import calls, inputs
from conversations.tools import offers as tool_offers
from conversations.tools.models import UNDECIDED, State, ToolCall, ToolRule
from conversations.tools.trust import Trust


class AlreadyDecided(Conflict):
    code = "already_decided"
    message = "This call was already decided."


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision of a person: `remember` is `once`, `conversation` or `always`. `answers` are
    those to what the call's server asks, by the ids of the questions."""

    client_id: UUID
    allow: bool
    remember: str = "once"
    arguments: Mapping[str, Any] | None = None
    reason: str = ""
    answers: Mapping[str, Mapping[str, Any]] | None = None


def decide(
    *, user: User, message_id: UUID, call_id: UUID, decision: Decision
) -> tuple[ToolCall, bool]:
    """Allow or deny a call. Returns it as it is now, and whether this decided it.

    Raises:
        NotFound: the reply has no such call.
        AlreadyDecided: another decision counts.
        ClientIdConflict: the client_id decided otherwise.
        InvalidInput: the arguments do not fit the tool.
        Conflict: the person has to sign in first.
    """
    with transaction.atomic():
        conversation = calls.locked_of(message_id)
        rows = ToolCall.objects.select_related("message")
        row = rows.filter(id=call_id, message_id=message_id).first()
        if row is None:
            raise NotFound("Tool call not found.")
        if row.decision == decision.client_id:
            if (row.state == State.DENIED) == decision.allow:
                raise ClientIdConflict
            return row, False
        if row.state not in UNDECIDED:
            raise AlreadyDecided
        before = row.size
        if decision.allow:
            _allow(row, decision, user, conversation)
        else:
            row.state, row.completed_at, row.input = State.DENIED, timezone.now(), ""
            row.reason = decision.reason
            row.result = f"{calls.DENIED} {decision.reason}".strip()
        row.decision, row.decided_by, row.decided_at = decision.client_id, user, timezone.now()
        row.size = calls.size_of(row)
        row.save()
        calls.settle(conversation, message_id)
        storage.add(user_id=conversation.user_id, size=row.size - before)
    return row, True


def _allow(row: ToolCall, decision: Decision, user: User, conversation: Conversation) -> None:
    if row.state == State.NEEDS_SIGN_IN:
        raise Conflict("Sign in to the tool server first.")
    if inputs.open_questions(row.input):
        row.input = inputs.answered(row.input, decision.answers)
        row.state = State.ALLOWED
        return
    if decision.answers is not None:
        raise InvalidInput(
            "answers: Nothing was asked.", fields={"answers": ["Nothing was asked."]}
        )
    if decision.arguments is not None:
        text = orjson.dumps(dict(decision.arguments)).decode()
        offer = tool_offers.one(user=user, server=row.server, tool=row.name)
        fault = offer.fault_in(decision.arguments) if offer else ""
        if len(text) > calls.MOST_ARGUMENTS:
            fault = f"Must have at most {calls.MOST_ARGUMENTS:,} characters."
        if fault:
            raise InvalidInput(f"arguments: {fault}", fields={"arguments": [fault]})
        row.arguments = text
    row.state = State.ALLOWED
    if decision.remember != "once":
        ToolRule.objects.update_or_create(
            user=user,
            server=row.server,
            tool=row.name,
            conversation=conversation if decision.remember == "conversation" else None,
            defaults={"fingerprint": row.fingerprint},
        )


def deny_undecided(*, conversation: Conversation) -> list[ToolCall]:
    """Deny what nobody decided in a conversation that the caller has locked: a new message is sent
    instead. Returns the calls."""
    rows = list(calls.in_conversation(conversation).filter(state__in=UNDECIDED))
    for row in rows:
        row.state, row.result, row.completed_at = State.DENIED, calls.SUPERSEDED, timezone.now()
        row.input = ""
        row.save(update_fields=["state", "result", "completed_at", "input"])
    return rows


def after_sign_in(*, user: User, server: str) -> list[ToolCall]:
    """Let the calls go on that waited until their owner has signed in to a server: those that were
    allowed before, and what needs no decision. The others ask. Returns them."""
    waiting = ToolCall.objects.filter(
        state=State.NEEDS_SIGN_IN,
        server=server,
        message__conversation__user=user,
        message__conversation__deleted_at=None,
        message__deleted_at=None,
    )
    changed: list[ToolCall] = []
    for message_id in set(waiting.order_by().values_list("message_id", flat=True)):
        with transaction.atomic():
            conversation = calls.locked_of(message_id)
            trust = Trust(conversation, user)
            trust.signed_in = {server}
            rows = waiting.select_related("message").filter(message_id=message_id)
            for row in rows.order_by("position"):
                offer = tool_offers.one(user=user, server=server, tool=row.name)
                decided = row.decision is not None or (offer is not None and trust.lets(offer))
                row.state = State.ALLOWED if decided else State.ASKED
                row.save(update_fields=["state"])
                changed.append(row)
            calls.settle(conversation, message_id)
    return changed
