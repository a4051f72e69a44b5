"""Cleans the record up now and then, beside all requests. Sync."""

from conversations.files import services as files
from conversations.threads import deleting, search, services, temporary


def upkeep() -> None:
    """Remove what was deleted too long ago to be restored, what was not meant to stay, and files
    that nobody needs; and index what is new for searches."""
    temporary.delete_unused()
    services.purge_deleted()
    deleting.erase_deleted()
    files.fail_lost()
    files.purge_attachments()
    files.purge()
    search.index_recent()
