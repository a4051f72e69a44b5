"""REST for the caller's account: who it is, its API keys, what its replies cost."""

from datetime import date, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import access, keys, pagination, usage
from conversations.models import ApiKey
from conversations.permissions import KeyManagement
from conversations.serializers import (
    ApiKeyInput,
    ApiKeySerializer,
    MeSerializer,
    NewApiKeySerializer,
    UsageSerializer,
)
from conversations.views import caller

# How far back usage goes when nobody says.
USUAL_SPAN = timedelta(days=29)


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

    def revoked(self, request: Request) -> None:
        """A key of the caller is gone; said on where sockets are known."""

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
        access.api_key(caller(request), pk).delete()
        self.revoked(request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """Who the caller is."""

    scope = ""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(caller(request)).data)


class UsageView(APIView):
    """What the caller's replies cost, by day and model, over all doors."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "from", OpenApiTypes.DATE, description="First day in UTC; 29 before the last."
            ),
            OpenApiParameter("to", OpenApiTypes.DATE, description="Last day in UTC; today."),
        ],
        responses=UsageSerializer,
    )
    def get(self, request: Request) -> Response:
        last = pagination.day(request, "to") or timezone.now().date()
        first = pagination.day(request, "from") or last - min(USUAL_SPAN, last - date.min)
        found = usage.between(caller(request).usage.all(), first, last)
        body = {"results": usage.by_day_and_model(found), "totals": usage.totals(found)}
        return Response(UsageSerializer({"next": None, "previous": None, **body}).data)
