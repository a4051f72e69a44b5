"""The pages on which people join: by an invitation, by asking for an account, and with a link that
sets a new password. They work without JavaScript."""

import logging

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from conversations.errors import CacheAway, NotFound, Problem
from conversations.people import invitations, signin_attempts
from conversations.people.backends import BACKEND
from project.pages import AccountForm, PasswordsForm, too_many_attempts
from streaming import hints

logger = logging.getLogger(__name__)


@never_cache
@sensitive_post_parameters()
def accept(request: HttpRequest, secret: str) -> HttpResponse:
    """Make the account of an invitation, and sign in."""
    try:
        invitations.find(secret=secret)
    except NotFound:
        return _over(request, _("This invitation is not valid"))
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = invitations.accept(
                secret=secret,
                username=form.cleaned_data["username"],
                password=form.cleaned_data["password1"],
            )
        except NotFound:  # used meanwhile
            return _over(request, _("This invitation is not valid"))
        except Problem as problem:
            form.refuse(problem)
        else:
            login(request, user, backend=BACKEND)
            return redirect("welcome")
    return _show(request, "invite.html", form)


@never_cache
@sensitive_post_parameters()
def sign_up(request: HttpRequest) -> HttpResponse:
    """Ask for an account, where strangers may."""
    if settings.SIGN_UP != "open":
        raise Http404
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if seconds := signin_attempts.wait_to_sign_up(request):
                form.add_error(None, too_many_attempts(seconds))
                response = _show(request, "signup.html", form, status=429)
                response.headers["Retry-After"] = str(seconds)
                return response
            invitations.ask_for_account(
                username=form.cleaned_data["username"], password=form.cleaned_data["password1"]
            )
        except CacheAway as error:
            logger.error("Sign-ups cannot be counted: %s", error)
            form.add_error(None, _("Signing up is temporarily unavailable. Try again shortly."))
            return _show(request, "signup.html", form, status=503)
        except Problem as problem:
            form.refuse(problem)
        else:
            return render(request, "signup.html", {"sent": True})
    return _show(request, "signup.html", form)


@never_cache
@sensitive_post_parameters()
def reset(request: HttpRequest, name: str, token: str) -> HttpResponse:
    """Set a new password, and sign in. All other sessions of the account end."""
    try:
        user = invitations.of_reset(name=name, token=token)
    except NotFound:
        return _over(request, _("This link is not valid"))
    form = PasswordsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invitations.set_password(user=user, password=form.cleaned_data["password1"])
        except Problem as problem:
            form.refuse(problem)
        else:
            login(request, user, backend=BACKEND)
            hints.credentials_changed_sync(user.pk)
            return redirect("welcome")
    return _show(request, "reset.html", form, username=user.username)


def _show(
    request: HttpRequest,
    template: str,
    form: PasswordsForm,
    *,
    status: int | None = None,
    **context: str,
) -> HttpResponse:
    code = status or (400 if form.errors else 200)
    return render(request, template, {"form": form, **context}, status=code)


def _over(request: HttpRequest, title: str) -> HttpResponse:
    context = {"title": title, "message": _("It was used or has expired. Ask for a new one.")}
    return render(request, "error.html", context, status=404)
