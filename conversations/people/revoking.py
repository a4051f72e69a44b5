"""Revoking API keys."""

from functools import partial

from django.db import transaction

from conversations.notices import notify
from conversations.people.models import ApiKey


def revoke(key: ApiKey) -> None:
    """Delete a key. What runs with it ends, and what it queued stays with the reason why it is not
    sent."""
    user_id = key.user_id
    with transaction.atomic():
        key.delete()
        transaction.on_commit(partial(notify().credentials_changed, user_id))
