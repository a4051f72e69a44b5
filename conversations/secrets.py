"""Encrypts what the server has to present to others, such as keys and tokens, before it is stored.

The key is derived from `SECRET_KEY`. What was encrypted with one of `SECRET_KEY_FALLBACKS` can be
read as long as that is listed.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import models

# Names what the derived key is for, so that it is no other key of the server.
_PURPOSE: Final = b"chat-playground: secrets at rest"

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

    _Text = models.TextField[str, str]
else:
    _Text = models.TextField


class SecretUnreadable(Exception):
    """A stored secret was encrypted with a key that is not known any more, or was changed."""


class SecretField(_Text):
    """A column for what `encrypt` returns. Backups leave it empty unless they are asked for it."""


def encrypt(secret: str) -> str:
    """Return the secret encrypted, as text for a column. An empty one stays empty."""
    return _cipher().encrypt(secret.encode()).decode() if secret else ""


def decrypt(stored: str) -> str:
    """Return what `encrypt` was given. Raises `SecretUnreadable`."""
    if not stored:
        return ""
    from cryptography.fernet import InvalidToken

    try:
        return _cipher().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable from None


def _cipher() -> "MultiFernet":
    return _cipher_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _cipher_of(keys: tuple[str, ...]) -> "MultiFernet":
    """The cipher that encrypts with the first key and decrypts with each."""
    # Loaded where there is a secret: it takes 6 MB, and a part of the start.
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(urlsafe_b64encode(_derived(key))) for key in keys])


def _derived(key: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
