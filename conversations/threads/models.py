"""Conversations, their messages as a tree, and the messages that wait.

Rules that a database can hold are constraints here; all others live in `services.py`.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from conversations.ids import new_id


class Conversation(models.Model):
    """A thread that one user owns. `head` is the leaf of the branch being shown;
    `settings` holds the parameters of the last request and the system prompt; `updated_at` is
    when something was last said in it or it was renamed. One with `deleted_at` is gone for
    everybody, and can be brought back for a while."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(max_length=255, blank=True, default="")
    head = models.ForeignKey(
        "Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    settings = models.JSONField(default=dict, blank=True)
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-updated_at", "-id"]
        indexes = [models.Index(fields=["user", "-updated_at", "-id"], name="conversation_newest")]

    def __str__(self) -> str:
        return str(self.id)


class Status(models.TextChoices):
    """Where a message is in its life. The last four never change again."""

    STREAMING = "streaming"
    STOPPING = "stopping"
    COMPLETED = "completed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


OPEN = (Status.STREAMING, Status.STOPPING)


class Message(models.Model):
    """One message of the tree. Append-only: an edit or a new reply is a sibling.

    `author` is who sent the message or asked for the reply. `seq` counts the log entries that
    `content` and `reasoning` hold. `writer` is the process that makes the reply, or made it.
    `parameters` are those the reply was made with, `timings` are seconds; `key` and `door` tell
    how it was asked for.
    """

    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"
        SYSTEM = "system"
        TOOL = "tool"

    # Ids of all versions of this message, where a selector looked for them.
    sibling_ids: list[uuid.UUID] | None = None

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    client_id = models.UUIDField(null=True, blank=True)
    role = models.CharField(max_length=9, choices=Role.choices)
    content = models.TextField(blank=True, default="")
    reasoning = models.TextField(blank=True, default="")
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.COMPLETED)
    seq = models.PositiveIntegerField(default=0)
    writer = models.UUIDField(null=True, blank=True, editable=False)
    finish_reason = models.CharField(max_length=20, blank=True, default="")
    model = models.CharField(max_length=255, blank=True, default="")
    provider_used = models.CharField(max_length=20, blank=True, default="")
    fallback_used = models.BooleanField(default=False)
    parameters = models.JSONField(default=dict, blank=True)
    tokens = models.JSONField(null=True, blank=True)
    context = models.JSONField(null=True, blank=True)
    timings = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    key = models.ForeignKey(
        "ApiKey", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    door = models.CharField(max_length=6, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["conversation", "created_at", "id"], name="message_order")]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status__in=["streaming", "stopping"]),
                name="one_running_generation",
            ),
            models.UniqueConstraint(
                fields=["conversation", "client_id", "role"],
                condition=Q(client_id__isnull=False),
                name="one_message_per_client_id",
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="message_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["streaming", "stopping"], completed_at__isnull=True)
                | ~Q(status__in=["streaming", "stopping"]) & Q(completed_at__isnull=False),
                name="completed_at_with_the_end",
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="not_its_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class QueuedMessage(models.Model):
    """What somebody said while a reply was being written, waiting for its turn. `error` is why
    its turn could not begin; then it waits to be taken back."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="queue")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    client_id = models.UUIDField()
    content = models.TextField()
    parameters = models.JSONField(default=dict, blank=True)
    error = models.JSONField(null=True, blank=True)
    key = models.ForeignKey(
        "ApiKey", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    door = models.CharField(max_length=6, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "client_id"], name="queued_once_by_client_id"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
