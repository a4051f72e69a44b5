"""The admin's conversations. Their text is not shown: it belongs to their users."""

from django.contrib import admin
from django.http import HttpRequest

from conversations.threads.models import Conversation


@admin.register(Conversation)
class ConversationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "user", "created_at", "updated_at")
    list_select_related = ("user",)
    fields = ("user", "created_at", "updated_at")
    readonly_fields = fields

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the list shows: a filter on titles or texts would tell them by asking."""
        return lookup.partition("__")[0] in ("user", "created_at", "updated_at") and (
            "password" not in lookup
        )

    def has_add_permission(self, request: object) -> bool:
        return False
