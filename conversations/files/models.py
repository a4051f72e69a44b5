"""Files: what was uploaded, its bytes, and which messages it is attached to."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from conversations.ids import new_id

# How long a file stays that no message has.
UNSENT = timedelta(days=1)


def unsent_until() -> datetime:
    """Return until when a file stays that is uploaded now, if it is not sent."""
    return timezone.now() + UNSENT


class FileContent(models.Model):
    """The bytes of a person's files, and what was read from them. Files with the same bytes share
    one row, found by the SHA-256 of the upload.

    The bytes are in the storage under `path`: the upload until it is read, then, for an image,
    what we encoded (`path.image`, `path.thumb`), for a document the upload. `size`, `media_type`,
    `width` and `height` are those of what is served, `text` has marks for pages and sheets.
    """

    class Kind(models.TextChoices):
        IMAGE = "image"
        DOCUMENT = "document"

    class Status(models.TextChoices):
        PROCESSING = "processing"
        READY = "ready"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    text = models.TextField(blank=True, default="")
    tokens = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROCESSING)
    error = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "sha256"], name="bytes_once_for_each_owner"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def path(self) -> str:
        """The name of the upload in the storage."""
        return f"{self.owner_id.hex}/{self.id.hex}"

    @property
    def image_path(self) -> str:
        return f"{self.path}.image"

    @property
    def thumb_path(self) -> str:
        return f"{self.path}.thumb"


class File(models.Model):
    """A file that a person has uploaded. A message points to it by an `Attachment`; without one it
    stays until `kept_until`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="files"
    )
    content = models.ForeignKey(FileContent, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    # What there is to see, for people who cannot.
    alt = models.CharField(max_length=1000, blank=True, default="", db_default="")
    created_at = models.DateTimeField(default=timezone.now)
    kept_until = models.DateTimeField(default=unsent_until, db_index=True)
    # The temporary conversation for which it was uploaded: unsent it goes with that.
    temporary_chat = models.UUIDField(null=True, db_index=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="file_newest")]

    def __str__(self) -> str:
        return str(self.id)


class Attachment(models.Model):
    """A file of a message, or of one that is queued. `position` counts the files of a message.

    The database does not hold `message` and `queued` to a row: the release before knows nothing of
    attachments, and could not delete a message that has some.
    """

    message = models.ForeignKey(
        "Message",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="attachments",
        db_constraint=False,
    )
    queued = models.ForeignKey(
        "QueuedMessage",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="attachments",
        db_constraint=False,
    )
    file = models.ForeignKey(File, on_delete=models.RESTRICT, related_name="attachments")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(message__isnull=False, queued__isnull=True)
                | Q(message__isnull=True, queued__isnull=False),
                name="attached_to_one_message",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
