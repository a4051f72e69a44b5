"""Deletes temporary conversations when their time is over. Sync."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from conversations.threads import services
from conversations.threads.models import OPEN, Conversation, Message

# How long after its last use a temporary conversation is deleted.
KEPT = timedelta(hours=1)


def delete_unused() -> int:
    """Delete the temporary conversations that were not used for a while and in which no reply is
    in progress. Returns how many."""
    running = Message.objects.filter(conversation=OuterRef("pk"), status__in=OPEN).order_by()
    with transaction.atomic():
        # Locked, so that no reply begins in one meanwhile.
        due = Conversation.objects.select_for_update().filter(
            ~Exists(running), temporary=True, used_at__lt=timezone.now() - KEPT
        )
        return services.remove(Conversation.objects.filter(pk__in=[row.pk for row in due]))
