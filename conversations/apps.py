from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from conversations import addresses  # noqa: F401 - registers the URL converter

        post_migrate.connect(_index, sender=self)


def _index(using: str, **kwargs: Any) -> None:
    """Index what no search has indexed, so that the first one after an upgrade need not."""
    from conversations.threads import search

    search.index_all(using)
