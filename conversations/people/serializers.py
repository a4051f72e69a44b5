"""The JSON shapes of the caller and its API keys."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.fields import StrictSerializer, TextField
from conversations.people import writes
from conversations.people.models import LANGUAGES, LIMITS, THEMES, ApiKey, User
from conversations.threads import storage

# Characters of a person's instructions: as many as of a system prompt.
MOST_INSTRUCTIONS = 8000
# The largest budget is the largest integer that a JavaScript number holds exactly.
MOST_MODELS = 100


MOST_TOKENS = 2**53


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiKey.Scope.choices), read_only=True
    )
    allowed_models = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="Empty: all models."
    )

    class Meta:
        model = ApiKey
        fields = (
            "id",
            "name",
            "prefix",
            "scopes",
            "allowed_models",
            "tokens_per_day",
            "tokens_per_month",
            "created_at",
            "expires_at",
            "last_used_at",
        )
        read_only_fields = fields


class NewApiKeySerializer(ApiKeySerializer):
    """A new key with its secret."""

    key = serializers.CharField(read_only=True)

    class Meta:
        model = ApiKey
        fields = (*ApiKeySerializer.Meta.fields, "key")
        read_only_fields = fields


class ApiKeyInput(StrictSerializer):
    name = TextField(max_length=100)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiKey.Scope.choices),
        required=False,
        min_length=1,
        help_text="Default: all scopes.",
    )
    allowed_models = serializers.ListField(
        child=TextField(max_length=255), required=False, max_length=MOST_MODELS
    )
    tokens_per_day = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_TOKENS
    )
    tokens_per_month = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_TOKENS
    )

    def validate_scopes(self, value: list[str]) -> list[str]:
        return [scope for scope in ApiKey.Scope.values if scope in value]

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("Must be in the future.")
        return value


class StorageSerializer(serializers.Serializer[Any]):
    """The storage that a person uses, and may use."""

    used_bytes = serializers.IntegerField()
    quota_bytes = serializers.IntegerField(allow_null=True, help_text="Null: no limit.")


class AllowanceSerializer(serializers.Serializer[Any]):
    """The limits of the caller; null: no limit."""

    requests_per_minute = serializers.IntegerField(allow_null=True)
    concurrent_requests = serializers.IntegerField(allow_null=True)
    tokens_per_day = serializers.IntegerField(allow_null=True)
    tokens_per_month = serializers.IntegerField(allow_null=True)
    writes_per_second = serializers.IntegerField(help_text="Changes by REST.")
    writes_at_once = serializers.IntegerField(help_text="Changes that may come at once.")


class BareMeSerializer(serializers.ModelSerializer[User]):
    """The account, for a key that may not read."""

    class Meta:
        model = User
        fields: tuple[str, ...] = ("id", "username", "is_staff")
        read_only_fields = fields


class MeSerializer(BareMeSerializer):
    """The account, its preferences, and what it may use."""

    may_administer = serializers.BooleanField(
        read_only=True, help_text="The admin pages have something for this account."
    )
    limits = serializers.SerializerMethodField()
    storage = serializers.SerializerMethodField()

    class Meta(BareMeSerializer.Meta):
        fields = (
            *BareMeSerializer.Meta.fields,
            "instructions",
            "language",
            "theme",
            "default_model",
            "may_administer",
            "limits",
            "storage",
        )
        read_only_fields = fields

    @extend_schema_field(AllowanceSerializer)
    def get_limits(self, user: User) -> dict[str, int | None]:
        usual = {
            "requests_per_minute": settings.CHAT_REQUESTS_PER_MINUTE,
            "concurrent_requests": settings.CHAT_CONCURRENT_REQUESTS,
        }
        own = {name: getattr(user, name) for name in LIMITS}
        limits = {
            name: (usual.get(name) if value is None else value) or None
            for name, value in own.items()
        }
        return limits | {"writes_per_second": writes.A_SECOND, "writes_at_once": writes.AT_ONCE}

    @extend_schema_field(StorageSerializer)
    def get_storage(self, user: User) -> dict[str, int | None]:
        return {"used_bytes": user.storage_bytes, "quota_bytes": storage.quota()}


class MeChanges(StrictSerializer):
    """The preferences of an account, each optional. Empty texts take them back."""

    instructions = TextField(max_length=MOST_INSTRUCTIONS, allow_blank=True, required=False)
    language = serializers.ChoiceField(choices=LANGUAGES, allow_blank=True, required=False)
    theme = serializers.ChoiceField(choices=THEMES, required=False)
    default_model = TextField(max_length=255, allow_blank=True, required=False)
