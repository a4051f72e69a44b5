"""The admin's files. Their names and contents are not shown: they belong to their owners."""

from django.contrib import admin

from conversations.files.models import FileContent


@admin.register(FileContent)
class FileContentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "owner", "kind", "size", "status", "created_at")
    list_select_related = ("owner",)
    list_filter = ("kind", "status")
    fields = ("owner", "kind", "media_type", "size", "status", "created_at")
    readonly_fields = fields

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False
