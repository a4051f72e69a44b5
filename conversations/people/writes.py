"""The rate limit on writes by REST and on the pages. The chat page stays far below it."""

from math import ceil
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from rest_framework import permissions, throttling
from rest_framework.request import Request

from conversations.errors import TooManyRequests
from conversations.people.models import User
from conversations.rates import Rate

if TYPE_CHECKING:  # at run time a circle: REST framework imports this module to build it
    from rest_framework.views import APIView

AT_ONCE: Final = 60
A_SECOND: Final = 10
_RATE: Final = Rate("writes", most=AT_ONCE, seconds=AT_ONCE / A_SECOND)


def count(user: User) -> None:
    """Count a change. Raises `TooManyRequests`."""
    if wait := _RATE.take(user.pk):
        sentence = _("You may change %(most)s things a second. Try again in %(seconds)s s.")
        values = {"most": A_SECOND, "seconds": ceil(wait)}
        raise TooManyRequests(sentence % values, retry_after=wait)


class WriteThrottle(throttling.BaseThrottle):
    """Counts what changes something, on every view of REST framework."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if request.method not in permissions.SAFE_METHODS and isinstance(request.user, User):
            count(request.user)
        return True
