"""REST for what is on record. What touches running replies is added in `streaming/rest.py`."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import access, pagination, selectors, services
from conversations.models import ApiKey, Conversation, Message, User
from conversations.serializers import (
    ApiKeyInput,
    ApiKeySerializer,
    ConversationChanges,
    ConversationInput,
    ConversationSerializer,
    MeSerializer,
    MessageSerializer,
    NewApiKeySerializer,
)

MESSAGES_A_PAGE = 200
MOST_MESSAGES_A_PAGE = 1000


def caller(request: Request) -> User:
    """The signed-in user; the permission classes let nobody else through."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type for the checker
    return request.user


class ConversationViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Conversation]
):
    """The caller's conversations."""

    serializer_class = ConversationSerializer
    pagination_class = pagination.NewestFirst
    lookup_value_converter = "uuid"
    queryset = Conversation.objects.none()

    def get_queryset(self) -> QuerySet[Conversation]:
        return selectors.conversations(
            user=caller(self.request), search=self.request.query_params.get("search", "").strip()
        )

    def get_object(self) -> Conversation:
        access.conversation(caller(self.request), self.kwargs["pk"])
        return selectors.conversations(user=caller(self.request)).get(pk=self.kwargs["pk"])

    @extend_schema(parameters=[OpenApiParameter("search", str)])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(request=ConversationInput, responses={201: ConversationSerializer})
    def create(self, request: Request) -> Response:
        data = ConversationInput(data=request.data)
        data.is_valid(raise_exception=True)
        made = services.create_conversation(user=caller(request), **data.validated_data)
        return self._answer(made.pk, status.HTTP_201_CREATED)

    @extend_schema(request=ConversationChanges, responses=ConversationSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        conversation = access.conversation(caller(request), pk)
        data = ConversationChanges(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        services.update_conversation(conversation=conversation, changes=data.validated_data)
        return self._answer(pk)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        services.delete_conversation(conversation=access.conversation(caller(request), pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        parameters=[
            OpenApiParameter("branch", str, enum=["head", "all"]),
            OpenApiParameter("after", OpenApiTypes.UUID),
            OpenApiParameter("limit", int),
        ],
        responses=MessageSerializer(many=True),
    )
    @action(detail=True, pagination_class=None)
    def messages(self, request: Request, pk: UUID) -> Response:
        """The messages in reading order, oldest first: those of the branch being shown, or all."""
        conversation = access.conversation(caller(request), pk)
        branch = request.query_params.get("branch", "head")
        if branch not in ("head", "all"):
            raise pagination.invalid("branch", "This has to be head or all.")
        limit = pagination.whole_number(
            request, "limit", default=MESSAGES_A_PAGE, most=MOST_MESSAGES_A_PAGE
        )
        after = pagination.uuid(request, "after")
        rows, more = selectors.messages(
            conversation=conversation,
            branch="all" if branch == "all" else "head",
            after=after,
            limit=limit,
        )
        following = None
        if more:
            following = f"{request.path}?branch={branch}&limit={limit}&after={rows[-1].id}"
        first = f"{request.path}?branch={branch}&limit={limit}" if after else None
        return Response(
            {
                "next": following,
                "previous": first,
                "results": MessageSerializer(rows, many=True).data,
            }
        )

    def _answer(self, pk: UUID, code: int = status.HTTP_200_OK) -> Response:
        row = self.get_queryset().get(pk=pk)
        return Response(ConversationSerializer(row).data, status=code)


class MessageView(RetrieveAPIView[Message]):
    """One message, with its status."""

    serializer_class = MessageSerializer
    queryset = Message.objects.none()

    def get_object(self) -> Message:
        return access.message(caller(self.request), self.kwargs["pk"])


class ApiKeyViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[ApiKey]):
    """The caller's API keys. The secret is in the answer to POST and nowhere else."""

    serializer_class = ApiKeySerializer
    pagination_class = type(
        "NewestKeys", (pagination.NewestFirst,), {"ordering": ("-created_at", "-id")}
    )
    lookup_value_converter = "uuid"
    queryset = ApiKey.objects.none()

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.filter(user=caller(self.request))

    @extend_schema(request=ApiKeyInput, responses={201: NewApiKeySerializer})
    def create(self, request: Request) -> Response:
        data = ApiKeyInput(data=request.data)
        data.is_valid(raise_exception=True)
        key, secret = services.create_key(user=caller(request), **data.validated_data)
        return Response(
            {**ApiKeySerializer(key).data, "key": secret}, status=status.HTTP_201_CREATED
        )

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        access.api_key(caller(request), pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """Who the caller is."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(caller(request)).data)
