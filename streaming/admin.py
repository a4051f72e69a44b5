"""The admin's keys and accounts, with what their changes mean for sockets and running replies:
what is revoked there ends at once."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from conversations.people.admin import AccountAdmin, ApiKeyAdmin
from conversations.people.models import ApiKey, User
from streaming import hints


def look_again(user_id: UUID) -> None:
    """Have the user's sockets and work look at their credentials, when the change is there."""
    transaction.on_commit(partial(hints.credentials_changed_sync, user_id))


class WatchedKeyAdmin(ApiKeyAdmin):
    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        look_again(obj.user_id)

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        super().delete_model(request, obj)
        look_again(obj.user_id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        users = set(queryset.order_by().values_list("user_id", flat=True))
        super().delete_queryset(request, queryset)
        for user_id in users:
            look_again(user_id)


class WatchedAccountAdmin(AccountAdmin):
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        look_again(obj.pk)


for model, kind in ((ApiKey, WatchedKeyAdmin), (User, WatchedAccountAdmin)):
    admin.site.unregister(model)
    admin.site.register(model, kind)
