"""REST for what the caller's replies cost."""

from datetime import date, timedelta

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.fields import Query
from conversations.people.authentication import caller
from conversations.schema import extend_schema
from conversations.usage import selectors
from conversations.usage.serializers import UsageSerializer

# How far back usage goes by default.
DEFAULT_SPAN = timedelta(days=29)


class UsageQuery(Query):
    """The query parameters of usage: days in UTC."""

    vars()["from"] = serializers.DateField(
        required=False, help_text="The first day. Without it: 29 days before the last."
    )
    to = serializers.DateField(required=False, help_text="The last day. Without it: today.")


class UsageView(APIView):
    """The cost of the caller's replies, by day and model."""

    @extend_schema(
        parameters=[UsageQuery],
        responses=UsageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = UsageQuery.of(request)
        last = query.get("to", timezone.now().date())
        first = query.get("from", last - min(DEFAULT_SPAN, last - date.min))
        records = selectors.between(caller(request).usage.all(), first, last)
        body = {"results": selectors.by_day_and_model(records), "totals": selectors.totals(records)}
        return Response(UsageSerializer({"next": None, "previous": None, **body}).data)
