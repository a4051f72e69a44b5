"""The admin's accounts and API keys, with their limits."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from conversations.people.models import Allowance, ApiKey, User

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
