"""Every write to tool calls. Sync, keyword-only, one transaction each.

A call goes from asked, over allowed and running, to one of the final states; one that turns out to
need its owner's sign-in goes back to wait for that. Each step holds the
lock of the conversation, and changes nothing where the call is not (any more) where it should be:
so it does not matter which process takes it, nor how often it is tried.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from conversations.errors import ClientIdConflict, Conflict, InvalidInput, NotFound
from conversations.ids import new_id
from conversations.people.models import User
from conversations.threads import storage
from conversations.threads.models import Awaits, Conversation, Message
from conversations.tools import inputs, sign_ins
from conversations.tools import offers as tool_offers
from conversations.tools.models import UNDECIDED, UNDER_WAY, State, ToolCall, ToolRule
from conversations.tools.offers import Offer
from conversations.tools.selectors import next_of

# Calls of one reply, and characters of the arguments and of the result of each.
MOST_CALLS: Final = 16
MOST_ARGUMENTS: Final = 100_000
MOST_RESULT: Final = 32_000
# A call that runs for longer was left by a process that died: its time limit is shorter.
LOST: Final = timedelta(seconds=45)

# What the model is told instead of a result.
DENIED: Final = "The user denied this call."
SUPERSEDED: Final = "The user did not decide, and wrote a new message instead."
CANCELLED: Final = "The user stopped this call."
INTERRUPTED: Final = (
    "The server stopped while this call ran. It is not known whether it took effect."
)


class AlreadyDecided(Conflict):
    code = "already_decided"
    message = "This call was already decided."


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as a model wrote it: its id and the tool's name there, and JSON text."""

    provider_id: str
    name: str
    arguments: str
    extra_content: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided: `remember` is `once`, `conversation` or `always`. `answers` are those
    to what the call's server asks, by the ids of the questions."""

    client_id: UUID
    allow: bool
    remember: str = "once"
    arguments: Mapping[str, Any] | None = None
    reason: str = ""
    answers: Mapping[str, Mapping[str, Any]] | None = None


# --- Asking -----------------------------------------------------------------------------------


def ask(*, reply: Message, asked: Sequence[Asked], offers: Sequence[Offer]) -> list[ToolCall]:
    """Store the calls of a reply that has just been closed, in its transaction. What may run
    without a decision is allowed, and what cannot run has failed."""
    conversation = _locked(reply.conversation_id)
    by_name = {offer.name: offer for offer in offers}
    trust = _Trust(conversation, reply.author or conversation.user)
    if any(offer.signs_in for offer in offers):
        trust.signed_in = sign_ins.signed_in(user=conversation.user)
    rows = [
        _row(reply, position, call, by_name, trust)
        for position, call in enumerate(asked[: 2 * MOST_CALLS])
    ]
    ToolCall.objects.bulk_create(rows)
    # Also when all have failed: then the model is told so.
    awaits = next_of(rows) or Awaits.TOOLS
    Conversation.objects.filter(pk=conversation.pk).update(awaits=awaits)
    storage.add(user_id=conversation.user_id, size=sum(row.size for row in rows))
    return rows


