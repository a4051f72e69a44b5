"""The OpenAPI description and the page that shows it, for anybody.

To make it takes half a second and loads all of drf-spectacular, so a process makes it once, when it
is first asked for, beside its loop; who asks meanwhile waits without holding a thread.
"""

import asyncio
from contextvars import Context
from math import ceil
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from conversations.errors import Problem, TooManyRequests, error_body
from conversations.exception_handler import retry_header
from conversations.people.authentication import identify
from conversations.people.signin_attempts import address_of
from conversations.rates import Rate

YAML: Final = "application/vnd.oai.openapi"
JSON: Final = "application/vnd.oai.openapi+json"
# Of an address without credentials: a page reads it once.
STRANGERS: Final = Rate("description", most=20, seconds=60)

# The description by media type, once somebody has asked for it. One event loop uses it.
_making: asyncio.Task[dict[str, bytes]] | None = None


@csrf_exempt
@require_safe
async def schema(request: HttpRequest) -> HttpResponse:
    """Answer the description: as JSON with `?format=json` or where that is preferred, else as
    YAML. 429 for strangers who ask too often."""
    if wait := await sync_to_async(_seconds_to_wait)(request):
        sentence = f"Too many requests. Sign in, or try again in {ceil(wait)} s."
        return _refusal(429, TooManyRequests.code, sentence, retry_header(wait))
    wanted = request.GET.get("format")
    accepted = request.get_preferred_type([YAML, JSON, "application/json"])
    if not wanted and accepted is None:
        return _refusal(406, "not_acceptable", "Only YAML and JSON are available.")
    as_json = wanted == "json" if wanted else accepted != YAML
    kind, ending = (JSON, "json") if as_json else (YAML, "yaml")
    response = HttpResponse((await _made())[kind], content_type=kind)
    response.headers["Content-Disposition"] = f'inline; filename="Chat Playground.{ending}"'
    return response


def _refusal(
    status: int, code: str, sentence: str, headers: dict[str, str] | None = None
) -> JsonResponse:
    return JsonResponse(error_body(code, sentence), status=status, headers=headers)


@csrf_exempt
@require_safe
def docs(request: HttpRequest) -> HttpResponseBase:
    """Show the description."""
    from drf_spectacular.views import SpectacularSwaggerSplitView

    view: Any = SpectacularSwaggerSplitView.as_view(url_name="schema")
    answer: HttpResponseBase = view(request)
    return answer


def _seconds_to_wait(request: HttpRequest) -> float:
    """How long the sender has to wait: not at all when it is known who that is."""
    wait = STRANGERS.take(address_of(request))
    if not wait:
        return 0
    try:
        known = identify(request.headers.get("Authorization", ""), request) is not None
    except Problem:
        known = False
    return 0 if known else wait


async def _made() -> dict[str, bytes]:
    """The description; made by the first call. After a failure the next call tries again."""
    global _making
    if _making is None:
        # A context of its own: that of a request ends with the request.
        work = asyncio.to_thread(_make)
        _making = asyncio.get_running_loop().create_task(work, context=Context())
    making = _making
    try:
        return await asyncio.shield(making)
    except Exception:
        if _making is making:
            _making = None
        raise


def _make() -> dict[str, bytes]:
    from drf_spectacular import generators, renderers

    generator: Any = generators.SchemaGenerator
    described = generator().get_schema(request=None, public=True)
    writers: dict[str, Any] = {
        YAML: renderers.OpenApiYamlRenderer,
        JSON: renderers.OpenApiJsonRenderer,
    }
    return {
        kind: writer().render(described, renderer_context={}) for kind, writer in writers.items()
    }
