"""Pictures in the results of tools become files of the conversation's owner."""

from collections.abc import Sequence
from io import BytesIO

from channels.db import database_sync_to_async

from conversations.errors import Problem
from conversations.files import selectors, services
from conversations.files.models import File, FileContent
from conversations.threads.models import Conversation
from conversations.tools.models import ToolCall
from streaming import file_reading
from streaming.tools.results import Picture


async def keep(
    pictures: Sequence[Picture], call: ToolCall, conversation: Conversation
) -> list[str]:
    """Store the pictures with the reply that asked for them. Returns the ids of the files; what is
    no picture, or has no room, is left out."""
    kept: list[File] = []
    for picture in pictures:
        try:
            file, begin = await database_sync_to_async(services.add)(
                owner=conversation.user,
                upload=BytesIO(picture.data),
                size=len(picture.data),
                name=picture.name,
            )
        except Problem:
            continue
        if begin:
            await file_reading.read(file.content)
        row = await database_sync_to_async(selectors.file)(user=conversation.user, file_id=file.id)
        if row.content.status == FileContent.Status.READY:
            kept.append(row)
    await database_sync_to_async(services.attach)(files=kept, message_id=call.message_id)
    return [str(file.id) for file in kept]


def described(text: str, *, shown: int, lost: int) -> str:
    """The text of a result with a word of its pictures, which the model does not get: how many are
    `shown` in the page, and how many are `lost`, since they are no pictures or have no room."""
    marks = [(shown, "shown to the user"), (lost, "left out: no readable image, or no room for it")]
    for count, fate in marks:
        if count:
            pictures = "A picture was" if count == 1 else f"{count} pictures were"
            text = f"{text}\n\n[{pictures} {fate}.]".strip()
    return text
