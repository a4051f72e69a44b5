"""Browsers that are told when a reply is ready."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.ids import new_id


class PushSubscription(models.Model):
    """A browser, by the address at its push service, and the keys that let it alone read.

    `session` is the key of the row of the session that it belongs to: with that it ends.
    `server_key` is the public key that the browser was given, with whose twin we have to sign.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_subscriptions"
    )
    # SHA-256 of the address, which is too long for an index.
    digest = models.CharField(max_length=64, unique=True)
    endpoint = models.TextField()
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=40)
    server_key = models.CharField(max_length=100)
    session = models.CharField(max_length=64, db_index=True)
    language = models.CharField(max_length=16, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return str(self.id)
