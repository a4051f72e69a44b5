"""The JSON shapes of the caller and its API keys."""

from datetime import datetime

from django.utils import timezone
from rest_framework import serializers

from conversations.fields import StrictSerializer, TextField
from conversations.people.models import ApiKey, User

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


class MeSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "username", "is_staff")
        read_only_fields = fields
