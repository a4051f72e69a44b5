"""Revoking API keys."""

from functools import partial

from django.db import transaction

from conversations.errors import NotAuthenticated
from conversations.notices import notify
from conversations.people.models import ApiKey
from conversations.threads import message_queue

# Why a message that a revoked key queued is not sent.
REVOKED = {
    "code": NotAuthenticated.code,
    "message": "The API key that queued this message was revoked.",
    "retryable": False,
}


def revoke(key: ApiKey) -> None:
    """Delete a key. What runs with it ends, and what it queued stays with the reason why it is not
    sent."""
    user_id = key.user_id
    with transaction.atomic():
        message_queue.refuse_all_of(key=key, error=REVOKED)
        key.delete()
        transaction.on_commit(partial(notify().credentials_changed, user_id))
