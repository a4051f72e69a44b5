"""The endpoints for probes and for Prometheus: `/healthz`, `/readyz` and `/metrics`.

Probes ask by address, whatever `ALLOWED_HOSTS` says (`project/addresses.py`). Details are for
observers: this machine, staff, and programs with `METRICS_TOKEN`.
"""

import ipaddress
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from conversations.errors import Unavailable, error_body
from conversations.exception_handler import retry_header
from conversations.people.authentication import bearer
from project.migrated import is_migrated
from streaming.credentials import Credentials
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
    not about to end; else 503. Observers get the state of each."""
    checks = await sync_to_async(_database_checks)()
    checks |= await lifecycle.checks()
    checks["server"] = "restarting" if lifecycle.closing else "ok"
    ready = all(state == "ok" for state in checks.values())
    body: dict[str, Any] = {"status": "ok" if ready else "unavailable"}
    if await _may_observe(request, staff=checks["database"] == "ok"):
        body["checks"] = checks
    if ready:
        return JsonResponse(body)
    return JsonResponse(body, status=503, headers=retry_header(Unavailable.retry_after))


@csrf_exempt
@require_safe
async def metrics(request: HttpRequest) -> HttpResponse:
    """The figures of this process as Prometheus text, for observers; 403 for others."""
    if not await _may_observe(request):
        body = error_body(
            "permission_denied", "These figures need METRICS_TOKEN or a staff account."
        )
        return JsonResponse(body, status=403)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


async def _may_observe(request: HttpRequest, *, staff: bool = True) -> bool:
    """Whether a request comes from this machine, with `METRICS_TOKEN`, or, where the database can
    be asked (`staff`), from staff."""
    if _from_here(request) or _has_token(request):
        return True
    if not staff or not isinstance(request, ASGIRequest):
        return False
    try:
        caller = await sync_to_async(Credentials(request.scope["headers"]).caller)()
    except DatabaseError:
        return False
    return caller is not None and caller.user.is_staff


def _from_here(request: HttpRequest) -> bool:
    """Whether a program on this machine asks. Through a proxy here, everybody comes from here."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    given = bearer(request.headers.get("Authorization", ""))
    return bool(settings.METRICS_TOKEN and given) and constant_time_compare(
        given or "", settings.METRICS_TOKEN
    )


def _database_checks() -> dict[str, str]:
    try:
        migrated = is_migrated()
    except DatabaseError:
        return {"database": "unreachable", "migrations": "unknown"}
    return {"database": "ok", "migrations": "ok" if migrated else "pending"}


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Tell OpenAPI of these addresses (a hook of drf-spectacular)."""
    for path, view, kind, statuses in (
        ("/healthz", healthz, "application/json", ("200",)),
        ("/readyz", readyz, "application/json", ("200", "503")),
        ("/metrics", metrics, "text/plain", ("200", "403")),
    ):
        schema = {"type": "object" if kind == "application/json" else "string"}
        description = " ".join((view.__doc__ or "").split())
        answer = {"description": description, "content": {kind: {"schema": schema}}}
        operation = {
            "operationId": path.strip("/"),
            "description": description,
            "tags": ["health"],
            "security": [],
            "responses": dict.fromkeys(statuses, answer),
        }
        result["paths"][path] = {"get": operation}
    return result
