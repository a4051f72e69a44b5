"""REST for the caller's account and its API keys."""

from uuid import UUID

from django.db.models import QuerySet
from rest_framework import mixins, status, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import pagination
from conversations.fields import valid
from conversations.people import keys
from conversations.people.authentication import caller
from conversations.people.models import ApiKey
from conversations.people.permissions import KeyManagement
from conversations.people.revoking import revoke
from conversations.people.serializers import (
    ApiKeyInput,
    ApiKeySerializer,
    MeSerializer,
    NewApiKeySerializer,
)
from conversations.schema import extend_schema


class ApiKeyViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[ApiKey]):
    """The caller's API keys. Only the response to POST has the secret."""

    serializer_class = ApiKeySerializer
    permission_classes = (IsAuthenticated, KeyManagement)
    pagination_class = type(
        "NewestKeys", (pagination.NewestFirst,), {"ordering": ("-created_at", "-id")}
    )
    lookup_value_converter = "id"
    queryset = ApiKey.objects.none()

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.filter(user=caller(self.request))

    @extend_schema(request=ApiKeyInput, responses={201: NewApiKeySerializer})
    def create(self, request: Request) -> Response:
        """Create a key. `key` is its secret; no later response shows it."""
        data = valid(ApiKeyInput(data=request.data))
        key, secret = keys.create(user=caller(request), **data)
        return Response(
            {**ApiKeySerializer(key).data, "key": secret}, status=status.HTTP_201_CREATED
        )

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Revoke a key. Its sockets close and its replies stop."""
        revoke(keys.owned(caller(request), pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """The account of the caller."""

    scope = ""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(caller(request)).data)
