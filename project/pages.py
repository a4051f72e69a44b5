"""The pages that Django renders: welcome, sign-in, the first owner, and the shell of the chat.

They work without JavaScript; only the chat itself needs it.
"""

import asyncio
import logging
import os
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import LoginView, LogoutView
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import RedirectView

from conversations.errors import CacheAway, Problem
from conversations.people import services as people
from conversations.people import signin_attempts
from conversations.people.backends import BACKEND
from conversations.people.models import THEMES, User
from conversations.push import services as push
from conversations.threads import selectors
from project import first_screen
from project.preload import preloaded
from project.security import diagram_policy
from project.sentences import problem_words
from streaming import hints
from streaming.db_threads import EVERY, db_threads

logger = logging.getLogger(__name__)

RECENT = 8
FONTS = ("product", "system")
SETUP_SALT = "first-owner"
COOKIE_SECONDS = 60 * 60 * 24 * 365
# The threads on which passwords are checked, one on each at a time: not those of sockets, and fewer
# than there are processors.
CHECKS = EVERY[-max(1, min(2, (os.cpu_count() or 1) - 1)) :]


def theme(request: HttpRequest) -> dict[str, Any]:
    """Give the templates the visitor's theme and font, so that they are set before the first paint:
    those of this browser, from its cookies, else the theme of the account; and whether the admin
    pages have something for them."""
    chosen, font = (request.COOKIES.get(name) for name in ("theme", "font"))
    if chosen is None and isinstance(request.user, User):
        chosen = request.user.theme
    return {
        "theme": chosen if chosen in THEMES else "system",
        "font": font if font in FONTS else "product",
        # Asked only by the pages that show it.
        "may_administer": lambda: isinstance(request.user, User) and request.user.may_administer,
    }


def remember_language(response: HttpResponseBase, language: str) -> None:
    """Let this browser ask for its pages in the language; empty, as it likes."""
    name = settings.LANGUAGE_COOKIE_NAME
    if language:
        response.set_cookie(name, language, max_age=COOKIE_SECONDS, samesite="Lax")
    else:
        response.delete_cookie(name, samesite="Lax")


def too_many_attempts(seconds: int) -> str:
    """Say when to try again."""
    return _("Too many attempts. Try again in %(seconds)s s.") % {"seconds": seconds}


def setup_path() -> str:
    """Return the one-time path on which the owner account is created."""
    return f"/setup/{signing.dumps('owner', salt=SETUP_SALT)}/"


@never_cache
def welcome(request: HttpRequest) -> HttpResponse:
    """Show the way to the chat and the most recent conversations."""
    if not isinstance(request.user, User):
        if not User.objects.exists():
            return render(request, "setup_needed.html")
        return redirect(f"{reverse('signin')}?next=/")
    recent = selectors.conversations(user=request.user).filter(head__isnull=False)[:RECENT]
    return render(request, "welcome.html", {"recent": recent})


@never_cache
@login_required
@ensure_csrf_cookie
def chat(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """Show the page of the chat, with the data that it would ask for first.

    A missing or foreign conversation adds no data: the page asks for it and shows the error.
    """
    data = None
    if conversation_id and isinstance(request.user, User):
        data = preloaded(request.user, conversation_id)
    # Who reloads comes back to where they were, which only the browser knows.
    reloaded = request.headers.get("Cache-Control") == "max-age=0"
    picture = first_screen.drawn(data["messages"]) if data and not reloaded else None
    return render(request, "chat.html", {"opened": data, "first_screen": picture})


@xframe_options_sameorigin
def diagram(request: HttpRequest) -> HttpResponse:
    """Show the frame that draws diagrams, under a content security policy of its own."""
    response = render(request, "diagram.html")
    origin = f"{request.scheme}://{request.get_host()}"
    response.headers["Content-Security-Policy"] = diagram_policy(origin)
    return response


class SignInForm(AuthenticationForm):
    """Username and password, with the sentence that the page's own dialog has."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _lazy("Incorrect username or password."),
    }


class SignInView(LoginView):
    """Sign in by name and password. Too many attempts are refused with the time to wait."""

    form_class = SignInForm
    template_name = "signin.html"
    redirect_authenticated_user = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not User.objects.exists():
            return render(request, "setup_needed.html")
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = super().post(request, *args, **kwargs)
        except CacheAway as error:
            logger.error("Sign-in attempts cannot be counted: %s", error)
            return self._refuse(_("Sign-in is temporarily unavailable. Try again shortly."), 503, 5)
        if getattr(request, "awaits_approval", False):
            return self._refuse(_("Your account is not approved yet. Try again later."), 403)
        if seconds := getattr(request, "signin_wait", 0):
            sentence = too_many_attempts(seconds)
            return self._refuse(sentence, 429, seconds)
        return response

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, and tell of failed attempts since the last time."""
        user = form.get_user()
        response = super().form_valid(form)
        signin_attempts.remember_device(self.request, response, user.get_username())
        if isinstance(user, User) and user.language:
            remember_language(response, user.language)
        if isinstance(user, User) and (failures := people.take_failed_signins(user=user)):
            messages.warning(self.request, failures)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"open": settings.SIGN_UP == "open", **super().get_context_data(**kwargs)}

    def _refuse(self, sentence: str, status: int, seconds: int = 0) -> HttpResponse:
        form = self.get_form_class()(self.request)
        form.cleaned_data = {}
        form._errors = forms.utils.ErrorDict()  # type: ignore[attr-defined]
        form.add_error(None, sentence)
        response = self.render_to_response(self.get_context_data(form=form), status=status)
        if seconds:
            response.headers["Retry-After"] = str(seconds)
        return response


