"""Which tools run in a conversation without a decision of its owner."""

from django.db.models import Max, Q

from conversations.people.models import User
from conversations.threads.models import Conversation
from conversations.tools.models import State, ToolCall, ToolRule
from conversations.tools.offers import Offer


class Trust:
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
