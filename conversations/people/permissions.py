"""What an API key may do by REST. A session may do all that its user may."""

from typing import TYPE_CHECKING

from rest_framework import permissions
from rest_framework.request import Request

from conversations.people import keys
from conversations.people.authentication import key_of

if TYPE_CHECKING:  # REST framework imports this module while it makes that one
    from rest_framework.views import APIView


class KeyScope(permissions.BasePermission):
    """An API key does what its scopes say: `read` to look, `chat` to change something, unless
    the view names its own `scope` (`""`: any key will do)."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        key = key_of(request)
        if scope := getattr(view, "scope", usual_scope(request.method)):
            keys.require(key, scope)
        return True


class KeyManagement(permissions.BasePermission):
    """Keys are not managed by a key that may do less than its user."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        keys.require_unbounded(key_of(request))
        return True


def usual_scope(method: str | None) -> str:
    """What a call of this HTTP method needs, where a view does not say otherwise."""
    return "read" if method in permissions.SAFE_METHODS else "chat"
