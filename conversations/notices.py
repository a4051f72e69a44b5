"""Reports changes of the record to the code that knows sockets and running replies.

`Notices` does nothing; `project/apps.py` registers the one that does.
"""

from collections.abc import Iterable
from functools import cache
from uuid import UUID

from django.utils.module_loading import import_string

from conversations.threads.models import Conversation, Message


class Notices:
    """The calls of views and admin pages, each before or after a change."""

    def conversation_changed(
        self, conversation: Conversation, *, deleted: UUID | None = None
    ) -> None:
        """The conversation has another title, head or revision. `deleted` is the message whose
        deletion made it so."""

    def conversation_deleted(self, conversation: Conversation) -> None:
        """The conversation is deleted; its reply may still run."""

    def credentials_changed(self, user_id: UUID) -> None:
        """An API key or the account of the user was changed or revoked."""

    def catch_up(self, messages: Iterable[Message]) -> None:
        """Add the text that open replies have and their rows do not have yet."""


_registered = "conversations.notices.Notices"


def register(notices: str) -> None:
    """Call those of this class from now on. It is imported with the first change: a command that
    changes nothing need not load the server."""
    global _registered
    _registered = notices


def notify() -> Notices:
    """The registered notices."""
    return _made(_registered)


@cache
def _made(notices: str) -> Notices:
    made: Notices = import_string(notices)()
    return made
