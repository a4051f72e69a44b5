"""The page *Models*, for staff: what an Ollama keeps, what is in memory, and the work on that.

The views are coroutines, as those of the connections.
"""

import asyncio
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations.connections import jobs
from conversations.connections.models import ModelJob
from conversations.usage.models import UsageRecord
from project.sentences import by_code
from project.staff_pages import for_staff, rendered
from providers.errors import ProviderError
from streaming.lifecycle import Runtime, lifecycle
from streaming.rest.model_jobs import ModelJobInput, loaded, stores

# Jobs that the page shows.
JOBS = 10


@for_staff
async def models(request: HttpRequest) -> HttpResponse:
    """Show the models that servers keep, those in memory, and the work on them."""
    runtime = await lifecycle.start()
    shown = [await _server(runtime, name) for name in stores(runtime)]
    servers = [server for server in shown if server]
    rows = [row async for row in jobs.jobs()[:JOBS]]
    providers = runtime.router.providers
    said = {}
    for row in rows:
        known = providers.get(row.connection)
        label = known.label if known else row.connection
        said[row.pk] = by_code(row.error_code, row.error, label=label, model=row.model)
    context = {
        "servers": servers,
        "jobs": [{"job": row, "said": said[row.pk]} for row in rows],
        "busy": any(row.state in jobs.OPEN for row in rows),
        "in_memory": await loaded(runtime),
        "asked": request.GET.get("pull", "")[:200],
        # Where it was looked for; else the first may be asked.
        "asked_at": _one_of(request.GET.get("at", ""), servers),
    }
    return await rendered(request, "models.html", context)


def _one_of(name: str, servers: list[dict[str, Any]]) -> str:
    names = [str(server["name"]) for server in servers]
    return name if name in names else next(iter(names), "")


async def _server(runtime: Runtime, name: str) -> dict[str, Any]:
    """A server, its models with their last use, or why they are not told; nothing of one that was
    deleted while the others were asked."""
    provider = runtime.router.providers.get(name)
    if provider is None:
        return {}
    try:
        listed = await runtime.router.kept(provider, fresh=True)
        offered = {model.name for model in await runtime.router.listed(provider)}
    except ProviderError as error:
        said = by_code(error.reason, error.message, label=provider.label)
        return {"name": name, "label": provider.label, "error": said}
    used = UsageRecord.objects.filter(provider=name, model__in=[model.name for model in listed])
    rows = used.order_by().values("model").annotate(last=Max("created_at"))
    last = {row["model"]: row["last"] async for row in rows}
    installed = [
        {"model": model, "last_used": last.get(model.name), "offered": model.name in offered}
        for model in listed
    ]
    return {"name": name, "label": provider.label, "installed": installed}


@require_POST
@for_staff
async def start_job(request: HttpRequest) -> HttpResponse:
    """Pull a model, delete it, or take it out of memory."""
    fields = {name: request.POST.get(name, "").strip() for name in ("connection", "model", "kind")}
    runtime = await lifecycle.start()
    form = ModelJobInput(data=fields)
    if not form.is_valid() or fields["connection"] not in stores(runtime):
        messages.error(request, _("Type the name of a model, such as llama3.2 or qwen3:8b."))
        return redirect("models")
    job: ModelJob = await database_sync_to_async(jobs.create)(**form.validated_data)
    runtime.model_jobs.wake()
    if job.kind != ModelJob.Kind.PULL:
        await _shortly(job)
    return redirect("models")


async def _shortly(job: ModelJob) -> None:
    """Wait a moment for short work, so that the page shows what it has done."""
    for _attempt in range(20):
        await job.arefresh_from_db(fields=["state"])
        if job.state not in jobs.OPEN:
            return
        await asyncio.sleep(0.1)


@require_POST
@for_staff
async def cancel_job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """End work on a model."""
    await database_sync_to_async(jobs.cancel)(job_id=job_id)
    return redirect("models")
