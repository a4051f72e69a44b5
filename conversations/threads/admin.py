"""The admin's conversations. Their text is not shown: it belongs to their users."""

from django.contrib import admin

from conversations.threads.models import Conversation


@admin.register(Conversation)
class ConversationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "user", "created_at", "updated_at")
    list_select_related = ("user",)
    fields = ("user", "created_at", "updated_at")
    readonly_fields = fields

    def has_add_permission(self, request: object) -> bool:
        return False
