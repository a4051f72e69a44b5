"""Failed sign-ins, counted wherever a password is checked, and what follows from them.

One counter is for a name from one address: after `FREE` failures each further try has to wait,
longer each time. One is for a name from all addresses together, since an attacker has many, and one
for all names from one address, since each check of a password takes a processor for a while. A
browser that has signed in to the account before is held to neither, so nobody can lock others out.
Counters live in the cache, so all processes count together. Their keys are hashes: neither names
nor what a client writes into a header gets there.
"""

import ipaddress
import math
import time
import unicodedata
from typing import Final

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from conversations.rates import Rate

# Failures of a name from one address without a wait, and the seconds after which they are
# forgotten.
FREE: Final = 10
SPAN: Final = 15 * 60
# The first wait, in seconds; each is twice as long as the one before, up to `SPAN`.
FIRST_WAIT: Final = 30
# Tries for a name from all addresses together, within an hour.
PER_ACCOUNT: Final = 100
HOUR: Final = 3600
# Tries of an address for all names together: everybody in a house may sign in at once.
OF_ADDRESS: Final = Rate("signin-address", most=60, seconds=60)

KNOWN_COOKIE: Final = "known_device"
KNOWN_SECONDS: Final = 365 * 24 * HOUR
# Names that one browser is known for.
MOST_KNOWN: Final = 5
_SALT: Final = "signin attempts"


def wait(request: HttpRequest, username: str) -> int:
    """Count a try, and return 0 when its password may be checked; else the seconds to wait.

    Of tries that come at once, no more are let through than one after the other.
    """
    name, address = _normal(username), address_of(request)
    pair = _key(f"{name}\0{address}")
    now = time.time()
    if (until := float(cache.get(f"{pair}:until", 0.0))) > now:
        return _whole(until - now)
    over = _count(f"{pair}:tries", SPAN) - FREE + 1
    if over > 0:  # the next one waits; of several at once, this is the one that goes on
        pause = min(FIRST_WAIT * 2 ** min(over - 1, 20), SPAN)
        cache.touch(f"{pair}:tries", SPAN + pause)
        if not cache.add(f"{pair}:until", now + pause, pause):
            return _whole(float(cache.get(f"{pair}:until", now)) - now)
    if _is_known(request, name):
        return 0
    if _count(f"{_key(name)}:account", HOUR) > PER_ACCOUNT:
        return SPAN
    return _whole(seconds) if (seconds := OF_ADDRESS.take(address)) else 0


def wait_to_sign_up(request: HttpRequest) -> int:
    """`wait` for a request for an account, which all come under one name."""
    return wait(request, ":sign-up")


def forget(request: HttpRequest, username: str) -> None:
    """The password was right: tries of this name from this address cost nothing again."""
    pair = _key(f"{_normal(username)}\0{address_of(request)}")
    cache.delete_many([f"{pair}:tries", f"{pair}:until"])


def remember_device(request: HttpRequest, response: HttpResponse, username: str) -> None:
    """Let the browser be known to the account, by a signed cookie."""
    names = [_key(_normal(username)), *_known(request)]
    value = signing.dumps(list(dict.fromkeys(names))[:MOST_KNOWN], salt=_SALT)
    response.set_cookie(
        KNOWN_COOKIE,
        value,
        max_age=KNOWN_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
        path="/signin/",
    )


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as `client_address` has it."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return client_address(str(request.META.get("REMOTE_ADDR", "")), forwarded)


def client_address(peer: str, forwarded: str) -> str:
    """The address of a client: its `peer`, or what the nearest `TRUSTED_PROXIES` proxies say of it
    (`forwarded` is the header). Of an IPv6 address the network, which one household has as a
    whole."""
    address = peer
    if hops := settings.TRUSTED_PROXIES:
        hop_addresses = forwarded.split(",")
        if len(hop_addresses) >= hops and hop_addresses[-hops].strip():
            address = hop_addresses[-hops].strip()
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _normal(username: str) -> str:
    """A name as all its spellings have it."""
    return "".join(unicodedata.normalize("NFKC", username[:1000]).casefold().split())


def _key(value: str) -> str:
    return "signin:" + salted_hmac(_SALT, value, algorithm="sha256").hexdigest()[:32]


def _count(key: str, seconds: int) -> int:
    cache.add(key, 0, seconds)
    try:
        return int(cache.incr(key))
    except ValueError:  # it was forgotten in between
        cache.set(key, 1, seconds)
        return 1


def _known(request: HttpRequest) -> list[str]:
    try:
        names = signing.loads(
            request.COOKIES.get(KNOWN_COOKIE, ""), salt=_SALT, max_age=KNOWN_SECONDS
        )
    except signing.BadSignature:
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _is_known(request: HttpRequest, name: str) -> bool:
    return _key(name) in _known(request)


def _whole(seconds: float) -> int:
    return max(1, math.ceil(seconds))
