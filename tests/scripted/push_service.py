"""A push service, and a browser that subscribes with it and reads what comes, by RFC 8291."""

import asyncio
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any, Self

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.scripted.record import WAIT_S


def to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def to_bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Pushed:
    """A request that came to the service."""

    path: str
    headers: dict[str, str]
    body: bytes

    def signed(self) -> dict[str, Any]:
        """The claims of its signature, which is good, and the key that made it, as `k`."""
        scheme, _, rest = self.headers["authorization"].partition(" ")
        assert scheme == "vapid"
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        point = to_bytes(parts["k"])
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        audience = jwt.decode(parts["t"], options={"verify_signature": False})["aud"]
        return {**jwt.decode(parts["t"], key, ["ES256"], audience=audience), "k": parts["k"]}


class PushService:
    """Takes everything. `answers` are other statuses, by path; one of 300 leads to `/elsewhere`."""

    def __init__(self) -> None:
        self.pushed: list[Pushed] = []
        self.answers: dict[str, int] = {}
        self.url = ""
        self._came = asyncio.Condition()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        pushed = Pushed(request.path, headers, await request.read())
        async with self._came:
            self.pushed.append(pushed)
            self._came.notify_all()
        status = self.answers.get(request.path, 201)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async def comes(self, number: int) -> list[Pushed]:
        """All that came, once there are so many."""
        async with asyncio.timeout(WAIT_S), self._came:
            await self._came.wait_for(lambda: len(self.pushed) >= number)
        return self.pushed


@dataclass
class Browser:
    """What only a browser knows of its subscription."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self, endpoint: str) -> dict[str, Any]:
        """As `PushSubscription.toJSON()` gives it."""
        keys = {"p256dh": to_text(self.point), "auth": to_text(self.auth)}
        return {"endpoint": endpoint, "expirationTime": None, "keys": keys}

    def plain(self, body: bytes) -> bytes:
        """What was encrypted for it, with the padding."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        assert len(body) <= size
        theirs, cipher = body[21 : 21 + length], body[21 + length :]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        info = b"WebPush: info\0" + self.point + theirs
        secret = derived(self.key.exchange(ec.ECDH(), point), self.auth, info, 32)
        key = derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derived(secret, salt, b"Content-Encoding: nonce\0", 12)
        return AESGCM(key).decrypt(nonce, cipher, None)

    def shown(self, pushed: Pushed) -> Any:
        """What the service worker gets."""
        return json.loads(self.plain(pushed.body).rstrip(b"\0").removesuffix(b"\2"))


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
