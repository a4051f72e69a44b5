"""Where the bytes of files are: Django's default storage."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Final

from django.core.files.base import File as DjangoFile
from django.core.files.storage import default_storage

from conversations.files.models import FileContent

PIECE: Final = 64 * 1024


def save(name: str, file: IO[bytes]) -> None:
    """Store a file under exactly this name."""
    file.seek(0)
    default_storage.save(name, DjangoFile(file))


def size(name: str) -> int:
    """Return how many bytes are stored under a name. Raises `OSError`."""
    return int(default_storage.size(name))


async def pieces(name: str) -> AsyncIterator[bytes]:
    """Yield what is stored under a name, little at a time. Raises `OSError`."""
    file = await asyncio.to_thread(default_storage.open, name)
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


def read(name: str) -> bytes:
    """Return all bytes under a name. Raises `OSError`."""
    with default_storage.open(name) as file:
        return bytes(file.read())


def remove(content: FileContent) -> None:
    """Remove all bytes of a content."""
    for name in (content.path, content.image_path, content.thumb_path):
        default_storage.delete(name)


def remove_upload(content: FileContent) -> None:
    """Remove the upload, of which what we encoded is there."""
    default_storage.delete(content.path)


def copy_upload(content: FileContent, target: Path) -> None:
    """Copy the upload to a file on this machine. Raises `OSError`."""
    with default_storage.open(content.path) as stored, target.open("wb") as copy:
        copyfileobj(stored, copy)
