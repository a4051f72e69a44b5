"""The page *People*, for staff: accounts, invitations, and who waits for approval. It needs no
script."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from conversations.errors import NotFound, Problem
from conversations.people import directory, invitations, services
from conversations.people.links import absolute
from conversations.people.models import User
from conversations.people.serializers import MOST_TOKENS
from conversations.people.staff_serializers import MOST_REQUESTS, last_seen
from conversations.threads import ratings
from conversations.threads.models import Rating
from project.profile import user_of
from project.sentences import problem_words

PEOPLE_A_PAGE = 100
# Models whose ratings are shown, those with the most.
RATED_MODELS = 20

PageView = Callable[..., HttpResponse]


class InvitationForm(forms.Form):
    """For whom an invitation is, and how long it holds."""

    name = forms.CharField(label=_lazy("For"), max_length=150, required=False)
    days = forms.IntegerField(
        label=_lazy("Days"),
        min_value=1,
        max_value=invitations.MOST_DAYS,
        initial=invitations.USUAL_DAYS,
    )
    is_staff = forms.BooleanField(label=_lazy("Staff"), required=False)


class LimitsForm(forms.Form):
    """The limits of a person. Empty: the usual ones; 0: none."""

    requests_per_minute = forms.IntegerField(
        label=_lazy("Requests per minute"), min_value=0, max_value=MOST_REQUESTS, required=False
    )
    concurrent_requests = forms.IntegerField(
        label=_lazy("Replies at once"), min_value=0, max_value=MOST_REQUESTS, required=False
    )
    tokens_per_day = forms.IntegerField(
        label=_lazy("Tokens per day"), min_value=0, max_value=MOST_TOKENS, required=False
    )
    tokens_per_month = forms.IntegerField(
        label=_lazy("Tokens per month"), min_value=0, max_value=MOST_TOKENS, required=False
    )


def for_staff(view: PageView) -> PageView:
    """Show a page to staff alone; to others it is not there."""

    @never_cache
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not user_of(request).is_staff:
            raise Http404
        try:
            return view(request, *args, **kwargs)
        except NotFound:
            raise Http404 from None
        except Problem as problem:
            messages.error(request, problem_words(problem))
            return redirect("people")

    return guarded


def show(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render the page; `context` holds a form with errors or a new link."""
    rows = directory.people().filter(awaits_approval=False)
    page = Paginator(rows, PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    for row in page.object_list:
        row.last_seen = last_seen(row)
        row.limits_form = LimitsForm(
            initial={name: getattr(row, name) for name in LimitsForm.base_fields},
            auto_id=f"{row.pk}-%s",
        )
    shown = {
        "people": page,
        "waiting": directory.people().filter(awaits_approval=True),
        "invitations": invitations.open_invitations(),
        "invitation_form": InvitationForm(),
        "is_owner": user_of(request).is_superuser,
        "ratings": ratings.by_model(Rating.objects.all())[:RATED_MODELS],
        **context,
    }
    return render(request, "people.html", shown, status=status)


@for_staff
def people(request: HttpRequest) -> HttpResponse:
    """Show the page."""
    return show(request)


@require_POST
@for_staff
def invite(request: HttpRequest) -> HttpResponse:
    """Make an invitation. Only this response shows its link."""
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return show(request, invitation_form=form, status=400)
    secret = invitations.invite(inviter=user_of(request), **form.cleaned_data)[1]
    return show(request, link=absolute(request, f"/invite/{secret}"), link_for="invitation")


@require_POST
@for_staff
def withdraw(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """End an invitation."""
    invitations.withdraw(invitation_id=invitation_id)
    messages.success(request, _("Invitation withdrawn."))
    return redirect("people")


@require_POST
@for_staff
def change(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Activate or deactivate an account: `active` is `on` or `off`."""
    user = directory.person(user_id)
    active = request.POST.get("active") == "on"
    directory.change(actor=user_of(request), user=user, changes={"is_active": active})
    done = _("Activated “%(name)s”.") if active else _("Deactivated “%(name)s”.")
    messages.success(request, done % {"name": user.username})
    return redirect("people")


@require_POST
@for_staff
def refuse(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Delete an account that waits for approval."""
    user = directory.person(user_id)
    directory.refuse(user=user)
    messages.success(request, _("Refused “%(name)s”.") % {"name": user.username})
    return redirect("people")


@require_POST
@for_staff
def limit(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Change the limits of an account."""
    user = directory.person(user_id)
    form = LimitsForm(request.POST)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        messages.error(request, f"{form.fields[field].label}: {' '.join(map(str, errors))}")
        return redirect("people")
    directory.change(actor=user_of(request), user=user, changes=form.cleaned_data)
    messages.success(request, _("Changed the limits of “%(name)s”.") % {"name": user.username})
    return redirect("people")


@require_POST
@for_staff
def reset(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Make a link on which a person sets a new password. Only this response shows it."""
    user: User = directory.person(user_id)
    if user.is_staff:
        services.require_owner(user_of(request))
    path = invitations.reset_path(user)[0]
    return show(request, link=absolute(request, path), link_for=user.username)
