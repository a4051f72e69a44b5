"""REST for the caller's account and its API keys."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import pagination
from conversations.notices import notify
from conversations.people import keys
from conversations.people.authentication import caller
from conversations.people.models import ApiKey
from conversations.people.permissions import KeyManagement
from conversations.people.serializers import (
    ApiKeyInput,
    ApiKeySerializer,
    MeSerializer,
    NewApiKeySerializer,
)


class ApiKeyViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[ApiKey]):
    """The caller's API keys. The secret is in the answer to POST and nowhere else."""

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
        """Make a key. `key` is its secret, which is told this once."""
        data = ApiKeyInput(data=request.data)
        data.is_valid(raise_exception=True)
        key, secret = keys.create(user=caller(request), **data.validated_data)
        return Response(
            {**ApiKeySerializer(key).data, "key": secret}, status=status.HTTP_201_CREATED
        )

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Revoke it: its sockets are closed, and what runs with it is stopped."""
        keys.owned(caller(request), pk).delete()
        notify().credentials_changed(caller(request).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """Who the caller is."""

    scope = ""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(caller(request)).data)
