"""The admin's conversations. Their text is not shown: it belongs to their users."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from conversations.read_only_admin import ReadOnlyAdmin
from conversations.threads import ratings
from conversations.threads.models import Conversation, Rating


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


@admin.register(Rating)
class RatingAdmin(ReadOnlyAdmin):
    """A read-only list of ratings, with the counts by model of the rows that match the filters."""

    list_display = ("created_at", "user", "provider", "model", "value", "comment")
    list_select_related = ("user",)
    list_filter = ("value", "provider", "model")
    date_hierarchy = "created_at"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            context["models"] = ratings.by_model(context["cl"].queryset)
        return response
