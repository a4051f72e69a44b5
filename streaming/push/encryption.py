"""What a push service gets: encrypted for the browser alone (RFC 8291), and signed (RFC 8292)."""

import os
import time
from base64 import urlsafe_b64decode
from typing import Final
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from conversations.push.server_keys import encoded

# Services take 4,096 bytes, which is also the size of the one record.
RECORD_BYTES: Final = 4096
# A payload is filled up to a multiple of this: its length says nothing of a title.
PADDED_TO: Final = 512
# How long a signature counts, in seconds; at most a day.
SIGNED_S: Final = 12 * 3600


def encrypt(
    payload: bytes,
    *,
    p256dh: str,
    auth: str,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
    padded_to: int = PADDED_TO,
) -> bytes:
    """Encrypt a payload of at most 3,500 bytes for the browser with these keys, as `aes128gcm`.
    Key and salt are new for each, unless they are given."""
    browser = _decoded(p256dh)
    key = key or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    ours = encoded(key.public_key())
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), browser)
    shared = key.exchange(ec.ECDH(), point)
    secret = _derive(shared, _decoded(auth), b"WebPush: info\0" + browser + ours, 32)
    content_key = _derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    # 2 ends the last record; what follows it is padding.
    plain = payload + b"\2"
    plain += bytes(-len(plain) % padded_to)
    head = salt + RECORD_BYTES.to_bytes(4, "big") + len(ours).to_bytes(1, "big") + ours
    return head + AESGCM(content_key).encrypt(nonce, plain, None)


def authorization(
    endpoint: str, *, key: ec.EllipticCurvePrivateKey, public: str, contact: str
) -> str:
    """The header that says who sends it. `contact` is an address for the people of the service, who
    may want it; empty leaves it out."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(time.time()) + SIGNED_S}
    if contact:
        claims["sub"] = contact
    return f"vapid t={jwt.encode(claims, key, 'ES256')}, k={public}"


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


def _decoded(value: str) -> bytes:
    return urlsafe_b64decode(value + "=" * (-len(value) % 4))
