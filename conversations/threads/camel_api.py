"""Conversations in the camelCase shape of `/api/chat/sessions/`: other names, the same rows."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import pagination
from conversations.fields import StrictSerializer, TextField
from conversations.notices import notify
from conversations.people.authentication import caller
from conversations.threads import access, selectors, services
from conversations.threads.models import Conversation, Message


class SessionSerializer(serializers.ModelSerializer[Conversation]):
    """A session without its messages."""

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
    """A session with the messages of the branch being shown, oldest first."""

    messages = serializers.SerializerMethodField()

    class Meta(SessionSerializer.Meta):
        fields = (*SessionSerializer.Meta.fields, "messages")
        read_only_fields = fields

    @extend_schema_field(SessionMessageSerializer(many=True))
    def get_messages(self, row: Conversation) -> list[dict[str, Any]]:
        ids = selectors.ordered_ids(conversation=row, branch="head")
        needed = ("id", "role", "content", "created_at", "status", "seq")
        found = Message.objects.only(*needed).in_bulk(ids)
        shown = [found[key] for key in ids if key in found]
        notify().catch_up(shown)
        return list(SessionMessageSerializer(shown, many=True).data)


class SessionInput(StrictSerializer):
    """What may be set on a session when it is made."""

    title = TextField(max_length=255, allow_blank=True, required=False)


class SessionTitle(StrictSerializer):
    """Its new title. Front ends send a whole session back: what of it cannot be changed is passed
    over."""

    title = TextField(max_length=255, allow_blank=True)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            fixed = {*SessionDetailSerializer.Meta.fields} - {"title"}
            data = {name: value for name, value in data.items() if name not in fixed}
        return super().to_internal_value(data)


class Sessions(pagination.NewestFirst):
    """The list under its own name, 200 to a page."""

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


@extend_schema_view(
    list=extend_schema(description="The caller's sessions, newest first."),
    retrieve=extend_schema(
        description="One, with the messages of the branch being shown.",
        responses=SessionDetailSerializer,
    ),
)
class SessionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Conversation]
):
    """The caller's conversations, as sessions."""

    serializer_class = SessionSerializer
    pagination_class = Sessions
    lookup_value_converter = "id"
    queryset = Conversation.objects.none()

    def get_queryset(self) -> QuerySet[Conversation]:
        archived = False if self.action == "list" else None
        return selectors.conversations(user=caller(self.request), archived=archived)

    def get_serializer_class(self) -> type[SessionSerializer]:
        return SessionDetailSerializer if self.action == "retrieve" else SessionSerializer

    def get_object(self) -> Conversation:
        access.conversation(caller(self.request), self.kwargs["pk"])
        return self.get_queryset().get(pk=self.kwargs["pk"])

    @extend_schema(request=SessionInput, responses={201: SessionSerializer})
    def create(self, request: Request) -> Response:
        """Begin a session."""
        data = SessionInput(data=request.data)
        data.is_valid(raise_exception=True)
        made = services.create_conversation(user=caller(request), **data.validated_data)
        return self._answer(made.pk, status.HTTP_201_CREATED)

    @extend_schema(request=SessionTitle, responses=SessionSerializer)
    def update(self, request: Request, pk: UUID) -> Response:
        """Give it another title."""
        conversation = access.conversation(caller(request), pk)
        data = SessionTitle(data=request.data)
        data.is_valid(raise_exception=True)
        notify().conversation_changed(
            services.update_conversation(conversation=conversation, changes=data.validated_data)
        )
        return self._answer(pk)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete it, and stop what runs in it."""
        conversation = access.conversation(caller(request), pk)
        notify().conversation_deleting(conversation)
        services.delete_conversation(conversation=conversation)
        notify().conversation_deleted(conversation)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answer(self, pk: UUID, code: int = status.HTTP_200_OK) -> Response:
        return Response(SessionSerializer(self.get_queryset().get(pk=pk)).data, status=code)
