"""REST for the caller's account and its API keys."""

from uuid import UUID

from django.db.models import QuerySet
from rest_framework import mixins, status, viewsets
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import pagination
from conversations.fields import valid
from conversations.people import keys, services
from conversations.people.authentication import caller, key_of
from conversations.people.models import ApiKey, User
from conversations.people.permissions import KeyManagement
from conversations.people.revoking import revoke
from conversations.people.serializers import (
    ApiKeyInput,
    ApiKeySerializer,
    BareMeSerializer,
    MeChanges,
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
    """The account of the caller, and what it may use."""

    @property
    def scope(self) -> str:
        """Every key may ask whose it is."""
        return "" if self.request.method in SAFE_METHODS else "chat"

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """The account, its preferences, and what it may use. A key without the scope `read` gets
        `id`, `username` and `is_staff`."""
        return self._answer(request, caller(request))

    @extend_schema(request=MeChanges, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        """Change the preferences. The instructions are sent to the model with every prompt."""
        changes = valid(MeChanges(data=request.data))
        return self._answer(
            request, services.update_preferences(user=caller(request), changes=changes)
        )

    def _answer(self, request: Request, user: User) -> Response:
        shape = MeSerializer if keys.may_read(key_of(request)) else BareMeSerializer
        return Response(shape(user).data)
