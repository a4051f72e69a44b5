"""The page *Connections*, for staff: model servers, and what answers by default.

The views are coroutines: what they show is asked of the servers, and no thread waits for that.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import gettext_noop as _noop
from django.views.decorators.http import require_POST

from conversations.connections import services
from conversations.connections.models import Connection
from conversations.connections.serializers import ConnectionChanges, ConnectionInput
from conversations.fields import valid
from project.sentences import by_code
from project.staff_pages import for_staff, is_overtaken, rendered, saved, stamp
from streaming.connections import Connections, is_own, look_at
from streaming.lifecycle import lifecycle

# Who may answer instead, on the page.
FALLBACKS = 3
# A line of the field *Models*: all are offered, and the others only give labels.
EVERY = "*"
# The fields that a server is asked with for its models.
HOW_TO_REACH = ("label", "kind", "base_url", "api_key", "headers", "query", "ca")
# Models that the list of the form shows.
MOST_LISTED = 2_000
# What providers of the settings are called where they have no name of their own.
OWN_LABELS = (
    _noop("The embedded model"),
    _noop("The inference service"),
    _noop("The OpenAI-compatible server"),
)


def _area(label: Any, **options: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=label, required=False, widget=widget, **options)


# What is known of servers that many have, by the name that a connection to one gets.
PRESETS: dict[str, dict[str, str]] = {
    "openrouter": {
        "label": "OpenRouter",
        "kind": "openai",
        "base_url": "https://openrouter.ai/api/v1",
    },
    "mistral": {"label": "Mistral", "kind": "openai", "base_url": "https://api.mistral.ai/v1"},
    "lm-studio": {"label": "LM Studio", "kind": "openai", "base_url": "http://localhost:1234/v1"},
    "llama-cpp": {"label": "llama.cpp", "kind": "openai", "base_url": "http://localhost:8080/v1"},
}


class ConnectionForm(forms.Form):
    """A connection. Its errors are those of the REST API."""

    name = forms.CharField(label=_lazy("Name"))
    label = forms.CharField(label=_lazy("Label"), required=False)
    kind = forms.ChoiceField(
        label=_lazy("Protocol"),
        choices=[
            ("ollama", "Ollama"),
            ("openai", _lazy("OpenAI, or compatible with it")),
            ("inference", _lazy("Inference service")),
        ],
    )
    base_url = forms.CharField(label=_lazy("Address"))
    api_key = forms.CharField(label=_lazy("API key"), required=False, strip=False)
    forget_key = forms.BooleanField(required=False)
    headers = _area(_lazy("Headers"))
    query = _area(_lazy("Query parameters"))
    offered = _area(_lazy("Models"))
    ca = _area(_lazy("Certificates"))
    first_byte_s = forms.FloatField(label=_lazy("Seconds until the first word"), required=False)
    gap_s = forms.FloatField(label=_lazy("Seconds of silence within a reply"), required=False)
    places = forms.IntegerField(label=_lazy("Requests at once"), required=False)
    enabled = forms.BooleanField(required=False)

    def body(self, *, new: bool) -> dict[str, Any]:
        """The body of the REST call that does the same."""
        data = self.cleaned_data
        names = _pairs(data["offered"], "=")
        every = names.pop(EVERY, None) is not None
        body = {name: data[name] for name in ("label", "kind", "base_url", "ca")} | {
            "headers": {name: text or None for name, text in _pairs(data["headers"], ":").items()},
            "query": _pairs(data["query"], "="),
            "models_filter": [] if every else [*names],
            "model_labels": {name: text for name, text in names.items() if text},
            "timeouts": {"first_byte_s": data["first_byte_s"], "gap_s": data["gap_s"]},
            "places": data["places"],
            "enabled": data["enabled"],
        }
        if new:
            body["name"] = data["name"]
        if data["api_key"] or data["forget_key"]:
            body["api_key"] = data["api_key"]
        return body


def _pairs(text: str, sign: str) -> dict[str, str]:
    """The names and values of lines such as `name=value`; a line may be a name alone."""
    lines = (line.partition(sign) for line in text.splitlines() if line.strip())
    return {name.strip(): value.strip() for name, _, value in lines}


async def _theirs() -> Connections:
    return (await lifecycle.start()).connections


@for_staff
async def connections(request: HttpRequest) -> HttpResponse:
    """Show all connections, and what answers by default."""
    return await _shown(request)


async def _shown(request: HttpRequest, **more: Any) -> HttpResponse:
    theirs = await _theirs()
    rows, defaults = await theirs.listed(), theirs.defaults()
    for row in rows:
        if row["label"] in OWN_LABELS:
            row["label"] = _(row["label"])
        row["said"] = _health(row)
        if row["id"] == more.get("tested_id"):
            row["tested"] = {**more["tested"], "said": _outcome(row, more["tested"])}
    fallbacks = [*defaults["fallbacks"], *[""] * FALLBACKS][:FALLBACKS]
    context = {"rows": rows, "defaults": defaults, "fallbacks": fallbacks}
    return await rendered(request, "connections.html", {**context, **more})


def _health(row: Mapping[str, Any]) -> str:
    """What is said of a connection."""
    if (health := row["health"]) is None:
        return _("Switched off.")
    return by_code(health["code"], health["message"], label=row["label"] or row["name"])


def _outcome(row: Mapping[str, Any], tested: Mapping[str, Any]) -> str:
    """What is said of a test. English counts the models in a sentence."""
    label = row["label"] or row["name"]
    if tested["code"] != "answers" or get_language() in (None, "en"):
        return by_code(tested["code"], tested["message"], label=label)
    who = f"{label} {tested['version']}".strip()
    found = by_code("models_found", "", label=who, count=tested["model_count"])
    return f"{found} {by_code('is_ollama', '')}" if tested["suggestion"] else found


@for_staff
async def add(request: HttpRequest) -> HttpResponse:
    """Add a connection, and say what is found there."""
    chosen = request.GET.get("preset", "")
    preset = PRESETS.get(chosen, {"kind": "openai"})
    name = chosen if chosen in PRESETS else ""
    initial = {"name": name, "enabled": True, **preset}
    form = ConnectionForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():

        def create() -> Connection:
            return services.create(fields=valid(ConnectionInput(data=form.body(new=True))))

        if (row := await _saved(form, create)) is not None:
            return await _tell_test(request, row.pk)
    context = {"form": form, "presets": PRESETS, "preset": name}
    return await rendered(request, "connection.html", context, 400 if form.errors else 200)


@for_staff
async def edit(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Change a connection, and say what is found there."""
    row: Connection = await database_sync_to_async(services.connection)(connection_id=connection_id)
    initial = _initial(row)
    form = ConnectionForm(request.POST or None, initial=initial)
    form.fields["name"].required = False
    valid_now = request.method == "POST" and form.is_valid()
    if valid_now and not is_overtaken(request, form, initial):

        def change() -> Connection:
            changes = valid(ConnectionChanges(data=form.body(new=False)))
            return services.update(row=row, changes=changes)

        if await _saved(form, change) is not None:
            return await _tell_test(request, row.pk)
    context = {
        "form": form,
        "connection": row,
        "has_key": bool(row.api_key),
        "shown": stamp(initial),
    }
    return await rendered(request, "connection.html", context, 400 if form.errors else 200)


