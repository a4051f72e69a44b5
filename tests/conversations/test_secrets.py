"""Secrets are encrypted at rest, and outlive a change of the key while the old one is given."""

import pytest

from conversations import secrets
from conversations.secrets import SecretUnreadable

SECRET = "sk-of-a-provider-€"


def test_what_is_stored_tells_nothing(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first" * 10, []
    stored = secrets.encrypt(SECRET)
    assert SECRET not in stored
    assert secrets.encrypt(SECRET) != stored
    assert secrets.decrypt(stored) == SECRET
    assert secrets.decrypt(secrets.encrypt("")) == ""


def test_another_key_reads_it_only_with_the_first_as_a_fallback(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first" * 10, []
    stored = secrets.encrypt(SECRET)
    settings.SECRET_KEY = "second" * 10
    with pytest.raises(SecretUnreadable):
        secrets.decrypt(stored)
    settings.SECRET_KEY_FALLBACKS = ["first" * 10]
    assert secrets.decrypt(stored) == SECRET
    new = secrets.encrypt(SECRET)
    settings.SECRET_KEY_FALLBACKS = []
    assert secrets.decrypt(new) == SECRET


@pytest.mark.parametrize("stored", ["no token", "gAAAAA", "€"])
def test_what_was_changed_is_unreadable(stored):
    with pytest.raises(SecretUnreadable):
        secrets.decrypt(stored)
