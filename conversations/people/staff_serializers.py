"""The JSON shapes of accounts and invitations, for staff."""

from datetime import datetime

from rest_framework import serializers

from conversations.fields import (
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
    TextField,
)
from conversations.people import invitations
from conversations.people.models import LIMITS, Invitation, User
from conversations.people.serializers import MOST_TOKENS

# The most that the columns of requests hold.
MOST_REQUESTS = 2**31 - 1


class PersonSerializer(serializers.ModelSerializer[User]):
    """An account. Its own limits are null where the usual ones hold; 0: no limit."""

    created_at = serializers.DateTimeField(source="date_joined", read_only=True)
    last_seen_at = serializers.SerializerMethodField(
        help_text="The last sign-in, or use of an API key."
    )

    class Meta:
        model = User
        fields = (
            *("id", "username", "is_staff", "is_superuser", "is_active", "awaits_approval"),
            *LIMITS,
            *("created_at", "last_seen_at"),
        )
        read_only_fields = fields

    def get_last_seen_at(self, user: User) -> datetime | None:
        return last_seen(user)


def last_seen(user: User) -> datetime | None:
    """Return when an account of `directory.people` was last used."""
    seen = [user.last_login, getattr(user, "key_used", None)]
    return max((moment for moment in seen if moment is not None), default=None)


class NewPersonSerializer(PersonSerializer):
    """A new account, with the link on which its password is set."""

    url = serializers.CharField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True)

    class Meta(PersonSerializer.Meta):
        fields = (*PersonSerializer.Meta.fields, "url", "expires_at")
        read_only_fields = fields


class PersonInput(StrictSerializer):
    username = TextField(max_length=150)
    is_staff = StrictBooleanField(required=False)


def _limit(most: int) -> StrictIntegerField:
    return StrictIntegerField(min_value=0, max_value=most, allow_null=True, required=False)


class PersonChanges(StrictSerializer):
    is_active = StrictBooleanField(required=False, help_text="True approves an account that waits.")
    is_staff = StrictBooleanField(required=False)
    requests_per_minute = _limit(MOST_REQUESTS)
    concurrent_requests = _limit(MOST_REQUESTS)
    tokens_per_day = _limit(MOST_TOKENS)
    tokens_per_month = _limit(MOST_TOKENS)


class LinkSerializer(serializers.Serializer[object]):
    """A link that works once."""

    url = serializers.CharField()
    expires_at = serializers.DateTimeField()


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    class Meta:
        model = Invitation
        fields: tuple[str, ...] = ("id", "name", "is_staff", "created_at", "expires_at")
        read_only_fields = fields


class NewInvitationSerializer(InvitationSerializer):
    """A new invitation with its link, which no later response shows."""

    url = serializers.CharField(read_only=True)

    class Meta(InvitationSerializer.Meta):
        fields = (*InvitationSerializer.Meta.fields, "url")
        read_only_fields = fields


class InvitationInput(StrictSerializer):
    name = TextField(max_length=150, allow_blank=True, required=False, help_text="For whom it is.")
    is_staff = StrictBooleanField(required=False)
    days = StrictIntegerField(
        min_value=1,
        max_value=invitations.MOST_DAYS,
        required=False,
        help_text=f"How long it holds; default: {invitations.USUAL_DAYS}.",
    )
