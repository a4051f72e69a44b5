from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        # How ids stand in addresses; what the description of the API says of signing in.
        from conversations import addresses, schema  # noqa: F401

        post_migrate.connect(_keep_search_index, sender=self)


def _keep_search_index(using: str, **told: Any) -> None:
    """After any migration: SQLite alters a table by making it anew, and forgets its triggers."""
    from conversations.threads import search

    search.restore_triggers(connections[using])
