"""The shapes of JSON columns, for the OpenAPI description."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.tools.models import State


class TokensSerializer(serializers.Serializer[Any]):
    """Counts of tokens. `prompt` includes `cached`, which the provider did not read again."""

    prompt = serializers.IntegerField()
    cached = serializers.IntegerField(required=False)
    completion = serializers.IntegerField()
    total = serializers.IntegerField()


class ReplyTokensSerializer(TokensSerializer):
    """The tokens of a reply, counted by the provider or estimated."""

    source = serializers.ChoiceField(choices=["provider", "estimated"])  # type: ignore[assignment]


class ContextFileSerializer(serializers.Serializer[Any]):
    """A file of the conversation, and how the model was given it."""

    id = serializers.UUIDField()
    tokens = serializers.IntegerField(help_text="What it takes of the window, estimated.")
    used = serializers.ChoiceField(choices=["whole", "passages", "left_out"])
    passages = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="The pages, sheets or slides that the passages are of.",
    )


class ContextSerializer(serializers.Serializer[Any]):
    """The model's context window, and how much of it the prompt took."""

    window = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    dropped_messages = serializers.IntegerField()
    files = ContextFileSerializer(
        many=True, required=False, help_text="The files of the messages, newest message first."
    )
    full = serializers.BooleanField(
        required=False, help_text="The reply ended because prompt and reply fill the window."
    )


class QuestionSerializer(serializers.Serializer[Any]):
    """What a tool server asks a person for: a form, or to open an address."""

    id = serializers.CharField()
    message = serializers.CharField()
    schema = serializers.DictField(required=False, help_text="JSON Schema of a flat object.")
    url = serializers.CharField(required=False)


class ToolCallSerializer(serializers.Serializer[Any]):
    """A tool that a reply called. What comes of it is there once it has ended."""

    id = serializers.UUIDField()
    server = serializers.CharField()
    name = serializers.CharField()
    arguments = serializers.DictField()
    state = serializers.ChoiceField(choices=State.values)
    input = QuestionSerializer(
        many=True, required=False, help_text="Asked in the middle of the call by its server."
    )
    result = serializers.CharField(required=False)
    truncated = serializers.BooleanField(required=False)
    files = serializers.ListField(child=serializers.UUIDField(), required=False)
    took_s = serializers.FloatField(required=False, allow_null=True)
    reason = serializers.CharField(required=False, help_text="Of who denied it.")


class NextField(serializers.ChoiceField):
    """What the turn waits for after a reply that called tools."""

    def __init__(self) -> None:
        super().__init__(choices=["tools", "decision"], read_only=True, allow_null=True)


class TimingsSerializer(serializers.Serializer[Any]):
    """The times of a reply in seconds. Times that the provider did not report are missing."""

    total_s = serializers.FloatField()
    first_token_s = serializers.FloatField(required=False)
    thought_s = serializers.FloatField(
        required=False, help_text="From the first word of reasoning to the first of the answer."
    )
    load_s = serializers.FloatField(required=False)
    prompt_s = serializers.FloatField(required=False)
    generate_s = serializers.FloatField(required=False)


class PartSerializer(serializers.Serializer[Any]):
    """A part of a text, and whether it matches the search."""

    text = serializers.CharField()
    marked = serializers.BooleanField()


class MatchSerializer(serializers.Serializer[Any]):
    """Where a conversation matches a search. `message_id` is the newest message that does, on any
    branch, and `snippet` its text around the first match; both are null if only the title does."""

    message_id = serializers.UUIDField(allow_null=True)
    title = PartSerializer(many=True)
    snippet = PartSerializer(many=True, allow_null=True)


class FailureSerializer(serializers.Serializer[Any]):
    """Why a reply failed. `retryable`: the same request may succeed later."""

    code = serializers.CharField()
    message = serializers.CharField()
    retryable = serializers.BooleanField()
    detail = serializers.CharField(required=False, help_text="The provider's own sentence.")
    retry_after = serializers.IntegerField(required=False, help_text="Seconds, if known.")


class ErrorDetailSerializer(serializers.Serializer[Any]):
    """A code for programs and a message for people."""

    code = serializers.CharField()
    message = serializers.CharField()
    detail = serializers.CharField(required=False, help_text="The provider's own sentence.")


class Recorded(serializers.JSONField):
    """A JSON column, unchanged, or null."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, allow_null=True, **kwargs)


@extend_schema_field(ReplyTokensSerializer)
class TokensField(Recorded):
    pass


@extend_schema_field(ContextSerializer)
class ContextField(Recorded):
    pass


@extend_schema_field(TimingsSerializer)
class TimingsField(Recorded):
    pass


@extend_schema_field(FailureSerializer)
class FailureField(Recorded):
    pass


@extend_schema_field(serializers.ListField(child=serializers.CharField()))
class NamesField(Recorded):
    pass
