"""Every read of files. Sync, keyword-only."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.db.models import BigIntegerField, Exists, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from conversations.errors import InvalidInput, NotFound
from conversations.files.errors import FilesNotReady
from conversations.files.models import Attachment, File, FileContent
from conversations.people.models import User

FileStatus = FileContent.Status


def files(*, user: User) -> QuerySet[File]:
    """Return the user's files, newest first, without their text."""
    return File.objects.filter(owner=user).select_related("content").defer("content__text")


def file(*, user: User, file_id: UUID) -> File:
    """Return the user's file, without its text. Raises `NotFound`."""
    row = files(user=user).filter(id=file_id).first()
    if row is None:
        raise NotFound("File not found.")
    return row


def used_bytes(*, user_id: UUID) -> int:
    """Return how much room a person's files take: the same bytes count once."""
    contents = FileContent.objects.filter(owner=user_id)
    return int(contents.aggregate(sum=Sum("size", default=0))["sum"])


def bytes_of_owner(column: str) -> Coalesce:
    """The same in a query: for the person in that column of a row."""
    contents = FileContent.objects.filter(owner=OuterRef(column)).order_by()
    sums = contents.values("owner").annotate(sum=Sum("size")).values("sum")
    whole: Any = BigIntegerField()
    return Coalesce(Subquery(sums, output_field=whole), Value(0), output_field=whole)


def quota_bytes() -> int | None:
    """Return how much room a person's files and texts may take, `None` for any."""
    return settings.CHAT_STORAGE_MB * 1024 * 1024 or None


def has_room(*, user: User, size: int) -> bool:
    """Tell whether the user may store a file of `size` bytes."""
    most = quota_bytes()
    return most is None or user.storage_bytes + used_bytes(user_id=user.id) + size <= most


def in_use(*, row: File) -> bool:
    """Tell whether a message has the file, or a queued one."""
    return row.attachments.exists()


def unused() -> QuerySet[File]:
    """Return the files that no message has."""
    attached = Attachment.objects.filter(file=OuterRef("pk"))
    return File.objects.filter(~Exists(attached.order_by()))


def missing() -> InvalidInput:
    """Return the error for a message with a file that is not there."""
    sentence = "File not found."
    return InvalidInput(f"attachments: {sentence}", fields={"attachments": [sentence]})


def sendable(*, user: User, ids: Sequence[UUID]) -> list[File]:
    """Return the files that a message names, in its order.

    Raises:
        InvalidInput: one is missing or another user's.
        FilesNotReady: one is still being read, or could not be read.
    """
    rows = files(user=user).in_bulk(ids) if ids else {}
    if not all(key in rows for key in ids):
        raise missing()
    for row in rows.values():
        if row.content.status == FileStatus.FAILED:
            raise FilesNotReady(f"{row.name} cannot be sent: it could not be read.")
        if row.content.status != FileStatus.READY:
            raise FilesNotReady(f"{row.name} is not ready yet. Try again in a moment.")
    return [rows[key] for key in ids]


# SQLite takes so many values in a query.
_CHUNK = 500


def attached(
    *, column: Literal["message_id", "queued_id"], ids: Sequence[UUID]
) -> dict[UUID, list[File]]:
    """Return the files of messages, or of queued ones, by the ids of those: each in order, without
    their text."""
    files: dict[UUID, list[File]] = {key: [] for key in ids}
    for start in range(0, len(ids), _CHUNK):
        rows = Attachment.objects.filter(**{f"{column}__in": ids[start : start + _CHUNK]})
        rows = rows.select_related("file__content").defer("file__content__text")
        for row in rows.order_by("position"):
            files[getattr(row, column)].append(row.file)
    return files


def texts(*, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the texts of contents by their ids."""
    return dict(FileContent.objects.filter(id__in=list(ids)).values_list("id", "text"))
