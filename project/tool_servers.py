"""The page *Tools*, for staff: the servers whose tools replies may call. It needs no script."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST

from conversations.fields import valid
from conversations.people.models import User
from conversations.tools import servers
from conversations.tools.models import ToolServer
from conversations.tools.serializers import ToolServerChanges, ToolServerInput
from project.sentences import by_template
from project.staff_pages import for_staff, is_overtaken, rendered, saved, stamp
from streaming.lifecycle import lifecycle
from streaming.tools import lists

# People who may be named on the page.
MOST_NAMES = 1000


class ToolServerForm(forms.Form):
    """A tool server. Its errors are those of the REST API."""

    name = forms.CharField(label=_lazy("Name"))
    url = forms.CharField(label=_lazy("Address"))
    auth = forms.ChoiceField(
        label=_lazy("Signing in"),
        choices=[
            ("none", _lazy("Not needed")),
            ("bearer", _lazy("With a token, the same for everybody")),
            ("header", _lazy("With a header of your own")),
            ("oauth", _lazy("With OAuth: each person signs in")),
        ],
    )
    header = forms.CharField(label=_lazy("Name of the header"), required=False)
    secret = forms.CharField(
        label=_lazy("Token, value of the header, or secret of the client"),
        required=False,
        strip=False,
    )
    issuer = forms.CharField(label=_lazy("OAuth server"), required=False)
    client_id = forms.CharField(label=_lazy("Client ID"), required=False)
    trusted = forms.BooleanField(required=False)
    choose = forms.ChoiceField(
        choices=[
            ("all", _lazy("All, also those that it adds later")),
            ("some", _lazy("Only those that are chosen here")),
        ]
    )
    tools = forms.MultipleChoiceField(required=False)
    audience = forms.ChoiceField(
        choices=[
            ("all", _lazy("Everybody")),
            ("staff", _lazy("Staff")),
            ("people", _lazy("Only the people who are named here")),
        ]
    )
    people = forms.CharField(
        label=_lazy("Usernames"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, listed: Iterable[str] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["tools"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - for mypy
        field.choices = [(name, name) for name in listed]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("audience") == "people":
            data["ids"] = self._named(data.get("people", "").split())
        return data

    def _named(self, names: list[str]) -> list[str]:
        """The ids of people."""
        found = dict(
            User.objects.filter(username__in=names[:MOST_NAMES]).values_list("username", "pk")
        )
        missing = [name for name in names if name not in found]
        if missing:
            sentence = _("There is nobody called %(name)s.") % {"name": missing[0][:150]}
            self.add_error("people", sentence)
        elif not names:
            self.add_error("people", _("Name at least one person."))
        return [str(key) for key in found.values()]

    def body(self) -> dict[str, Any]:
        """The body of the REST call that does the same."""
        data = self.cleaned_data
        body: dict[str, Any] = {name: data[name] for name in ("name", "url", "auth", "trusted")}
        body["audience"] = data["ids"] if data["audience"] == "people" else data["audience"]
        body["enabled_tools"] = None if data["choose"] == "all" else data["tools"]
        if data["auth"] == "header":
            body["header"] = data["header"]
        if data["auth"] == "oauth":
            body |= {name: data[name] for name in ("issuer", "client_id")}
        if data["secret"]:
            body["secret"] = data["secret"]
        return body


@for_staff
async def tool_servers(request: HttpRequest) -> HttpResponse:
    """Show all tool servers."""
    return await _shown(request)


async def _shown(request: HttpRequest, **more: Any) -> HttpResponse:
    rows = await database_sync_to_async(lambda: list(servers.servers()))()
    shown = [{"row": row, "said": _said(row.health or {})} for row in rows]
    return await rendered(request, "tool_servers.html", {"shown": shown, **more})


def _said(health: Mapping[str, Any]) -> str:
    """Why a server did not answer, in the language of the page."""
    return by_template(health.get("template") or health.get("message", ""), health.get("values"))


@for_staff
async def add(request: HttpRequest) -> HttpResponse:
    """Add a tool server, and say what is found there."""
    initial = {"auth": "none", "choose": "all", "audience": "all"}
    form = ToolServerForm(request.POST or None, initial=initial)
    if request.method == "POST" and await database_sync_to_async(form.is_valid)():

        def create() -> ToolServer:
            return servers.create(fields=valid(ToolServerInput(data=form.body())))

        if (row := await saved(form, create)) is not None:
            return await _tell_test(request, row)
    return await _form(request, form)


@for_staff
async def edit(request: HttpRequest, server_id: UUID) -> HttpResponse:
    """Change a tool server, and say what is found there."""
    row: ToolServer = await database_sync_to_async(servers.server)(server_id=server_id)
    listed = list(dict.fromkeys([tool["name"] for tool in row.tools] + (row.enabled_tools or [])))
    initial = await database_sync_to_async(_initial)(row)
    form = ToolServerForm(request.POST or None, initial=initial, listed=listed)
    valid_now = request.method == "POST" and await database_sync_to_async(form.is_valid)()
    if valid_now and not is_overtaken(request, form, initial):

        def change() -> ToolServer:
            changes = valid(ToolServerChanges(data=form.body()))
            return servers.update(row=servers.server(server_id=server_id), changes=changes)

        if (changed := await saved(form, change)) is not None:
            return await _tell_test(request, changed)
    known = {tool["name"]: tool for tool in row.tools}
    chosen = set(form["tools"].value() or ())
    tools = [
        {"name": name, "on": name in chosen, "gone": name not in known, **known.get(name, {})}
        for name in listed
    ]
    return await _form(request, form, server=row, tools=tools, shown=stamp(initial))


async def _form(request: HttpRequest, form: ToolServerForm, **more: Any) -> HttpResponse:
    return await rendered(
        request, "tool_server.html", {"form": form, **more}, 400 if form.errors else 200
    )


SHOWN = ("name", "url", "auth", "header", "issuer", "client_id", "trusted")


def _initial(row: ToolServer) -> dict[str, Any]:
    named = row.audience if isinstance(row.audience, list) else []
    people = User.objects.filter(pk__in=named).order_by("username")
    return {
        **{name: getattr(row, name) for name in SHOWN},
        "choose": "all" if row.enabled_tools is None else "some",
        "tools": row.enabled_tools or [],
        "audience": "people" if isinstance(row.audience, list) else row.audience,
        "people": "\n".join(people.values_list("username", flat=True)),
    }


async def _tell_test(request: HttpRequest, row: ToolServer) -> HttpResponse:
    (await lifecycle.start()).ended_sign_ins.wake()
    user = await request.auser()
    assert isinstance(user, User)  # noqa: S101 - else the page is not there
    found = await lists.test(row, user)
    message = by_template(found.error.template, found.error.values) if found.error else ""
    return await _shown(request, tested_id=row.id, tested_ok=found.ok, tested_message=message)


@require_POST
@for_staff
async def test(request: HttpRequest, server_id: UUID) -> HttpResponse:
    """Say which tools are found at a server, or why none."""
    return await _tell_test(
        request, await database_sync_to_async(servers.server)(server_id=server_id)
    )


@require_POST
@for_staff
async def delete(request: HttpRequest, server_id: UUID) -> HttpResponse:
    """Delete a tool server."""

    def end() -> str:
        row = servers.server(server_id=server_id)
        servers.delete(row=row)
        return row.name

    name = await database_sync_to_async(end)()
    (await lifecycle.start()).ended_sign_ins.wake()
    messages.success(request, _("Deleted “%(name)s”.") % {"name": name})
    return redirect("tool-servers")
