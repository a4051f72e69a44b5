from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from conversations import addresses  # noqa: F401 - registers the URL converter

        post_migrate.connect(_keep_search_index, sender=self)


def _keep_search_index(using: str, **kwargs: Any) -> None:
    """Restore the triggers: SQLite drops them when a migration rebuilds a table."""
    from conversations.threads import search

    search.restore_triggers(connections[using])
