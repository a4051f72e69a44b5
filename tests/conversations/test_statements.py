"""Queries that are compiled once, and objects that are kept: never out of date, never shared."""

from contextlib import suppress

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from conversations.people import keys
from conversations.people.models import ApiKey, User
from conversations.statements import Kept, Statement, changed, fetched


@pytest.fixture
def secret(owner: User) -> str:
    return keys.create(user=owner, name="test")[1]


def test_an_unchanged_key_costs_one_query(secret):
    first = keys.use(secret=secret)
    keys.use(secret=secret)  # the first use has written when it was
    with CaptureQueriesContext(connection) as queries:
        again = keys.use(secret=secret)
    assert len(queries) == 1
    assert (again, again.user) == (first, first.user)


def test_a_change_is_seen_at_once(secret, owner):
    """Of the key and of its user, whoever makes it."""
    keys.use(secret=secret)
    User.objects.filter(pk=owner.pk).update(requests_per_minute=7)
    assert keys.use(secret=secret).user.requests_per_minute == 7
    ApiKey.objects.update(scopes=["read"])
    assert keys.use(secret=secret).scopes == ["read"]
    ApiKey.objects.all().delete()
    assert keys.use(secret=secret) is None


def test_what_one_does_to_an_object_another_does_not_see(owner):
    kept = Kept(lambda key: ApiKey.objects.select_related("user").filter(id=key).order_by())
    row, _ = keys.create(user=owner, name="mine")
    for _ in range(3):
        found = kept.get(row.id)
        assert (found.name, found.user.username) == ("mine", "owner")
        found.name = found.user.username = "changed, and not saved"


def test_only_so_many_are_kept(owner, monkeypatch):
    monkeypatch.setattr("conversations.statements.MOST_KEPT", 2)
    kept = Kept(lambda key: ApiKey.objects.filter(id=key).order_by())
    for number in range(4):
        row, _ = keys.create(user=owner, name=str(number))
        assert kept.get(row.id).name == str(number)
    assert len(kept._kept) == 2


def test_two_values_that_are_equal_at_first(owner):
    """Each keeps its own place."""
    statement = Statement(
        lambda key, user: ApiKey.objects.filter(id=key, user_id=user).order_by().values_list("name")
    )
    row, _ = keys.create(user=owner, name="mine")
    assert statement.rows(owner.pk, owner.pk) == []
    assert statement.rows(row.pk, owner.pk) == [("mine",)]


@pytest.mark.django_db
def test_a_statement_goes_to_the_driver_and_back_as_by_django(owner):
    """Its places, its literals, its errors, and in a transaction that has failed."""
    assert fetched("SELECT 'a%%b', %s", ("%s",)) == [("a%b", "%s")]
    assert changed("UPDATE conversations_user SET theme = %s WHERE username = %s", ("", "no")) == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        fetched("SELECT nothing FROM nowhere", ())
    with suppress(ZeroDivisionError), transaction.atomic():
        with suppress(ZeroDivisionError), transaction.atomic(savepoint=False):
            raise ZeroDivisionError
        with pytest.raises(TransactionManagementError):
            fetched("SELECT 1", ())
        raise ZeroDivisionError
    assert fetched("SELECT 1", ()) == [(1,)]
