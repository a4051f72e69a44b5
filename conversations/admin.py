"""The admin pages of all wings, for Django: it looks for them here."""

from conversations.files import admin as files
from conversations.people import admin as people
from conversations.threads import admin as threads
from conversations.usage import admin as usage

__all__ = ["files", "people", "threads", "usage"]
