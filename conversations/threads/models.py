"""Conversations, their messages as a tree, and the messages that wait.

Rules that a database can hold are constraints here; all others live in `services.py`.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from conversations.errors import NotAuthenticated
from conversations.files.models import File
from conversations.ids import new_id
from conversations.threads.fields import WordsField


class Awaits(models.TextChoices):
    """What a turn that has called tools waits for: the tools, or a person's decision first."""

    TOOLS = "tools"
    DECISION = "decision"


class Conversation(models.Model):
    """A thread that one user owns.

    `head` is the leaf of the branch being shown. `settings` holds the system prompt and the
    parameters of the last request. `updated_at` is the time of the last turn or rename. A
    conversation with `deleted_at` is hidden everywhere, and can be restored for a while. A
    `temporary` one is in no list, and is gone a while after `used_at`. `revision` rises when a
    message is deleted or restored: who has read the messages reads again.
    """

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
    temporary = models.BooleanField(default=False, db_default=False, editable=False)
    used_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The person stopped a reply while messages waited behind it.
    queue_held = models.BooleanField(default=False, db_default=False)
    revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # What its turn waits for after a reply that called tools, as `next` of `message_end`.
    awaits = models.CharField(
        max_length=8, blank=True, default="", db_default="", choices=Awaits.choices, editable=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-updated_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-updated_at", "-id"], name="conversation_newest"),
            models.Index(
                fields=["used_at"], condition=Q(temporary=True), name="temporary_conversations"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Status(models.TextChoices):
    """The state of a message. The last four are final."""

    STREAMING = "streaming"
    STOPPING = "stopping"
    COMPLETED = "completed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


OPEN = (Status.STREAMING, Status.STOPPING)


class ShownMessages(models.Manager["Message"]):
    """Messages that are not deleted."""

    def get_queryset(self) -> models.QuerySet["Message"]:
        return super().get_queryset().filter(deleted_at=None)


class Message(models.Model):
    """One message of the tree. An edit or a new reply adds a sibling.

    A message with `deleted_at` is hidden. The messages below it hang below its parent then;
    `first_parent` is where they hung before, and hang again when it is restored.

    `author` is the user who sent the message or asked for the reply. `seq` counts the log entries
    that `content` and `reasoning` hold. `writer` is the process that makes or made the reply.
    `parameters` are those of the reply, `left_out` those of them that its provider does not have;
    `timings` are in seconds. `key` and `door` are those of the request.
    """

    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"
        SYSTEM = "system"
        TOOL = "tool"

    # Ids of all versions of this message, once `selectors.add_siblings` has set them.
    sibling_ids: list[uuid.UUID] | None = None
    # Who wrote each of these, where there are several.
    sibling_models: list[str | None] | None = None
    # What its reader thinks of it, once `ratings.add` has set it.
    rating: "Rating | None" = None
    # Its files in order, once `selectors.add_files` has set them.
    files: list[File] | None = None
    # The calls of a reply that asked for tools, once `tools.selectors.add_calls` has set them.
    tool_calls: list[Any] | None = None

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
    left_out = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    key = models.ForeignKey(
        "ApiKey", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    door = models.CharField(max_length=6, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    first_parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = models.Manager["Message"]()
    shown = ShownMessages()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            models.Index(fields=["conversation", "created_at", "id"], name="message_order"),
            models.Index(
                fields=["deleted_at"],
                condition=Q(deleted_at__isnull=False),
                name="deleted_messages",
            ),
        ]
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


class Rating(models.Model):
    """The rating of a reply by a user. It names the model, so that it counts when the conversation
    is gone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ratings"
    )
    message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="ratings"
    )
    value = models.SmallIntegerField(choices=[(1, "Good"), (-1, "Bad")])
    comment = models.TextField(blank=True, default="")
    provider = models.CharField(max_length=20, blank=True, default="")
    model = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "message"], name="one_rating_of_a_message"),
        ]

    def __str__(self) -> str:
        return str(self.id)


def refuse_of_revoked_key(collector: Any, field: Any, rows: Any, using: str) -> None:
    """Keep what a deleted key queued, without the key and with the reason why it is not sent
    (an `on_delete`: it holds however the key is deleted)."""
    error = models.Value(REVOKED, output_field=models.JSONField())
    # In this order: the rows may be looked for by their key once more.
    collector.add_field_update(field.model._meta.get_field("error"), error, rows)
    collector.add_field_update(field, None, rows)


# Why a message that a revoked key queued is not sent.
REVOKED = {
    "code": NotAuthenticated.code,
    "message": "The API key that queued this message was revoked.",
    "retryable": False,
}


class QueuedMessage(models.Model):
    """A message that was sent during a reply and waits for its turn. `error` is why the turn
    could not begin; such a message waits to be removed."""

    # Its files in order, once `message_queue` has set them.
    files: list[File] | None = None

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
        "ApiKey", on_delete=refuse_of_revoked_key, null=True, blank=True, related_name="+"
    )
    door = models.CharField(max_length=6, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    # Below 0 where a person has put the message into its place: what comes later goes behind it.
    position = models.IntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["position", "created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "client_id"], name="queued_once_by_client_id"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class SearchEntry(models.Model):
    """An entry of the search: the words of a message that is complete, or, without a message, of a
    conversation's title. `as_of` is the `updated_at` of the conversation for which all entries
    are there. Made from the record by `search.py`, and no part of it.

    The database does not check the references: the version before purges rows without knowing of
    these.
    """

    id = models.BigAutoField(primary_key=True)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, null=True, db_constraint=False, related_name="+"
    )
    words = WordsField()
    as_of = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(message__isnull=True),
                name="one_entry_for_a_title",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
