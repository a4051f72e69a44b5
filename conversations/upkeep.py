"""What is done to the record now and then, beside all requests. Sync."""

from conversations.threads import deleting, search, services, temporary


def upkeep() -> None:
    """Remove what was deleted too long ago to be restored, and what was not meant to stay, and
    index what is new for searches."""
    temporary.delete_unused()
    services.purge_deleted()
    deleting.erase_deleted()
    search.index_recent()
