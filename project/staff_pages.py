"""What the pages for staff have in common: who sees them, and how their forms show errors.

The views are coroutines: what they show is asked of other servers, and no thread waits for that.
"""

from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import ValidationError

from conversations.errors import NotFound, Problem
from conversations.people import writes
from conversations.people.models import User
from project.sentences import problem_words

AsyncPageView = Callable[..., Coroutine[Any, Any, HttpResponse]]
StoredRow = TypeVar("StoredRow")


def for_staff(view: AsyncPageView) -> AsyncPageView:
    """Show a page to staff alone; to others it is not there. Changes have their usual pace."""

    @never_cache
    @login_required
    @wraps(view)
    async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = await request.auser()
        if not isinstance(user, User) or not user.is_staff:
            raise Http404
        try:
            if request.method == "POST":
                await sync_to_async(writes.count)(user)
            return await view(request, *args, **kwargs)
        except NotFound:
            raise Http404 from None
        except Problem as problem:
            messages.error(request, problem_words(problem))
            return redirect(f"/{request.path.split('/')[1]}")

    return guarded


async def rendered(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Return a page."""
    return await sync_to_async(render)(request, template, context, status=status)


async def saved(
    form: forms.Form, save: Callable[[], StoredRow], names: Mapping[str, str] | None = None
) -> StoredRow | None:
    """Return the stored row; `None` where the form has errors now. What the REST API refuses is
    shown beside its field, which may have another of the `names` here."""
    try:
        row: StoredRow = await database_sync_to_async(save)()
    except ValidationError as error:
        detail = error.detail if isinstance(error.detail, dict) else {}
        for name, told in detail.items():
            sentence = told[0] if isinstance(told, list) else _("Not valid.")
            _add_error(form, (names or {}).get(name, name), str(sentence))
        return None
    except Problem as problem:
        _add_error(form, next(iter(problem.fields or {}), None), problem_words(problem))
        return None
    return row


def _add_error(form: forms.Form, field: str | None, sentence: str) -> None:
    form.add_error(field if field in form.fields else None, sentence)
