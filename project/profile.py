"""The profile page: instructions, password, theme, API keys, signing out everywhere. It needs no
script."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from conversations.errors import NotFound, Problem
from conversations.people import keys, writes
from conversations.people import services as people
from conversations.people.backends import BACKEND
from conversations.people.models import LANGUAGES, THEMES, ApiKey, User
from conversations.people.revoking import revoke
from conversations.people.serializers import MOST_INSTRUCTIONS, MOST_TOKENS
from project.pages import COOKIE_SECONDS, FONTS, remember_language, too_many_attempts
from project.sentences import problem_words
from streaming import hints


class KeyForm(forms.Form):
    """A new API key: its name, permissions and limits."""

    name = forms.CharField(label=_lazy("Name"), max_length=100)
    scopes = forms.MultipleChoiceField(
        choices=[
            (ApiKey.Scope.CHAT.value, _lazy("Send messages and get replies (chat)")),
            (ApiKey.Scope.MODELS.value, _lazy("List models (models)")),
            (ApiKey.Scope.READ.value, _lazy("Read chats and usage (read)")),
        ],
        widget=forms.CheckboxSelectMultiple,
        initial=ApiKey.Scope.values,
        error_messages={"required": _lazy("Select at least one permission.")},
    )
    expires_on = forms.DateField(label=_lazy("Expires"), required=False)
    allowed_models = forms.CharField(label=_lazy("Models"), max_length=2000, required=False)
    tokens_per_day = forms.IntegerField(
        label=_lazy("Tokens per day"), min_value=1, max_value=MOST_TOKENS, required=False
    )
    tokens_per_month = forms.IntegerField(
        label=_lazy("Tokens per month"), min_value=1, max_value=MOST_TOKENS, required=False
    )

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if day is not None and day < timezone.now().date():
            raise forms.ValidationError(_("Must not be in the past."))
        return day

    def clean_allowed_models(self) -> list[str]:
        names = map(str.strip, self.cleaned_data["allowed_models"].split(","))
        return [name for name in names if name]

    def fields_of_key(self) -> dict[str, Any]:
        """Return the arguments of `keys.create`."""
        values = dict(self.cleaned_data)
        day = values.pop("expires_on")
        values["expires_at"] = datetime.combine(day, time.max, UTC) if day else None
        return values


class InstructionsForm(forms.Form):
    """The instructions for the model in every chat."""

    instructions = forms.CharField(
        label=_lazy("Instructions"),
        max_length=MOST_INSTRUCTIONS,
        required=False,
        widget=forms.Textarea,
    )

    def clean_instructions(self) -> str:
        # As a form sends them, lines end with two characters.
        return str(self.cleaned_data["instructions"]).replace("\r\n", "\n")


class PasswordForm(PasswordChangeForm):
    """Django's; guesses of the current password count as attempts to sign in. `wait` is how many
    seconds to wait after too many."""

    error_messages = {
        **PasswordChangeForm.error_messages,
        "password_incorrect": _lazy("Incorrect current password."),
        "password_mismatch": _lazy("The passwords do not match."),
    }
    wait = 0

    def __init__(self, *args: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    def clean_old_password(self) -> str:
        password = str(self.cleaned_data["old_password"])
        name = self.user.get_username()
        if authenticate(self._request, username=name, password=password) is None:
            self.wait = getattr(self._request, "signin_wait", 0)
            if self.wait:
                raise forms.ValidationError(too_many_attempts(self.wait))
            raise forms.ValidationError(self.error_messages["password_incorrect"])
        return password


def show(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render the page; `context` holds a form with errors or a new secret."""
    page = {
        "password_form": PasswordForm(request.user),
        "key_form": KeyForm(),
        "instructions_form": InstructionsForm({"instructions": user_of(request).instructions}),
        "keys": ApiKey.objects.filter(user=user_of(request)),
        "fonts": [("product", "Inter"), ("system", _("System font"))],
        "languages": [("", _("Same as your browser")), *settings.LANGUAGES],
        "themes": [("system", _("System")), ("light", _("Light")), ("dark", _("Dark"))],
        **context,
    }
    return render(request, "profile.html", page, status=status)


def user_of(request: HttpRequest) -> User:
    """Return the signed-in user, as the type checker needs it (`login_required` ran)."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type for the checker
    return request.user


@never_cache
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show the page."""
    return show(request)


@login_required
@require_POST
@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    """Change the password, and end every other session."""
    form = PasswordForm(request.user, request.POST, request=request)
    if not form.is_valid():
        response = show(request, password_form=form, status=429 if form.wait else 400)
        if form.wait:
            response.headers["Retry-After"] = str(form.wait)
        return response
    user = form.save()
    update_session_auth_hash(request, user)
    hints.credentials_changed_sync(user.pk)
    messages.success(request, _("Password changed. Other browsers are signed out."))
    return redirect("profile")


@login_required
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End every session but this one."""
    user = user_of(request)
    people.end_sessions(user=user)
    login(request, user, backend=BACKEND)
    hints.credentials_changed_sync(user.pk)
    messages.success(request, _("Signed out everywhere else."))
    return redirect("profile")


@login_required
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Store the theme in the account, and the theme or the font in a cookie; the chat page writes
    that of the theme, too."""
    response = redirect("profile")
    for name, choices in (("theme", THEMES), ("font", FONTS)):
        if (chosen := request.POST.get(name, "")) in choices:
            response.set_cookie(name, chosen, max_age=COOKIE_SECONDS, samesite="Lax")
            if name == "theme":
                people.update_preferences(user=user_of(request), changes={"theme": chosen})
    return response


@login_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Store the language in the account, and in a cookie of this browser. Empty: the browser
    decides."""
    chosen = request.POST.get("language", "")
    response = redirect("profile")
    if chosen in LANGUAGES or not chosen:
        people.update_preferences(user=user_of(request), changes={"language": chosen})
        remember_language(response, chosen)
    return response


@login_required
@require_POST
def save_instructions(request: HttpRequest) -> HttpResponse:
    """Keep the texts that go to the model with every prompt of the person."""
    form = InstructionsForm(request.POST)
    if not form.is_valid():
        return show(request, instructions_form=form, status=400)
    people.update_preferences(user=user_of(request), changes=form.cleaned_data)
    messages.success(request, _("Custom instructions saved."))
    return redirect("profile")


@login_required
@require_POST
def add_key(request: HttpRequest) -> HttpResponse:
    """Create an API key. Only this response shows its secret."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return show(request, key_form=form, status=400)
    try:
        writes.count(user_of(request))
        secret = keys.create(user=user_of(request), **form.fields_of_key())[1]
    except Problem as problem:
        form.add_error(None, problem_words(problem))
        return show(request, key_form=form, status=problem.http_status)
    response = show(request, secret=secret)
    response.headers["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def revoke_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Revoke a key. Its sockets close and its replies stop."""
    user = user_of(request)
    try:
        key = keys.owned(user, key_id)
    except NotFound:
        raise Http404 from None
    revoke(key)
    messages.success(request, _("Revoked “%(name)s”.") % {"name": key.name})
    return redirect("profile")
