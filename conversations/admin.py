"""The staff's view of the record: accounts and keys with their limits, what replies cost, and
what is there of conversations.

Message content is not shown: it belongs to its users.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest, HttpResponse

from conversations import usage
from conversations.models import Allowance, ApiKey, Conversation, UsageRecord, User

LIMITS = tuple(field.name for field in Allowance._meta.get_fields())


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        (
            "Limits",
            {
                "fields": LIMITS,
                "description": "Empty: as the settings say, and no budget. 0: no limit.",
            },
        ),
    )


@admin.register(Conversation)
class ConversationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "user", "created_at", "updated_at")
    list_select_related = ("user",)
    fields = ("user", "created_at", "updated_at")
    readonly_fields = fields

    def has_add_permission(self, request: object) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("prefix", "name", "user", "scopes", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user",)
    fieldsets = (
        (None, {"fields": ("user", "name", "prefix", "created_at", "last_used_at")}),
        ("What it is good for", {"fields": ("expires_at", "scopes", "allowed_models")}),
        (
            "Limits",
            {
                "fields": LIMITS,
                "description": "Empty: those of its user. A limit of requests here takes the place "
                "of its user's and is counted by itself; a budget comes on top of its user's. "
                "0: no limit.",
            },
        ),
    )
    readonly_fields = ("user", "prefix", "created_at", "last_used_at")

    def has_add_permission(self, request: object) -> bool:
        return False


@admin.register(UsageRecord)
class UsageRecordAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What replies cost, with the totals of what is being shown. Nobody changes it."""

    list_display = (
        "created_at",
        "user",
        "key",
        "door",
        "provider",
        "model",
        "status",
        "prompt_tokens",
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
            found = context["cl"].queryset
            context["users"] = usage.by_user(found)
            context["totals"] = usage.totals(found)
        return response

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False
