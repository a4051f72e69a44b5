"""The JSON shapes of REST: conversations, messages, keys, the caller."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations import shapes
from conversations.models import ApiKey, Conversation, Message, User
from conversations.parameters import (
    IdField,
    RememberedSerializer,
    StrictSerializer,
    TextField,
)

# Characters of a system prompt: a long page, and still less than the smallest window.
MOST_SYSTEM_PROMPT = 8000


# Names in a key's list of models, and the largest budget: what a double holds exactly.
MOST_MODELS = 100
MOST_TOKENS = 2**53


@extend_schema_field(
    {"type": "string", "minLength": 1, "maxLength": settings.CHAT_MAX_CONTENT, "pattern": r"\S"}
)
class ContentField(TextField):
    """What a person says: not empty, and not longer than the server takes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=settings.CHAT_MAX_CONTENT, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not text.strip():
            raise serializers.ValidationError("This may not be blank.")
        return text


class MessageSerializer(serializers.ModelSerializer[Message]):
    parent_id = serializers.UUIDField(read_only=True, allow_null=True)
    finish_reason = serializers.CharField(read_only=True, allow_null=True)
    model = serializers.CharField(read_only=True, allow_null=True)
    provider_used = serializers.CharField(read_only=True, allow_null=True)
    tokens = shapes.TokensField()
    context = shapes.ContextField()  # type: ignore[assignment]
    timings = shapes.TimingsField()
    error = shapes.FailureField()
    sibling_ids = serializers.ListField(
        child=serializers.UUIDField(),
        read_only=True,
        allow_null=True,
        help_text="All versions of this message, oldest first; null outside lists.",
    )

    class Meta:
        model = Message
        fields = (
            "id",
            "parent_id",
            "sibling_ids",
            "client_id",
            "role",
            "content",
            "reasoning",
            "status",
            "seq",
            "finish_reason",
            "model",
            "provider_used",
            "fallback_used",
            "tokens",
            "context",
            "timings",
            "error",
            "created_at",
            "completed_at",
        )
        read_only_fields = fields

    def to_representation(self, instance: Message) -> dict[str, Any]:
        data = super().to_representation(instance)
        for name in ("finish_reason", "model", "provider_used"):
            data[name] = data[name] or None
        return data


class MessagesSerializer(serializers.Serializer[Any]):
    """A page of messages, in reading order."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = MessageSerializer(many=True)


class SettingsSerializer(RememberedSerializer):
    """What a conversation keeps for its requests."""

    system_prompt = TextField(max_length=MOST_SYSTEM_PROMPT, allow_blank=True, required=False)


@extend_schema_field(SettingsSerializer)
class SettingsField(serializers.JSONField):
    """The same as it is kept."""


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    head_id = serializers.UUIDField(read_only=True, allow_null=True)
    settings = SettingsField(read_only=True)
    message_count = serializers.IntegerField(read_only=True)
    running = serializers.BooleanField(read_only=True, help_text="A reply is being written in it.")

    class Meta:
        model = Conversation
        fields = (
            "id",
            "title",
            "head_id",
            "settings",
            "pinned",
            "archived",
            "running",
            "created_at",
            "updated_at",
            "message_count",
        )
        read_only_fields = fields


class FoundConversationSerializer(ConversationSerializer):
    """A conversation in a list: `snippet` is a piece of text around what was searched for, null
    when only the title matches or nothing was searched for."""

    snippet = serializers.SerializerMethodField()

    class Meta(ConversationSerializer.Meta):
        fields = (*ConversationSerializer.Meta.fields, "snippet")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    def get_snippet(self, row: Conversation) -> str | None:
        found: str | None = self.context.get("snippets", {}).get(row.pk)
        return found


class ConversationInput(StrictSerializer):
    """What may be set on a conversation when it is made."""

    title = TextField(max_length=255, allow_blank=True, required=False)
    settings = SettingsSerializer(required=False)


class ConversationChanges(ConversationInput):
    """What may be changed afterwards."""

    head_id = IdField(required=False, allow_null=True)
    pinned = serializers.BooleanField(required=False)
    archived = serializers.BooleanField(required=False)


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiKey.Scope.choices), read_only=True
    )
    allowed_models = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="Empty: every model."
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
    """The answer to creating a key, the only one that holds its secret."""

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
        help_text="Without them: all.",
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
            raise serializers.ValidationError("This has to be in the future.")
        return value


class UsageTotalsSerializer(serializers.Serializer[Any]):
    """What some replies cost together. `estimated` of the `requests` were counted by us."""

    requests = serializers.IntegerField()
    estimated = serializers.IntegerField()
    tokens = shapes.TokensSerializer(source="*")


class UsageRowSerializer(UsageTotalsSerializer):
    """What the replies of one model on one day (in UTC) cost."""

    day = serializers.DateField()
    provider = serializers.CharField(allow_blank=True)
    model = serializers.CharField(allow_blank=True)


class UsageSerializer(serializers.Serializer[Any]):
    """Usage by day and model, the newest day first. There is one page."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = UsageRowSerializer(many=True)
    totals = UsageTotalsSerializer()


class MeSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "username", "is_staff")
        read_only_fields = fields
