"""The staff's view of the record: accounts and keys, and what is there of conversations.

Message content is not shown: it belongs to its users.
"""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from conversations.models import ApiKey, Conversation, User

admin.site.register(User, UserAdmin)


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
    list_display = ("prefix", "name", "user", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user",)
    fields = ("user", "name", "prefix", "created_at", "expires_at", "last_used_at")
    readonly_fields = ("user", "prefix", "created_at", "last_used_at")

    def has_add_permission(self, request: object) -> bool:
        return False
