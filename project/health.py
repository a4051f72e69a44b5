"""For whoever watches the server: is it alive, can it serve, how is it doing."""

from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from conversations.errors import Unavailable
from conversations.exception_handler import retry_header
from streaming.lifecycle import lifecycle


@csrf_exempt
@require_safe
async def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_safe
async def readyz(request: HttpRequest) -> JsonResponse:
    """200 when a request would be served: the database is there and migrated, and the server is
    not about to end; else 503, with what is missing."""
    checks = await sync_to_async(_database_checks)()
    checks |= await lifecycle.checks()
    checks["server"] = "restarting" if lifecycle.closing.is_set() else "ok"
    ready = all(state == "ok" for state in checks.values())
    if ready:
        return JsonResponse({"status": "ok", "checks": checks})
    headers = retry_header(Unavailable.retry_after)
    return JsonResponse({"status": "unavailable", "checks": checks}, status=503, headers=headers)


@csrf_exempt
@require_safe
async def metrics(request: HttpRequest) -> HttpResponse:
    """The figures of this process as Prometheus text."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _database_checks() -> dict[str, str]:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return {"database": "unreachable", "migrations": "unknown"}
    return {"database": "ok", "migrations": "pending" if pending else "ok"}


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Tell OpenAPI of these addresses (a hook of drf-spectacular)."""
    for path, view, kind, statuses in (
        ("/healthz", healthz, "application/json", ("200",)),
        ("/readyz", readyz, "application/json", ("200", "503")),
        ("/metrics", metrics, "text/plain", ("200",)),
    ):
        schema = {"type": "object" if kind == "application/json" else "string"}
        said = " ".join((view.__doc__ or "").split())
        answer = {"description": said, "content": {kind: {"schema": schema}}}
        operation = {
            "operationId": path.strip("/"),
            "description": said,
            "tags": ["health"],
            "security": [],
            "responses": dict.fromkeys(statuses, answer),
        }
        result["paths"][path] = {"get": operation}
    return result