def _row(
    reply: Message, position: int, call: Asked, offers: Mapping[str, Offer], trust: "_Trust"
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
    row.size = _size(row)
    return row


def _by_tool(offers: Mapping[str, Offer], name: str) -> Offer | None:
    """Return the tool that a model means which leaves the server out."""
    meant = [offer for offer in offers.values() if offer.tool == name]
    return meant[0] if len(meant) == 1 else None


def _fault(
    offer: Offer | None, call: Asked, arguments: dict[str, Any] | None, position: int
) -> str:
    if position >= MOST_CALLS:
        return f"A reply may call at most {MOST_CALLS} tools."
    if offer is None:
        return f"There is no tool {call.name[:100]}."
    if len(call.arguments) > MOST_ARGUMENTS:
        return f"The arguments may have at most {MOST_ARGUMENTS:,} characters."
    if arguments is None:
        return "The arguments are not a JSON object."
    return offer.fault_in(arguments)


def _object(text: str) -> dict[str, Any] | None:
    if len(text) > MOST_ARGUMENTS:
        return None
    try:
        value = orjson.loads(text.strip() or "{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _size(row: ToolCall) -> int:
    texts = (row.arguments, row.extra_content, row.result, row.reason, row.input)
    return storage.MESSAGE + storage.text_bytes(*texts)


class _Trust:
    """Which tools run without a decision in a conversation: those that only read, of a server that
    is trusted, and those that the person has allowed for good."""

    def __init__(self, conversation: Conversation, user: User) -> None:
        self._conversation, self._user = conversation, user
        self._rules: set[tuple[str, str, str]] | None = None
        self.signed_in: set[str] = set()

    def state_of(self, offer: Offer) -> State:
        """The state in which a call begins to wait, or is let through."""
        if offer.signs_in and offer.server not in self.signed_in:
            return State.NEEDS_SIGN_IN
        return State.ALLOWED if self.lets(offer) else State.ASKED

    def lets(self, offer: Offer) -> bool:
        if offer.read_only:
            return True
        if (offer.server, offer.tool, offer.fingerprint) not in self.rules:
            return False
        return not self._is_wary_of(offer)

    @property
    def rules(self) -> set[tuple[str, str, str]]:
        if self._rules is None:
            here = Q(conversation=None) | Q(conversation=self._conversation)
            rows = ToolRule.objects.filter(here, user=self._user).order_by()
            self._rules = set(rows.values_list("server", "tool", "fingerprint"))
        return self._rules

    def _is_wary_of(self, offer: Offer) -> bool:
        """Whether strangers' words were read, by another tool, since a person last decided on a
        call that writes: they may be what the model follows now."""
        rows = ToolCall.objects.filter(message__conversation=self._conversation).order_by()
        decided = rows.filter(read_only=False, decided_by__isnull=False)
        last = decided.aggregate(last=Max("decided_at"))["last"]
        read = rows.filter(open_world=True, state=State.DONE)
        read = read.exclude(server=offer.server, name=offer.tool)
        return read.exists() if last is None else read.filter(completed_at__gt=last).exists()


# --- Deciding ---------------------------------------------------------------------------------


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
        conversation = _locked_of(message_id)
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
            row.result = f"{DENIED} {decision.reason}".strip()
        row.decision, row.decided_by, row.decided_at = decision.client_id, user, timezone.now()
        row.size = _size(row)
        row.save()
        _settle(conversation, message_id)
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
        if len(text) > MOST_ARGUMENTS:
            fault = f"Must have at most {MOST_ARGUMENTS:,} characters."
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
    rows = list(_in(conversation).filter(state__in=UNDECIDED))
    for row in rows:
        row.state, row.result, row.completed_at = State.DENIED, SUPERSEDED, timezone.now()
        row.save(update_fields=["state", "result", "completed_at"])
    return rows


def is_under_way(*, conversation: Conversation) -> bool:
    """Tell whether calls of a conversation run, or are about to."""
    return _in(conversation).filter(state__in=UNDER_WAY).exists()


# --- Running ----------------------------------------------------------------------------------


def claim(*, message_id: UUID, writer: UUID) -> list[ToolCall]:
    """Begin to run the allowed calls of a reply, by a process. Returns those that this began."""
    with transaction.atomic():
        _locked_of(message_id)
        rows = list(ToolCall.objects.filter(message_id=message_id, state=State.ALLOWED))
        for row in rows:
            row.state, row.writer, row.started_at = State.RUNNING, writer, timezone.now()
            row.save(update_fields=["state", "writer", "started_at"])
    return rows


def finish(*, call: ToolCall, state: str, result: str, took_s: float, **more: Any) -> bool:
    """Store what became of a running call. Returns `False`, and changes nothing, if it was stopped
    or given up meanwhile."""
    with transaction.atomic():
        conversation = _locked_of(call.message_id)
        row = ToolCall.objects.filter(id=call.id, state=State.RUNNING, writer=call.writer).first()
        if row is None:
            return False
        before = row.size
        _end(row, state, result)
        row.took_s = round(took_s, 3)
        for name, value in more.items():
            setattr(row, name, value)
        row.size = _size(row)
        row.save()
        _settle(conversation, call.message_id)
        storage.add(user_id=conversation.user_id, size=row.size - before)
    return True


def put_back(*, call: ToolCall) -> bool:
    """Let a running call wait until its owner has signed in to its server. Returns `False`, and
    changes nothing, if it was stopped or given up meanwhile."""
    with transaction.atomic():
        conversation = _locked_of(call.message_id)
        row = ToolCall.objects.filter(id=call.id, state=State.RUNNING, writer=call.writer).first()
        if row is None:
            return False
        row.state, row.writer, row.started_at = State.NEEDS_SIGN_IN, None, None
        row.save(update_fields=["state", "writer", "started_at"])
        _settle(conversation, call.message_id)
    return True


def ask_input(*, call: ToolCall, text: str) -> bool:
    """Let a running call wait until a person has answered what its server asks (`inputs.asked`).
    Returns `False`, and changes nothing, if it was stopped or given up meanwhile."""
    with transaction.atomic():
        conversation = _locked_of(call.message_id)
        row = ToolCall.objects.filter(id=call.id, state=State.RUNNING, writer=call.writer).first()
        if row is None:
            return False
        before = row.size
        row.state, row.writer, row.started_at, row.input = State.ASKED, None, None, text
        row.size = _size(row)
        row.save(update_fields=["state", "writer", "started_at", "input", "size"])
        _settle(conversation, call.message_id)
        storage.add(user_id=conversation.user_id, size=row.size - before)
    return True


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
            conversation = _locked_of(message_id)
            trust = _Trust(conversation, user)
            trust.signed_in = {server}
            rows = waiting.select_related("message").filter(message_id=message_id)
            for row in rows.order_by("position"):
                offer = tool_offers.one(user=user, server=server, tool=row.name)
                decided = row.decision is not None or (offer is not None and trust.lets(offer))
                row.state = State.ALLOWED if decided else State.ASKED
                row.save(update_fields=["state"])
                changed.append(row)
            _settle(conversation, message_id)
    return changed


def _end(row: ToolCall, state: str, result: str) -> None:
    row.state, row.completed_at, row.input = state, timezone.now(), ""
    row.result, row.truncated = result[:MOST_RESULT], len(result) > MOST_RESULT


def running(*, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these calls are still to run."""
    rows = ToolCall.objects.filter(id__in=list(ids), state=State.RUNNING).order_by()
    return set(rows.values_list("id", flat=True))


def stop(*, conversation_id: UUID) -> list[ToolCall]:
    """Cancel the calls of a conversation that wait or run, and end its turn. Returns them."""
    with transaction.atomic():
        conversation = _locked(conversation_id)
        rows = list(_in(conversation).filter(state__in=(*UNDECIDED, *UNDER_WAY)))
        for row in rows:
            _end(row, State.CANCELLED, CANCELLED)
            if row.started_at is not None:
                row.took_s = round((timezone.now() - row.started_at).total_seconds(), 3)
            row.save()
        if conversation.awaits:
            Conversation.objects.filter(pk=conversation_id).update(awaits="")
    return rows


def interrupt_lost(*, all_of_them: bool) -> list[ToolCall]:
    """Give up the calls of processes that died, and return them: all that run, or those that have
    run for too long."""
    rows = ToolCall.objects.select_related("message").filter(state=State.RUNNING)
    if not all_of_them:
        rows = rows.filter(started_at__lt=timezone.now() - LOST)
    lost = list(rows)
    return [
        call
        for call in lost
        if finish(call=call, state=State.INTERRUPTED, result=INTERRUPTED, took_s=0.0)
    ]


def left_waiting(*, all_of_them: bool) -> list[UUID]:
    """Return the replies whose turn has to go on, and goes on nowhere: its process died. With
    `all_of_them` there is no other process; else those that have waited for too long."""
    waiting = ToolCall.objects.filter(
        message__conversation__awaits=Awaits.TOOLS,
        message__conversation__deleted_at=None,
        message__deleted_at=None,
    )
    newest = waiting.order_by("message__conversation", "-created_at", "-id")
    asking: dict[UUID, ToolCall] = {}
    for call in newest.select_related("message").defer("result", "message__content"):
        asking.setdefault(call.message.conversation_id, call)
    late = timezone.now() - LOST
    return [
        call.message_id
        for call in asking.values()
        if all_of_them or max(_moments(of_message(call.message_id))) < late
    ]


def _moments(rows: QuerySet[ToolCall]) -> Iterator[datetime]:
    for row in rows:
        moments = (row.created_at, row.decided_at, row.started_at, row.completed_at)
        yield from (moment for moment in moments if moment is not None)


def of_message(message_id: UUID) -> QuerySet[ToolCall]:
    """Return the calls of one reply in order."""
    return ToolCall.objects.filter(message_id=message_id).order_by("position")


def _settle(conversation: Conversation, message_id: UUID) -> None:
    """Note what the turn waits for now."""
    if not conversation.awaits:
        return
    calls = list(ToolCall.objects.filter(message_id=message_id).only("state"))
    Conversation.objects.filter(pk=conversation.pk).update(awaits=next_of(calls) or Awaits.TOOLS)


def _in(conversation: Conversation) -> QuerySet[ToolCall]:
    return ToolCall.objects.filter(message__conversation=conversation, message__deleted_at=None)


def _locked_of(message_id: UUID) -> Conversation:
    row = Message.objects.filter(id=message_id).only("conversation_id").first()
    if row is None:
        raise NotFound("Message not found.")
    return _locked(row.conversation_id)


def _locked(conversation_id: UUID) -> Conversation:
    return Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)


# --- With their messages ----------------------------------------------------------------------


def erase(*, messages: QuerySet[Message]) -> None:
    """Erase the texts of the calls of deleted messages."""
    rows = ToolCall.objects.filter(message__in=messages, size__gt=storage.MESSAGE)
    for row in rows.select_related("message__conversation"):
        with transaction.atomic():
            before = row.size
            row.arguments, row.extra_content, row.result = "{}", "", ""
            row.reason, row.input = "", ""
            row.size = storage.MESSAGE
            row.save()
            user_id = row.message.conversation.user_id
            storage.add(user_id=user_id, size=row.size - before)


def copy(*, copies: Mapping[UUID, UUID]) -> int:
    """Copy the calls of messages to those that were copied from them, in the caller's transaction.
    Returns what they take. What nobody has decided is denied in the copy."""
    made: list[ToolCall] = []
    for row in ToolCall.objects.filter(message_id__in=list(copies)).order_by("message", "position"):
        row.pk, row.message_id = new_id(), copies[row.message_id]
        row._state.adding = True
        if row.completed_at is None:
            row.state, row.result, row.completed_at = State.DENIED, SUPERSEDED, timezone.now()
        row.decision = row.writer = None
        row.input = ""
        made.append(row)
    ToolCall.objects.bulk_create(made)
    return sum(row.size for row in made)