def _initial(row: Connection) -> dict[str, Any]:
    labels = row.model_labels
    offered = [*dict.fromkeys([*row.models_filter, *labels])]
    if labels and not row.models_filter:
        offered.insert(0, EVERY)
    return {
        **{name: getattr(row, name) for name in ("name", "label", "kind", "base_url", "ca")},
        "headers": "\n".join(f"{name}:" for name in services.headers_of(row)),
        "query": "\n".join(f"{name}={value}" for name, value in row.query.items()),
        "offered": "\n".join(
            f"{name} = {labels[name]}" if name in labels else name for name in offered
        ),
        "first_byte_s": row.first_byte_timeout_s,
        "gap_s": row.gap_timeout_s,
        "places": row.places,
        "enabled": row.enabled,
    }


async def _saved(form: ConnectionForm, save: Callable[[], Connection]) -> Connection | None:
    """The stored connection; `None` where the form has errors now."""
    row = await saved(form, save, {"timeouts": "first_byte_s", "models_filter": "offered"})
    if row is not None:
        await (await _theirs()).changed()
    return row


async def _tell_test(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    outcome = await (await _theirs()).test(connection_id)
    return await _shown(request, tested=outcome, tested_id=connection_id)


@require_POST
@for_staff
async def model_names(request: HttpRequest, connection_id: UUID | None = None) -> HttpResponse:
    """Tell the models at the address of a form that is not saved, for its list: as JSON."""
    form = ConnectionForm(request.POST)
    for name in ("name", "kind"):
        form.fields[name].required = False

    def row_of() -> Connection:
        row = Connection(name=form.cleaned_data["name"] or form.cleaned_data["base_url"])
        if connection_id is not None:
            row = services.connection(connection_id=connection_id)
        body = form.body(new=False)
        told = {name: body[name] for name in HOW_TO_REACH if name in body}
        services.fill(row, valid(ConnectionChanges(data=told)))
        row.models_filter = []
        return row

    row = await saved(form, row_of) if form.is_valid() else None
    if row is None:
        errors = (sentence for told in form.errors.values() for sentence in told)
        return JsonResponse({"ok": False, "said": next(errors), "models": []})
    found = await look_at(row, MOST_LISTED)
    shown = {"label": row.label, "name": row.name}
    said = _outcome(shown, found)
    return JsonResponse({"ok": found["ok"], "said": said, "models": found["models"]})


@require_POST
@for_staff
async def test(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Say what is found at a connection."""
    return await _tell_test(request, connection_id)


@require_POST
@for_staff
async def use_native(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Reach an Ollama by its own protocol instead of by `/v1`."""
    theirs = await _theirs()
    suggestion = (await theirs.test(connection_id))["suggestion"]
    if suggestion and not is_own(connection_id):

        def change() -> None:
            row = services.connection(connection_id=connection_id)
            services.update(row=row, changes=suggestion)

        await database_sync_to_async(change)()
        await theirs.changed()
    return await _tell_test(request, connection_id)


@require_POST
@for_staff
async def delete(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Delete a connection."""

    def end() -> str:
        row = services.connection(connection_id=connection_id)
        services.delete(row=row)
        return row.label or row.name

    name = await database_sync_to_async(end)()
    await (await _theirs()).changed()
    messages.success(request, _("Deleted “%(name)s”.") % {"name": name})
    return redirect("connections")


@require_POST
@for_staff
async def choose(request: HttpRequest) -> HttpResponse:
    """Choose what answers by default, and instead."""
    theirs = await _theirs()
    fallbacks = [name for name in dict.fromkeys(request.POST.getlist("fallback")) if name]
    changes = {
        "provider": request.POST.get("provider", "")[:40],
        "model": request.POST.get("model", "").strip()[:200],
        "fallbacks": fallbacks[:FALLBACKS],
    }
    theirs.check_defaults(changes)
    await database_sync_to_async(services.choose_defaults)(changes=changes)
    await theirs.changed()
    messages.success(request, _("Saved."))
    return redirect("connections")
