"""Which addresses of push services are taken: public ones, by HTTPS.

The address comes from whoever has an account, and we ask it: it must not lead inside.
"""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from conversations.public_addresses import is_public

# Names that are resolved inside a house alone.
_INSIDE: Final = (".localhost", ".local", ".internal", ".home.arpa", ".lan")


def refusal(endpoint: str) -> str:
    """Why an address is not taken, in a sentence; empty when it is. The addresses behind its name
    are looked at when it is asked."""
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return "Must be an address."
    host = parts.hostname or ""
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        return "Must be the address of a push service."
    if settings.PUSH_PRIVATE_SERVICES:
        return "" if parts.scheme in ("http", "https") else "Must be an address with http(s)."
    if parts.scheme != "https" or port not in (None, 443):
        return "Must be an address with https, at its usual port."
    if _is_inside(host):
        return "Must be a public address."
    return ""


def _is_inside(host: str) -> bool:
    name = host.rstrip(".").lower()
    if ":" in name or name.replace(".", "").isdigit():
        return not is_public(name)
    return "." not in name or name.endswith(_INSIDE)
