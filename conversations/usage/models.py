"""Usage records: the cost of each reply."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from conversations.ids import new_id
from conversations.people.models import ApiKey
from conversations.threads.models import Message, Status


class UsageRecord(models.Model):
    """The cost of one reply. It is written when the reply ends, and kept when the conversation or
    the key is deleted.

    `prompt_tokens` include the `cached_tokens`, which the provider did not read again. `source`
    is `provider`, or `estimated` where the provider did not count. `message` is empty for replies
    that are not stored (`/v1`).
    """

    class Door(models.TextChoices):
        SOCKET = "socket"
        REST = "rest"
        V1 = "v1"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="usage"
    )
    key = models.ForeignKey(
        ApiKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="usage"
    )
    message = models.OneToOneField(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="usage"
    )
    door = models.CharField(max_length=6, choices=Door.choices, blank=True, default="")
    provider = models.CharField(max_length=20, blank=True, default="")
    model = models.CharField(max_length=255, blank=True, default="")
    status = models.CharField(max_length=11, choices=Status.choices)
    prompt_tokens = models.PositiveIntegerField()
    completion_tokens = models.PositiveIntegerField()
    cached_tokens = models.PositiveIntegerField(default=0, db_default=0)
    total_tokens = models.PositiveIntegerField()
    source = models.CharField(max_length=9)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "created_at"], name="usage_of_user"),
            models.Index(fields=["key", "created_at"], name="usage_of_key"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=["provider", "estimated"]), name="usage_source_is_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
