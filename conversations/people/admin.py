"""Admin pages of accounts and API keys, with their limits."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from conversations.notices import notify
from conversations.people.models import LIMITS, ApiKey, User
from conversations.people.revoking import revoke


def credentials_changed(user_id: UUID) -> None:
    """Have the user's sockets and replies check their credentials once the change is stored."""
    transaction.on_commit(partial(notify().credentials_changed, user_id))


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        (
            "Limits",
            {
                "fields": LIMITS,
                "description": "Empty: the limits of the settings, and no budget. 0: no limit.",
            },
        ),
    )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        credentials_changed(obj.pk)


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("prefix", "name", "user", "scopes", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user",)
    fieldsets = (
        (None, {"fields": ("user", "name", "prefix", "created_at", "last_used_at")}),
        ("Permissions", {"fields": ("expires_at", "scopes", "allowed_models")}),
        (
            "Limits",
            {
                "fields": LIMITS,
                "description": "Empty: the limits of its user. A limit here replaces that of its "
                "user and is counted separately; a budget applies in addition. 0: no limit.",
            },
        ),
    )
    readonly_fields = ("user", "prefix", "created_at", "last_used_at")

    def has_add_permission(self, request: object) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        credentials_changed(obj.user_id)

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        revoke(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            revoke(key)
