"""The keys with which this server signs what it sends to push services (VAPID, RFC 8292).

They are derived from `SECRET_KEY`: all processes have the same, and nothing has to be kept. What a
browser subscribed with one of `SECRET_KEY_FALLBACKS` is signed with that as long as it is listed.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

_PURPOSE: Final = b"chat-playground: web push"
# How many private keys the curve P-256 has, and one more.
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Half as long again as a key: what is left of it is as good as evenly spread.
_LENGTH: Final = 48


def public_key() -> str:
    """The key that browsers are given, as they take it: base64url without padding."""
    return next(iter(_keys()))


def signing_key(public: str) -> ec.EllipticCurvePrivateKey | None:
    """The private key to a public one; `None` when it is known no more."""
    return _keys().get(public)


def encoded(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as an uncompressed point."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _keys() -> dict[str, ec.EllipticCurvePrivateKey]:
    return _keys_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _keys_of(secrets: tuple[str, ...]) -> dict[str, ec.EllipticCurvePrivateKey]:
    pairs = {}
    for secret in secrets:
        derived = HKDF(algorithm=SHA256(), length=_LENGTH, salt=None, info=_PURPOSE)
        number = int.from_bytes(derived.derive(secret.encode()), "big") % (_ORDER - 1) + 1
        key = ec.derive_private_key(number, ec.SECP256R1())
        point = encoded(key.public_key())
        pairs[urlsafe_b64encode(point).decode().rstrip("=")] = key
    return pairs
