"""Hands a notification to a push service: an address that a browser named, so nothing of it is
trusted. Names lead to public addresses alone, and to those that were looked at; redirects are not
followed; nothing of an answer is read but its status."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings

from conversations.public_addresses import is_public
from conversations.push import addresses, server_keys
from conversations.push.models import PushSubscription
from streaming import look_ups
from streaming.push import encryption

logger = logging.getLogger(__name__)

# For one notification, from the look-up to the answer, in seconds.
TIMEOUT_S: Final = 10.0
# Notifications that are on their way at once.
AT_ONCE: Final = 16
# How long a service keeps one for a browser that is away, in seconds.
KEPT_S: Final = 12 * 3600
# What a service says of a browser that it does not know any more.
GONE: Final = (404, 410)


class PrivateAddressError(OSError):
    """The name of a push service leads to an address that is not public."""


class PublicResolver(AbstractResolver):
    """Finds the addresses of a name, of which every one is public: the connection goes to one of
    these, so a second answer cannot lead elsewhere."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        found = await look_ups.addresses(host, port)
        if not settings.PUSH_PRIVATE_SERVICES and not all(map(is_public, found)):
            raise PrivateAddressError
        return [_result(host, port, address) for address in found]

    async def close(self) -> None:
        pass


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return {
        "hostname": host,
        "host": address,
        "port": port,
        "family": family,
        "proto": 0,
        "flags": socket.AI_NUMERICHOST,
    }


class Delivery:
    """The way to push services. Lives in one event loop."""

    def __init__(self) -> None:
        tls = ssl.create_default_context()
        tls.load_verify_locations(certifi.where())
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=PublicResolver(), use_dns_cache=False, limit=AT_ONCE, ssl=tls
            ),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._session.close()

    async def send(
        self, payloads: Sequence[tuple[PushSubscription, bytes]], topic: str
    ) -> list[PushSubscription]:
        """Send each browser its payload. Returns those that are told no more: their service does
        not know them, is not public, or wants a key that we have no more. `topic` lets a newer one
        take the place of one that was not delivered yet."""
        gone = await asyncio.gather(*(self._send(*entry, topic) for entry in payloads))
        return [one for (one, _), ended in zip(payloads, gone, strict=True) if ended]

    async def _send(self, browser: PushSubscription, payload: bytes, topic: str) -> bool:
        key = server_keys.signing_key(browser.server_key)
        if key is None or addresses.refusal(browser.endpoint):
            return True
        contact = settings.PUBLIC_URL if settings.PUBLIC_URL.startswith("https:") else ""
        headers = {
            "Authorization": encryption.authorization(
                browser.endpoint, key=key, public=browser.server_key, contact=contact
            ),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_S),
            "Topic": topic,
            "Urgency": "normal",
        }
        body = encryption.encrypt(payload, p256dh=browser.p256dh, auth=browser.auth)
        service = urlsplit(browser.endpoint).hostname
        try:
            async with self._session.post(
                browser.endpoint, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
                answer.close()
        except PrivateAddressError:
            logger.warning("the push service %s is not public", service)
            return True
        except (aiohttp.ClientError, OSError, ValueError) as error:
            private = isinstance(error.__cause__, PrivateAddressError)
            logger.warning("push service %s: %s", service, type(error).__name__)
            return private
        if status not in (200, 201, 202, *GONE):
            logger.warning("push service %s: status %d", service, status)
        return status in GONE
