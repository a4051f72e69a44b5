"""Accounts and API keys, as rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.errors import (
    Conflict,
    Problem,
)
from conversations.people import keys
from conversations.people import services as people
from conversations.people.models import ApiKey, User


def test_a_key_is_kept_as_a_hash(owner):
    """The secret is nowhere in the row; it opens the account until it is over."""
    key, secret = keys.create(user=owner, name="k")
    assert secret.startswith("cp_")
    assert len(secret) > 40
    row = ApiKey.objects.values().get()
    assert secret not in str(row)
    assert secret.startswith(row["prefix"])
    assert keys.use(secret=secret).user == owner
    assert keys.use(secret=secret[:-1]) is None
    assert keys.use(secret="\udcff") is None
    ApiKey.objects.filter(id=key.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert keys.use(secret=secret) is None


def test_the_last_use_of_a_key_is_noted(owner):
    """At most once a minute, so that a busy key costs no write."""
    key, secret = keys.create(user=owner, name="k")
    keys.use(secret=secret)
    key.refresh_from_db()
    first = key.last_used_at
    assert first
    keys.use(secret=secret)
    key.refresh_from_db()
    assert key.last_used_at == first
    ApiKey.objects.filter(id=key.id).update(last_used_at=first - timedelta(minutes=2))
    keys.use(secret=secret)
    key.refresh_from_db()
    assert key.last_used_at > first - timedelta(minutes=1)


def test_a_key_of_a_closed_account_opens_nothing(owner):
    """An account that may not sign in has no keys either."""
    _, secret = keys.create(user=owner, name="k")
    User.objects.filter(id=owner.id).update(is_active=False)
    assert keys.use(secret=secret) is None


@pytest.mark.usefixtures("db")
def test_an_owner_is_made_once():
    """The first account has every right; there is no second of its kind."""
    owner = people.create_owner(username="first", password="correct horse battery")
    assert owner.is_staff
    assert owner.is_superuser
    assert owner.check_password("correct horse battery")
    with pytest.raises(Conflict):
        people.create_owner(username="second", password="correct horse battery")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("username", "password", "field"),
    [
        ("", "correct horse battery", "username"),
        ("with space", "correct horse battery", "username"),
        ("taken", "correct horse battery", "username"),
        ("x" * 151, "correct horse battery", "username"),
        ("fresh", "short", "password"),
        ("fresh", "12345678901", "password"),
        ("fresh", "password", "password"),
    ],
)
def test_an_account_that_is_not_acceptable(username, password, field):
    """The field is named, and nothing is stored."""
    people.create_user(username="taken", password=None)
    with pytest.raises(Problem) as refusal:
        people.create_user(username=username, password=password)
    assert field in refusal.value.fields
    assert User.objects.count() == 1
