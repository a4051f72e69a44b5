"""What API keys and staff may do over REST. A session may do all that its user may."""

from typing import TYPE_CHECKING

from rest_framework import permissions
from rest_framework.request import Request

from conversations.errors import MissingScope, StaffOnly
from conversations.people import keys
from conversations.people.authentication import key_of

if TYPE_CHECKING:  # at run time a circle: REST framework imports this module to build it
    from rest_framework.views import APIView


class KeyScope(permissions.BasePermission):
    """Requires the scope `read` for safe methods and `chat` for others, or the `scope` of the
    view (`""`: no scope)."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        key = key_of(request)
        if scope := getattr(view, "scope", default_scope(request.method)):
            keys.require(key, scope)
        return True


class KeyManagement(permissions.BasePermission):
    """Refuses keys: one could make another that may do more. A key may only revoke itself."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        key = key_of(request)
        revokes_itself = request.method == "DELETE" and view.kwargs.get("pk") == getattr(
            key, "pk", None
        )
        if key is not None and not revokes_itself:
            raise MissingScope("An API key can only revoke itself. Sign in to manage API keys.")
        return True


class OwnSession(permissions.BasePermission):
    """Refuses keys: what is asked belongs to a browser."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if key_of(request) is not None:
            raise MissingScope("An API key cannot do this. Sign in here first.")
        return True


class StaffSession(permissions.BasePermission):
    """Requires a session of staff. Refuses keys, which could give themselves more."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not getattr(request.user, "is_staff", False):
            raise StaffOnly
        if key_of(request) is not None:
            raise MissingScope("API keys cannot manage the server. Sign in.")
        return True


class Staff(permissions.BasePermission):
    """Requires staff. Of keys only one without bounds: another could give itself more."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not getattr(request.user, "is_staff", False):
            raise StaffOnly
        keys.require_unbounded(key_of(request))
        return True


# Of views about the server: for staff with a session or a key, and for sessions alone.
FOR_STAFF = (permissions.IsAuthenticated, Staff)
FOR_STAFF_SESSIONS = (permissions.IsAuthenticated, StaffSession)


def default_scope(method: str | None) -> str:
    """Return the scope that an HTTP method needs by default."""
    return "read" if method in permissions.SAFE_METHODS else "chat"