class SignOutView(LogoutView):
    """End the session and close its sockets."""

    http_method_names = ["post", "options"]

    def get_success_url(self) -> str:
        """Lead to the sign-in page, where a script clears what this browser has stored."""
        return f"{reverse('signin')}?signed-out"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user, cookie = request.user, request.session.session_key
        response = super().post(request, *args, **kwargs)
        if cookie:
            push.forget_session(cookie=cookie)
        if isinstance(user, User):
            hints.credentials_changed_sync(user.pk)
        # Nothing of the person is left in the browser: drafts, lists, cached pages.
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


class PasswordsForm(forms.Form):
    """A new password, twice."""

    password1 = forms.CharField(label=_lazy("Password"), strip=False, widget=forms.PasswordInput)
    password2 = forms.CharField(
        label=_lazy("Confirm password"), strip=False, widget=forms.PasswordInput
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("password1") and data.get("password1") != data.get("password2"):
            self.add_error("password2", _("The passwords do not match."))
        return data

    def refuse(self, problem: Problem) -> None:
        """Show a problem at the field that it names, or above the form."""
        fields = problem.fields or {}
        field = (
            "password1" if "password" in fields else "username" if "username" in fields else None
        )
        self.add_error(field, problem_words(problem))


class AccountForm(PasswordsForm):
    """A new account."""

    username = forms.CharField(max_length=150)


@never_cache
@sensitive_post_parameters()
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Create the owner account, once, for a visitor with the link that the server printed."""
    try:
        signing.loads(token, salt=SETUP_SALT)
    except signing.BadSignature:
        raise Http404 from None
    if User.objects.exists():
        if not request.user.is_authenticated:
            sentence = _("This server has an account already, so the link does nothing. Sign in.")
            messages.info(request, sentence)
        return redirect("signin")
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = people.create_owner(
                username=form.cleaned_data["username"], password=form.cleaned_data["password1"]
            )
        except Problem as problem:
            form.refuse(problem)
        else:
            login(request, user, backend=BACKEND)
            return redirect("welcome")
    return render(request, "setup.html", {"form": form}, status=400 if form.errors else 200)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 404 with a page."""
    return _error(request, 404, _("Page not found"), _("There’s nothing at this address."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 403 with a page: somebody is signed in, but may not do this."""
    sentence = _("Your account isn’t allowed to open it. Whoever runs this server can change that.")
    return _error(request, 403, _("You can’t open this page"), sentence)


def admin_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for name and password where all others are asked: attempts are counted there. Who is
    signed in and comes here may not see the admin pages, and would be sent around in a circle."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return RedirectView.as_view(pattern_name="signin", query_string=True)(request)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer 500 with a page. REST views answer in JSON by themselves."""
    request.user = AnonymousUser()  # the page asks who it is, and the database may be away
    return _error(request, 500, _("Something went wrong"), _("Something went wrong on the server."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer 403 to a form whose CSRF token is missing or old.

    Signing in changes the token, so the sign-in form of a second tab is old once the first tab has
    signed in: it leads on, as if it were opened now.
    """
    if request.path == reverse("signin") and request.user.is_authenticated:
        view = SignInView()
        view.setup(request)
        return redirect(view.get_success_url())
    sentence = _("This form has expired. Go back, reload the page and try again.")
    return _error(request, 403, _("Try again"), sentence)


def _error(request: HttpRequest, status: int, title: str, message: str) -> HttpResponseBase:
    return render(request, "error.html", {"title": title, "message": message}, status=status)


_sign_in = sync_to_async(method_decorator(never_cache, name="dispatch")(SignInView).as_view())
# To check a password takes a processor for a while, and one of the few threads that all requests
# share: others need them, too.
_checks = asyncio.Semaphore(len(CHECKS))


async def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Show the form, or sign in. Who waits for another's password to be checked holds no thread.

    A check takes 16 MB, which its thread keeps: so it is always done by one of the same few.
    """
    if request.method != "POST":
        return await _sign_in(request)
    async with _checks, db_threads.borrow(CHECKS):
        return await _sign_in(request)


sign_out = SignOutView.as_view()
