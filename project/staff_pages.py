"""What the pages for staff have in common: who sees them, and how their forms show errors.

The views are coroutines: what they show is asked of other servers, and no thread waits for that.
"""

import hashlib
import json
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
            _add_told(form, (names or {}).get(name, name), told)
        return None
    except Problem as problem:
        _add_error(form, next(iter(problem.fields or {}), None), problem_words(problem))
        return None
    return row


def stamp(shown: Mapping[str, Any]) -> str:
    """Return a short text that changes with what a form shows, for its field `shown`."""
    text = json.dumps(shown, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_overtaken(request: HttpRequest, form: forms.Form, shown: Mapping[str, Any]) -> bool:
    """Whether what a form shows was changed in another window since it was opened: saving would
    undo that. Says so; who saves again knows."""
    seen = request.POST.get("shown")
    if not seen or seen == stamp(shown):
        return False
    form.add_error(
        None, _("This was changed elsewhere while you had it open. Save again to overwrite that.")
    )
    return True


def _add_told(form: forms.Form, field: str, told: Any, part: str = "") -> None:
    """Add the sentences of a field of the REST API, whose parts may be fields here, or have names,
    such as headers."""
    match told:
        case dict():
            for name, below in told.items():
                own = name in form.fields
                _add_told(
                    form,
                    name if own else field,
                    below,
                    "" if own or isinstance(name, int) else name,
                )
        case list():
            for below in told[:1]:
                _add_told(form, field, below, part)
        case _:
            _add_error(form, field, f"{part[:40]}: {told}" if part else str(told))


def _add_error(form: forms.Form, field: str | None, sentence: str) -> None:
    form.add_error(field if field in form.fields else None, sentence)
