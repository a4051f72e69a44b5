"""REST for what the caller's replies cost."""

from datetime import date, timedelta

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import pagination
from conversations.people.authentication import caller
from conversations.usage import selectors
from conversations.usage.serializers import UsageSerializer

# How far back usage goes when nobody says.
USUAL_SPAN = timedelta(days=29)


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
        found = selectors.between(caller(request).usage.all(), first, last)
        body = {"results": selectors.by_day_and_model(found), "totals": selectors.totals(found)}
        return Response(UsageSerializer({"next": None, "previous": None, **body}).data)
