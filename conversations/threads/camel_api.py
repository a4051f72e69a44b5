"""`/api/chat/sessions/`: conversations in camelCase."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import pagination
from conversations.fields import StrictSerializer, TextField
from conversations.people.authentication import caller
from conversations.schema import extend_schema
from conversations.threads import exports, selectors
from conversations.threads.models import Conversation, Message
from conversations.threads.views import OwnConversations


class SessionSerializer(serializers.ModelSerializer[Conversation]):
    """A session without messages."""

    createdAt = serializers.DateTimeField(source="created_at", read_only=True)  # noqa: N815
    updatedAt = serializers.DateTimeField(source="updated_at", read_only=True)  # noqa: N815
    messageCount = serializers.IntegerField(source="message_count", read_only=True)  # noqa: N815

    class Meta:
        model = Conversation
        fields: tuple[str, ...] = ("id", "title", "createdAt", "updatedAt", "messageCount")
        read_only_fields = fields


class SessionMessageSerializer(serializers.ModelSerializer[Message]):
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)  # noqa: N815

    class Meta:
        model = Message
        fields = ("id", "role", "content", "createdAt")
        read_only_fields = fields


class SessionDetailSerializer(SessionSerializer):
    """A session with the messages of the shown branch, oldest first."""

    messages = SessionMessageSerializer(many=True, read_only=True)

    class Meta(SessionSerializer.Meta):
        fields = (*SessionSerializer.Meta.fields, "messages")
        read_only_fields = fields


class SessionInput(StrictSerializer):
    """The fields of a new session."""

    title = TextField(max_length=255, allow_blank=True, required=False)


class SessionTitle(StrictSerializer):
    """The new title. Front ends send a whole session back, so read-only fields are ignored."""

    title = TextField(max_length=255, allow_blank=True)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            fixed = {*SessionDetailSerializer.Meta.fields} - {"title"}
            data = {name: value for name, value in data.items() if name not in fixed}
        return super().to_internal_value(data)


class Sessions(pagination.NewestFirst):
    """Pages of 200, with the rows in `sessions`."""

    page_size = 200

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "sessions": data,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        paged: dict[str, Any] = super().get_paginated_response_schema(schema)
        properties = paged["properties"]
        properties["sessions"] = properties.pop("results")
        paged["required"] = ["sessions"]
        return paged


class SessionViewSet(OwnConversations):
    """The caller's conversations, as sessions."""

    pagination_class = Sessions

    def get_queryset(self) -> QuerySet[Conversation]:
        return selectors.conversations(user=caller(self.request), archived=False)

    def get_serializer_class(self) -> type[SessionSerializer]:
        return SessionDetailSerializer if self.action == "retrieve" else SessionSerializer

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The caller's sessions, newest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(responses=SessionDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """A session with the messages of the shown branch."""
        row = self.get_object()
        ids = selectors.ordered_ids(conversation=row, branch="head")
        pieces = exports.with_messages(SessionSerializer(row).data, ids, SessionMessageSerializer)
        return StreamingHttpResponse(pieces, content_type="application/json")

    @extend_schema(request=SessionInput, responses={201: SessionSerializer})
    def create(self, request: Request) -> Response:
        """Create a session."""
        return self.make(SessionInput(data=request.data))

    @extend_schema(request=SessionTitle, responses=SessionSerializer)
    def update(self, request: Request, pk: UUID) -> Response:
        """Change the title."""
        return self.change(pk, SessionTitle)
