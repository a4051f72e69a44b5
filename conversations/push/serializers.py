"""The JSON shapes of push subscriptions, as browsers have them."""

from base64 import urlsafe_b64decode
from typing import Any

from rest_framework import serializers

from conversations.fields import StrictSerializer
from conversations.people.models import LANGUAGES
from conversations.push import addresses

MOST_ENDPOINT = 2_000
POINT_BYTES, AUTH_BYTES = 65, 16


class PushStateSerializer(serializers.Serializer[Any]):
    """`public_key` is what a browser subscribes with (`applicationServerKey`)."""

    public_key = serializers.CharField()
    subscriptions = serializers.IntegerField(help_text="How many browsers of the caller are told.")


class EndpointInput(StrictSerializer):
    endpoint = serializers.CharField(max_length=MOST_ENDPOINT)


class PushKeysInput(StrictSerializer):
    """The browser's public key, and its secret."""

    p256dh = serializers.CharField(max_length=100)
    auth = serializers.CharField(max_length=40)

    def validate_p256dh(self, value: str) -> str:
        # Loaded where somebody wants it: it takes memory.
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(value, POINT_BYTES))
        except ValueError:
            raise serializers.ValidationError("Must be a point of P-256, in base64url.") from None
        return value

    def validate_auth(self, value: str) -> str:
        try:
            _bytes(value, AUTH_BYTES)
        except ValueError:
            raise serializers.ValidationError("Must be 16 bytes, in base64url.") from None
        return value


class SubscriptionInput(EndpointInput):
    """What `PushSubscription.toJSON()` gives, and the language of what is shown."""

    keys = PushKeysInput()
    vars()["expirationTime"] = serializers.FloatField(
        required=False, allow_null=True, help_text="Not used: the push service says when it ends."
    )
    language = serializers.ChoiceField(LANGUAGES, required=False, default="en")

    def validate_endpoint(self, value: str) -> str:
        if why := addresses.refusal(value):
            raise serializers.ValidationError(why)
        return value


def _bytes(value: str, length: int) -> bytes:
    """Base64url of so many bytes. Raises `ValueError`."""
    decoded = urlsafe_b64decode(value.encode("ascii") + b"=" * (-len(value) % 4))
    if len(decoded) != length:
        raise ValueError(value)
    return decoded
