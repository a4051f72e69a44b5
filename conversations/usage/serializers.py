"""The JSON shapes of usage."""

from typing import Any

from rest_framework import serializers

from conversations.threads import shapes


class UsageTotalsSerializer(serializers.Serializer[Any]):
    """The sums of some replies. `estimated` counts those whose tokens are our estimate."""

    requests = serializers.IntegerField()
    estimated = serializers.IntegerField()
    tokens = shapes.TokensSerializer(source="*")


class UsageRowSerializer(UsageTotalsSerializer):
    """The sums of one model on one day (UTC)."""

    day = serializers.DateField()
    provider = serializers.CharField(allow_blank=True)
    model = serializers.CharField(allow_blank=True)


class UsageSerializer(serializers.Serializer[Any]):
    """Usage by day and model, newest day first, on one page."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = UsageRowSerializer(many=True)
    totals = UsageTotalsSerializer()
