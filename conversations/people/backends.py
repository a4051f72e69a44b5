"""Signing in by a password, whichever form asks for it."""

import logging
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from conversations.people import signin_attempts
from conversations.people.models import User

logger = logging.getLogger(__name__)

# What `login` is told of an account that signs in without a password.
BACKEND = "conversations.people.backends.PasswordBackend"


class PasswordBackend(ModelBackend):
    """Django's, with failures counted, logged and told to the account's owner.

    A refused try leaves in `request.signin_wait` the seconds to wait; 0 says that the name or the
    password is wrong, or with `request.awaits_approval` that the account is not approved yet. No
    other backend is asked after this one. Django makes one for each try.
    """

    _awaits_approval = False

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if username is None or password is None or request is None:
            return None
        request.signin_wait = seconds = signin_attempts.wait(request, username)  # type: ignore[attr-defined]
        user = None if seconds else super().authenticate(request, username, password, **kwargs)
        if self._awaits_approval:  # the password was right
            request.awaits_approval = True  # type: ignore[attr-defined]
            raise PermissionDenied
        if not isinstance(user, User):
            _note_failure(request, username, seconds)
            raise PermissionDenied
        signin_attempts.forget(request, username)
        return user

    def user_can_authenticate(self, user: Any) -> bool:
        self._awaits_approval = user.awaits_approval
        return super().user_can_authenticate(user)


def _note_failure(request: HttpRequest, username: str, seconds: int) -> None:
    """Tell the log, without a name that nobody has, and the account."""
    user = User.objects.filter(username=username).first()
    logger.warning(
        "sign-in failed user=%s address=%s wait_s=%d",
        user.pk if user else "-",
        signin_attempts.address_of(request),
        seconds,
    )
    if user is not None:
        User.objects.filter(pk=user.pk).update(
            failed_signins=F("failed_signins") + 1, last_failed_signin=timezone.now()
        )
