"""The answers of the REST door, for the description of the API."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from conversations.files.serializers import FileSerializer
from conversations.schema import ERROR_REF
from conversations.threads import shapes
from conversations.threads.serializers import MessageSerializer


class TurnSerializer(serializers.Serializer[Any]):
    """A reply that has ended, and its question."""

    user_message = MessageSerializer()
    message = MessageSerializer()
    provider_used = serializers.CharField()
    fallback_used = serializers.BooleanField()
    tokens = shapes.TokensField()


class FailedTurnSerializer(serializers.Serializer[Any]):
    """Why the reply failed, and, when it had begun, the turn with the text so far."""

    error = shapes.ErrorDetailSerializer()
    user_message = MessageSerializer(required=False)
    message = MessageSerializer(required=False)
    provider_used = serializers.CharField(required=False, allow_null=True)
    fallback_used = serializers.BooleanField(required=False)
    tokens = shapes.TokensField(required=False)


class QueuedSerializer(serializers.Serializer[Any]):
    """A queued message; `error` is why it could not be sent."""

    client_id = serializers.UUIDField()
    content = serializers.CharField()
    created_at = serializers.DateTimeField()
    attachments = FileSerializer(many=True, required=False)
    error = shapes.FailureSerializer(required=False)


class QueueSerializer(serializers.Serializer[Any]):
    """The message queue of the conversation."""

    queue = QueuedSerializer(many=True)
    held = serializers.BooleanField(help_text="They wait until the queue is resumed.")


class ModelSerializer(serializers.Serializer[Any]):
    """A model; fields that its provider does not tell are null."""

    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    provider = serializers.CharField()
    stale = serializers.BooleanField(
        help_text="The provider does not answer; it listed this before."
    )
    context_length = serializers.IntegerField(
        allow_null=True, help_text="Tokens that prompt and reply may have together here."
    )
    capabilities = serializers.ListField(child=serializers.CharField())
    parameters = serializers.ListField(
        child=serializers.CharField(),
        help_text="What it has beside `temperature`, `max_tokens` and `top_p`.",
    )
    size_bytes = serializers.IntegerField(allow_null=True)
    parameter_size = serializers.CharField(allow_null=True)
    quantization_level = serializers.CharField(allow_null=True)
    remote = serializers.BooleanField(
        allow_null=True, help_text="Prompts leave this machine; null is not known."
    )


class BoundsSerializer(serializers.Serializer[Any]):
    """The bounds of a parameter, its usual value, and the step of a slider."""

    min = serializers.FloatField()
    max = serializers.FloatField()
    default = serializers.FloatField()
    step = serializers.FloatField()


class ModelsSerializer(serializers.Serializer[Any]):
    """The provider that answers a request without a model, the models of all (their ids are
    `<model>` at this provider and `<provider>/<model>` at the others), and the bounds of the
    parameters by name. `error` is why the provider does not list its models."""

    provider = serializers.CharField(allow_null=True)
    provider_labels = serializers.DictField(
        child=serializers.CharField(), help_text="What people call the providers, by their names."
    )
    default = serializers.CharField(allow_null=True)
    error = shapes.ErrorDetailSerializer(allow_null=True)
    notice = serializers.CharField(allow_null=True)
    notice_code = serializers.CharField(allow_null=True)
    results = ModelSerializer(many=True)
    parameters = serializers.DictField(child=BoundsSerializer())
    choices = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="The values of the parameters that are words, by name. `reasoning_effort` is for "
        "models with the capability `thinking`.",
    )
    reasoning_tokens = serializers.IntegerField(
        help_text="Added to `max_tokens` for a model that thinks."
    )


# --- The answers of `generate` that are not a reply -------------------------------------------

WAITS = OpenApiResponse(QueueSerializer, "With `queue`, when the message was queued.")
REFUSED_AS_BUSY = OpenApiResponse(
    ERROR_REF, "A reply is running, or the client_id was used with other content."
)
DECIDED = OpenApiResponse(
    ERROR_REF, "It was decided otherwise, or the person has to sign in to the tool server first."
)
REFUSED_BY_A_LIMIT = OpenApiResponse(ERROR_REF, "A limit is reached, or a budget is used up.")
RETRY = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, response=[429, 503], description="In seconds."
)
FAILED = {
    500: OpenApiResponse(FailedTurnSerializer, "Something went wrong on the server."),
    502: OpenApiResponse(FailedTurnSerializer, "The provider failed."),
    503: OpenApiResponse(FailedTurnSerializer, "The provider is busy, or the database is down."),
    504: OpenApiResponse(FailedTurnSerializer, "The provider took too long."),
}
