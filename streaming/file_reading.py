"""Has files read that were stored, a few at a time."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from channels.db import database_sync_to_async
from django.conf import settings

from conversations.files import reading, services, storage
from conversations.files.models import FileContent
from streaming.db_threads import db_threads

# How many files a process reads at a time: each takes a processor, and memory up to its limit.
AT_ONCE = 2

_places = asyncio.Semaphore(AT_ONCE)


async def read(content: FileContent) -> None:
    """Have a content read, and store what was found."""
    async with _places, db_threads.borrow():
        try:
            with TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as name:
                folder = Path(name)
                await asyncio.to_thread(storage.copy_upload, content, folder / reading.UPLOAD)
                told = await reading.run(folder, content.media_type)
                await database_sync_to_async(services.take_reading)(
                    content=content, folder=folder, told=told
                )
        except OSError:  # there is no room, or the store is away
            await database_sync_to_async(services.fail)(content=content, error=reading.FAILED)
