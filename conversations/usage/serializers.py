"""The JSON shapes of usage."""

from typing import Any

from rest_framework import serializers

from conversations.threads import shapes


class UsageTotalsSerializer(serializers.Serializer[Any]):
    """What some replies cost together. `estimated` of the `requests` were counted by us."""

    requests = serializers.IntegerField()
    estimated = serializers.IntegerField()
    tokens = shapes.TokensSerializer(source="*")


class UsageRowSerializer(UsageTotalsSerializer):
    """What the replies of one model on one day (in UTC) cost."""

    day = serializers.DateField()
    provider = serializers.CharField(allow_blank=True)
    model = serializers.CharField(allow_blank=True)


class UsageSerializer(serializers.Serializer[Any]):
    """Usage by day and model, the newest day first. There is one page."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = UsageRowSerializer(many=True)
    totals = UsageTotalsSerializer()
