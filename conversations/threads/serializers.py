"""The JSON shapes of conversations and messages."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.fields import (
    IdField,
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
    TextField,
)
from conversations.files.serializers import FileSerializer
from conversations.threads import selectors, shapes
from conversations.threads.models import Conversation, Message, Rating
from conversations.threads.parameters import RememberedSerializer
from conversations.threads.snippets import Match
from conversations.tools import selectors as tool_calls
from conversations.tools.selectors import add_calls

# Characters of a system prompt: fewer than the smallest context window holds.
MOST_SYSTEM_PROMPT = 8000
# Names of tools, and characters of each.
MOST_TOOLS = 64
MOST_TOOL_NAME = 300
# Characters of the comment of a rating.
MOST_COMMENT = 2000
# The fields of a message for a key without the scope `read`.
BARE_MESSAGE = ("id", "parent_id", "client_id", "role", "status", "finish_reason")


class ContentField(TextField):
    """The text of a user message, of a bounded length. It may be blank where there are files."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=settings.CHAT_MAX_CONTENT, allow_blank=True, **kwargs)


class _MessageList(serializers.ListSerializer[Any]):
    """Reads the files of all messages at once."""

    def to_representation(self, data: Any) -> Any:
        rows = list(data)
        selectors.add_files(rows)
        add_calls(rows)
        return super().to_representation(rows)


class RatingInput(StrictSerializer):
    """The caller's rating of a reply."""

    value = StrictIntegerField(min_value=-1, max_value=1, help_text="1: good, -1: bad, 0: none.")
    comment = TextField(max_length=MOST_COMMENT, allow_blank=True, required=False)


class RatingSerializer(serializers.ModelSerializer[Rating]):
    value = serializers.IntegerField(read_only=True)

    class Meta:
        model = Rating
        fields = ("value", "comment")
        read_only_fields = fields


class MessageSerializer(serializers.ModelSerializer[Message]):
    rating = RatingSerializer(
        read_only=True, allow_null=True, help_text="What the caller thinks of it."
    )
    attachments = FileSerializer(source="files", many=True, read_only=True)
    tool_calls = serializers.SerializerMethodField()
    next = serializers.SerializerMethodField()
    parent_id = serializers.UUIDField(read_only=True, allow_null=True)
    finish_reason = serializers.CharField(read_only=True, allow_null=True)
    model = serializers.CharField(read_only=True, allow_null=True)
    provider_used = serializers.CharField(read_only=True, allow_null=True)
    tokens = shapes.TokensField()
    context = shapes.ContextField()  # type: ignore[assignment]
    timings = shapes.TimingsField()
    left_out = shapes.NamesField()
    error = shapes.FailureField()
    sibling_ids = serializers.ListField(
        child=serializers.UUIDField(),
        read_only=True,
        allow_null=True,
        help_text="All versions of this message, oldest first; null outside lists.",
    )
    sibling_models = serializers.ListField(
        child=serializers.CharField(allow_null=True),
        read_only=True,
        allow_null=True,
        help_text="Who wrote each of these; null where there is only one, and outside lists.",
    )

    class Meta:
        model = Message
        fields = (
            "id",
            "parent_id",
            "sibling_ids",
            "sibling_models",
            "client_id",
            "role",
            "content",
            "attachments",
            "reasoning",
            "tool_calls",
            "next",
            "status",
            "seq",
            "finish_reason",
            "model",
            "provider_used",
            "fallback_used",
            "tokens",
            "context",
            "timings",
            "left_out",
            "error",
            "rating",
            "created_at",
            "completed_at",
        )
        read_only_fields = fields
        list_serializer_class = _MessageList

    def to_representation(self, instance: Message) -> dict[str, Any]:
        if instance.files is None:
            selectors.add_files([instance])
        if instance.tool_calls is None:
            add_calls([instance])
        data = super().to_representation(instance)
        for name in ("finish_reason", "model", "provider_used"):
            data[name] = data[name] or None
        return data

    @extend_schema_field(shapes.ToolCallSerializer(many=True))
    def get_tool_calls(self, row: Message) -> list[dict[str, Any]]:
        return [tool_calls.as_wire(call) for call in row.tool_calls or ()]

    @extend_schema_field(shapes.NextField())
    def get_next(self, row: Message) -> str | None:
        return tool_calls.next_of(row.tool_calls or ())


class MessagesSerializer(serializers.Serializer[Any]):
    """A page of messages, in reading order."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = MessageSerializer(many=True)


class SettingsSerializer(RememberedSerializer):
    """The parameters and the system prompt that a conversation keeps."""

    system_prompt = TextField(max_length=MOST_SYSTEM_PROMPT, allow_blank=True, required=False)
    tools = serializers.ListField(
        child=TextField(max_length=MOST_TOOL_NAME),
        max_length=MOST_TOOLS,
        required=False,
        help_text="Tool servers, or single tools as `server/tool`, that replies may call.",
    )


@extend_schema_field(SettingsSerializer)
class SettingsField(serializers.JSONField):
    """The settings as stored."""


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    head_id = serializers.UUIDField(read_only=True, allow_null=True)
    settings = SettingsField(read_only=True)
    message_count = serializers.IntegerField(read_only=True)
    running = serializers.BooleanField(read_only=True, help_text="A reply is in progress.")

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
            "temporary",
            "revision",
            "created_at",
            "updated_at",
            "message_count",
        )
        read_only_fields = fields


class FoundConversationSerializer(ConversationSerializer):
    """A conversation in a list. `snippet` is the text around the first match in a message, null
    if only the title matches or without a search; `match` has it with the places that match."""

    snippet = serializers.SerializerMethodField()
    match = serializers.SerializerMethodField()

    class Meta(ConversationSerializer.Meta):
        fields = (*ConversationSerializer.Meta.fields, "snippet", "match")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    def get_snippet(self, row: Conversation) -> str | None:
        match = self.get_match(row)
        if match is None or match["snippet"] is None:
            return None
        return "".join(part["text"] for part in match["snippet"])

    @extend_schema_field(shapes.MatchSerializer(allow_null=True))
    def get_match(self, row: Conversation) -> Match | None:
        match: Match | None = self.context.get("matches", {}).get(row.pk)
        return match


class ConversationInput(StrictSerializer):
    """The fields that can be given at the beginning and changed later."""

    title = TextField(max_length=255, allow_blank=True, required=False)
    settings = SettingsSerializer(required=False)


class NewConversation(ConversationInput):
    """The fields of a new conversation, or of an empty one."""

    reuse = StrictBooleanField(
        required=False,
        help_text="Answer with an empty conversation of yours, if there is one (200); no title.",
    )
    temporary = StrictBooleanField(
        required=False,
        help_text="In no list and no search, and deleted an hour after its last use; never reused.",
    )


class ForkInput(StrictSerializer):
    """Where the copied branch ends."""

    leaf = IdField(
        required=False, allow_null=True, help_text="Its last message; default: the shown one."
    )


class ConversationChanges(ConversationInput):
    """The fields of a conversation that can change."""

    head_id = IdField(required=False, allow_null=True)
    pinned = StrictBooleanField(required=False)
    archived = StrictBooleanField(required=False)
