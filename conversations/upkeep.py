"""What is done to the record now and then, beside all requests. Sync."""

from conversations.threads import deleting, services


def upkeep() -> None:
    """Remove what was deleted too long ago to be restored."""
    services.purge_deleted()
    deleting.erase_deleted()
