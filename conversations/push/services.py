"""Every read and write of subscriptions. Sync, keyword-only."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from conversations.people.models import User
from conversations.people.sessions import row_key, rows
from conversations.push.models import PushSubscription

# Browsers of one person. With one more the oldest goes, which most likely is not used any more.
MOST: Final = 10


def count(*, user: User) -> int:
    """How many browsers of the user are told."""
    return PushSubscription.objects.filter(user=user).count()


def subscribe(
    *,
    user: User,
    cookie: str,
    endpoint: str,
    keys: Mapping[str, str],
    language: str,
    server_key: str,
) -> None:
    """Tell a browser from now on, as long as the session of this cookie counts. A browser has one
    subscription: a second one replaces it, also that of another person."""
    session = next((row.pk for row in rows([cookie]).values()), row_key(cookie))
    with transaction.atomic():
        # Locks the account: two at the same time could be one too many.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        digest = _digest(endpoint)
        PushSubscription.objects.filter(digest=digest).delete()
        PushSubscription.objects.create(
            user=user,
            digest=digest,
            endpoint=endpoint,
            p256dh=keys["p256dh"],
            auth=keys["auth"],
            language=language,
            server_key=server_key,
            session=session,
        )
        ids = PushSubscription.objects.filter(user=user).values_list("pk", flat=True)
        PushSubscription.objects.filter(pk__in=list(ids[MOST:])).delete()


def unsubscribe(*, user: User, endpoint: str) -> None:
    """Tell a browser no more. One that is not told is left alone."""
    PushSubscription.objects.filter(user=user, digest=_digest(endpoint)).delete()


def forget_session(*, cookie: str) -> None:
    """Tell the browser no more whose session ends."""
    PushSubscription.objects.filter(session__in=[row_key(cookie), cookie]).delete()


def forget_person(*, user_id: UUID) -> None:
    """Tell no browser any more of a person whose account is closed."""
    PushSubscription.objects.filter(user=user_id).delete()


def forget(*, ids: Iterable[UUID]) -> None:
    """Delete subscriptions that their push services do not know any more."""
    PushSubscription.objects.filter(pk__in=list(ids)).delete()


def deliverable(*, user_id: UUID) -> list[PushSubscription]:
    """The browsers to tell of something of the user. Those whose session has ended are deleted, and
    all of an account that is closed."""
    found = list(PushSubscription.objects.filter(user=user_id).select_related("user"))
    if not found:
        return []
    good = _good_sessions(found[0].user, {one.session for one in found})
    forget(ids=[one.pk for one in found if one.session not in good])
    return [one for one in found if one.session in good]


def _good_sessions(user: User, keys: set[str]) -> set[str]:
    """Those of these rows of sessions with which the user is signed in."""
    if not user.is_active:
        return set()
    unexpired = Session.objects.filter(pk__in=keys, expire_date__gt=timezone.now())
    data = {row.pk: row.get_decoded() for row in unexpired}
    return {
        key
        for key, values in data.items()
        if values.get(SESSION_KEY) == str(user.pk)
        and constant_time_compare(values.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    }


def _digest(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()
