"""Every write to files. Sync, keyword-only."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from conversations.errors import StorageFull, Unavailable
from conversations.files import kinds, selectors, storage
from conversations.files.errors import FileInUse, FileTooLarge
from conversations.files.models import Attachment, File, FileContent, unsent_until
from conversations.people.models import User

FileStatus = FileContent.Status

# A file whose reading has not ended by then was lost with the process that read it.
LOST = timedelta(minutes=10)
LOST_ERROR = {"code": "interrupted", "message": "The server stopped while reading this file."}
# How many files are removed at a time: an upload does not wait for more.
PURGED_AT_ONCE = 100
_MOST_NAME = 255
# The columns that a reader tells.
_READ = ("media_type", "width", "height", "tokens")


def add(
    *, owner: User, upload: BinaryIO, size: int, name: str, temporary_chat: UUID | None = None
) -> tuple[File, bool]:
    """Store an upload, and tell whether it has to be read: the same bytes are read once.

    Raises:
        FileTooLarge, UnsupportedFile: it is not taken.
        StorageFull: the owner's room is used up.
        Unavailable: the storage cannot be used.
    """
    if size > settings.CHAT_MAX_FILE:
        raise FileTooLarge(f"A file may have at most {settings.CHAT_MAX_FILE // 1_000_000} MB.")
    upload.seek(0)
    media_type = kinds.media_type(upload.read(kinds.HEAD), name)
    kind = FileContent.Kind.IMAGE if media_type.startswith("image/") else FileContent.Kind.DOCUMENT
    upload.seek(0)
    sha256 = hashlib.file_digest(upload, "sha256").hexdigest()  # type: ignore[arg-type]
    with transaction.atomic():
        # Locks the owner's row: two uploads could both take the last room.
        locked = User.objects.select_for_update(no_key=True).get(id=owner.id)
        content, _ = FileContent.objects.select_for_update(no_key=True).get_or_create(
            owner=owner,
            sha256=sha256,
            defaults={
                "kind": kind,
                "media_type": media_type,
                "size": 0,
                "status": FileStatus.FAILED,
            },
        )
        begin = content.status == FileStatus.FAILED
        if begin:
            if not selectors.has_room(user=locked, size=size):
                raise StorageFull
            try:
                storage.save(content.path, upload)
            except OSError:
                raise Unavailable("Files cannot be stored at the moment.") from None
            content.media_type, content.size, content.error = media_type, size, None
            content.status, content.created_at = FileStatus.PROCESSING, timezone.now()
            content.save()
        file = File.objects.create(
            owner=owner, content=content, name=_name(name), temporary_chat=temporary_chat
        )
    purge()
    return file, begin


def _name(given: str) -> str:
    """The last part of a path, without control characters, cut in its middle when it is long."""
    name = given.replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if letter.isprintable()).strip() or "file"
    name = name.encode("utf-8", "replace").decode()
    return name if len(name) <= _MOST_NAME else f"{name[:200]}…{name[-50:]}"


def take_reading(*, content: FileContent, folder: Path, told: Mapping[str, Any]) -> None:
    """Store what was read from a file: the columns that the reader told, and what it wrote. Of a
    file that cannot be read nothing is kept but why."""
    if error := told.get("error"):
        fail(content=content, error=error)
        return
    columns = {name: told[name] for name in _READ if name in told}
    if content.kind == FileContent.Kind.IMAGE:
        for name, path in (("image", content.image_path), ("thumb", content.thumb_path)):
            with (folder / name).open("rb") as file:
                storage.save(path, file)
        columns["size"] = (folder / "image").stat().st_size
    else:
        columns["text"] = (folder / "text").read_text()
    with transaction.atomic():
        if not FileContent.objects.filter(id=content.id).update(status=FileStatus.READY, **columns):
            storage.remove(content)  # deleted meanwhile
        elif content.kind == FileContent.Kind.IMAGE:
            storage.remove_upload(content)  # it has the metadata


def fail(*, content: FileContent, error: Mapping[str, Any]) -> None:
    """Store why a file cannot be read, and give its room back."""
    FileContent.objects.filter(id=content.id, status=FileStatus.PROCESSING).update(
        status=FileStatus.FAILED, error=dict(error), size=0
    )
    with suppress(OSError):  # the storage is away
        storage.remove(content)


def fail_lost() -> None:
    """Fail the files whose reading was cut by the end of a process."""
    since = timezone.now() - LOST
    for content in FileContent.objects.filter(status=FileStatus.PROCESSING, created_at__lt=since):
        fail(content=content, error=LOST_ERROR)


def describe(*, file: File, alt: str) -> None:
    """Store what there is to see on a picture."""
    file.alt = alt
    file.save(update_fields=["alt"])


def delete(*, file: File) -> None:
    """Delete a file. Raises `FileInUse` while a message has it."""
    with transaction.atomic():
        content = FileContent.objects.select_for_update(no_key=True).get(id=file.content_id)
        if selectors.in_use(row=file):
            raise FileInUse
        File.objects.filter(id=file.id).delete()
        if not content.files.exists():
            storage.remove(content)
            content.delete()


# --- Attachments ------------------------------------------------------------------------------


def attach(*, files: Sequence[File], message_id: UUID) -> None:
    """Let a message have these files, in this order. From now on they stay as long as it does."""
    if not files:
        return
    _attach(files, message_id=message_id)
    File.objects.filter(id__in=[file.id for file in files]).update(kept_until=timezone.now())


def attach_queued(*, files: Sequence[File], queued_id: UUID) -> None:
    """Let a queued message have these files."""
    if files:
        _attach(files, queued_id=queued_id)


def copy_attachments(*, copies: Mapping[UUID, UUID]) -> None:
    """Let copies of messages have their files, too; `copies` has the new ids by the old ones."""
    attached = selectors.attached(column="message_id", ids=[*copies])
    Attachment.objects.bulk_create(
        Attachment(file=file, position=position, message_id=copies[key])
        for key, files in attached.items()
        for position, file in enumerate(files)
    )


def keep_unsent(*, ids: Sequence[UUID]) -> None:
    """Keep files for a day that a queued message had, which was taken back."""
    File.objects.filter(id__in=ids).update(kept_until=unsent_until())


def end_with(*, chats: Sequence[UUID]) -> None:
    """Keep the files no longer that were uploaded for these temporary conversations."""
    File.objects.filter(temporary_chat__in=chats).update(kept_until=timezone.now())


def _attach(files: Sequence[File], **to: UUID) -> None:
    # Locks the files: one that is being deleted is no longer there, or stays.
    ids = [file.id for file in files]
    there = (
        File.objects.select_for_update(no_key=True).filter(id__in=ids).values_list("id", flat=True)
    )
    if set(ids) - set(there):
        raise selectors.missing()
    Attachment.objects.bulk_create(
        Attachment(file=file, position=position, **to) for position, file in enumerate(files)
    )


# --- Removing what nobody needs ---------------------------------------------------------------


def purge() -> int:
    """Delete the files that no message has and whose time is over. Returns how many."""
    due = selectors.unused().filter(kept_until__lt=timezone.now()).order_by("kept_until")
    rows = list(due[:PURGED_AT_ONCE])
    for row in rows:
        with suppress(FileInUse, OSError):  # since a moment; the storage is away
            delete(file=row)
    return len(rows)


def purge_attachments() -> None:
    """Delete the attachments of messages that are gone: the release before deletes messages
    without them."""
    for column in ("message", "queued"):
        model: Any = Attachment._meta.get_field(column).related_model
        there = model.objects.filter(pk=OuterRef(column)).order_by()
        Attachment.objects.filter(~Exists(there), **{f"{column}__isnull": False}).delete()
