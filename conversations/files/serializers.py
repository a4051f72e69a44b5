"""The JSON shapes of files."""

from typing import Any

from rest_framework import serializers

from conversations.fields import IdField, TextField
from conversations.files.models import File, FileContent

MOST_ATTACHMENTS = 10


class FileErrorSerializer(serializers.Serializer[Any]):
    """Why a file could not be read."""

    code = serializers.CharField()
    message = serializers.CharField()


class FileSerializer(serializers.ModelSerializer[File]):
    """A file. `size`, `media_type`, `width` and `height` are those of its content, which for an
    image is what the server has encoded."""

    kind = serializers.ChoiceField(FileContent.Kind.choices, source="content.kind", read_only=True)
    media_type = serializers.CharField(source="content.media_type", read_only=True)
    size = serializers.IntegerField(source="content.size", read_only=True)
    width = serializers.IntegerField(source="content.width", read_only=True, allow_null=True)
    height = serializers.IntegerField(source="content.height", read_only=True, allow_null=True)
    tokens = serializers.IntegerField(
        source="content.tokens",
        read_only=True,
        allow_null=True,
        help_text="An estimate: models count in different ways.",
    )
    status = serializers.ChoiceField(
        FileContent.Status.choices, source="content.status", read_only=True
    )
    error = FileErrorSerializer(source="content.error", read_only=True, allow_null=True)

    class Meta:
        model = File
        fields = (
            "id",
            "name",
            "alt",
            "kind",
            "media_type",
            "size",
            "width",
            "height",
            "tokens",
            "status",
            "error",
            "created_at",
        )
        read_only_fields = fields


class FileChanges(serializers.Serializer[Any]):
    """The fields of a file that can be changed."""

    alt = TextField(
        max_length=1000,
        allow_blank=True,
        help_text="What there is to see, for people who cannot. No model is told.",
    )


class UploadSerializer(serializers.Serializer[Any]):
    """The body of an upload: `multipart/form-data`."""

    file = serializers.FileField(allow_empty_file=False)
    temporary_chat = IdField(
        required=False,
        help_text="A temporary conversation: the file goes with it if it was not sent.",
    )


class AttachmentsField(serializers.ListField):
    """The ids of the files of a message, in order and each once."""

    child = IdField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MOST_ATTACHMENTS, **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        ids: list[Any] = super().to_internal_value(data)
        if len({*ids}) < len(ids):
            raise serializers.ValidationError("A file can be attached once.")
        return ids
