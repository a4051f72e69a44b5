"""The admin's usage records."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from conversations.read_only_admin import ReadOnlyAdmin
from conversations.usage import selectors
from conversations.usage.models import UsageRecord


@admin.register(UsageRecord)
class UsageRecordAdmin(ReadOnlyAdmin):
    """A read-only list of usage records, with totals of the rows that match the filters."""

    list_display = (
        "created_at",
        "user",
        "key",
        "door",
        "provider",
        "model",
        "status",
        "prompt_tokens",
        "cached_tokens",
        "completion_tokens",
        "total_tokens",
        "source",
    )
    list_select_related = ("user", "key")
    list_filter = ("door", "status", "source", "provider", "model", "user")
    date_hierarchy = "created_at"
    search_fields = ("user__username", "key__name", "model")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            records = context["cl"].queryset
            context["users"] = selectors.by_user(records)
            context["totals"] = selectors.totals(records)
        return response
