"""The way of a person to the OAuth server of a tool server, and back.

Both ends are addresses that a browser opens. The session that left is the one that may come back.
"""

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
)
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from conversations.errors import Problem
from conversations.people import writes
from conversations.people.links import absolute
from conversations.people.models import User
from conversations.tools import servers
from conversations.tools.built_in import ToolFailed
from conversations.tools.models import ToolServer
from project.sentences import by_template, problem_words
from project.staff_pages import rendered
from streaming.lifecycle import lifecycle
from streaming.rest.tool_servers import document_address, way_out
from streaming.tools import lists, oauth, sign_in

# Characters of each value that an OAuth server may bring back.
MOST = 4000


@never_cache
@login_required
@require_GET
async def leave(request: HttpRequest, name: str) -> HttpResponse:
    """Send a person to the OAuth server of a tool server, by the name that a call tells."""
    user = await request.auser()
    if not isinstance(user, User):
        raise Http404
    try:
        await sync_to_async(writes.count)(user)
        server: ToolServer = await database_sync_to_async(servers.for_call)(user=user, name=name)
        return HttpResponseRedirect(await way_out(request, user, server))
    except Problem as error:
        return await _failed(request, problem_words(error), again=request.path)
    except ToolFailed as error:
        return await _failed(request, _said(error), again=request.path)


@never_cache
@login_required
@require_GET
async def come_back(request: HttpRequest) -> HttpResponse:
    """Sign in with what the OAuth server brings back, and let what waited for it go on."""
    user = await request.auser()
    if not isinstance(user, User):
        raise Http404
    given = request.GET.dict()
    answer = {name: str(value) for name, value in given.items() if len(value) <= MOST}
    session = request.session.session_key or ""
    try:
        server = await sign_in.finish(user, answer, session=session)
    except ToolFailed as error:
        return await _failed(request, _said(error))
    if not server.tools:
        await lists.test(server, user)
    turns = (await lifecycle.start()).turns
    await turns.signed_in(user, server)
    return await rendered(request, "tool_sign_in.html", {"server": server.name})


@require_GET
def client_document(request: HttpRequest) -> HttpResponse:
    """Describe this server as a client, to OAuth servers that read it at the client's id."""
    address = document_address()
    if not address:
        raise Http404
    callback = absolute(request, reverse("tool-callback"))
    return JsonResponse(oauth.client_document(address, redirect_uri=callback))


def _said(error: ToolFailed) -> str:
    return by_template(error.template, error.values)


async def _failed(request: HttpRequest, sentence: str, again: str = "") -> HttpResponse:
    context = {"title": _("Signing in did not work"), "message": sentence, "again": again}
    return await rendered(request, "tool_sign_in.html", context, status=400)
