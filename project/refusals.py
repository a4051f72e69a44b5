"""Gives every error that a program gets the documented JSON shape.

Django, its debug pages and the viewer of the API documentation answer errors with HTML pages. At
the addresses that programs call, this middleware replaces them.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import async_only_middleware

from conversations.errors import Problem, error_body
from project.addresses import HEALTH
from streaming.v1 import errors


@async_only_middleware
def refusals_for_programs(
    get_response: Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable[[HttpRequest], Awaitable[HttpResponse]]:
    """Replace HTML error pages by JSON in the shape of the API that was called."""

    async def middleware(request: HttpRequest) -> HttpResponse:
        response = await get_response(request)
        if response.status_code < 400 or _is_json(response) or not _of_programs(request.path):
            return response
        refusal = JsonResponse(_body(request, response.status_code), status=response.status_code)
        for name, value in response.headers.items():
            if name not in ("Content-Type", "Content-Length"):
                refusal.headers.setdefault(name, value)
        refusal.headers["Content-Length"] = str(len(refusal.content))
        refusal.cookies = response.cookies
        return refusal

    return middleware


def _is_json(response: HttpResponse) -> bool:
    return response.headers.get("Content-Type", "").startswith("application/json")


def _of_programs(path: str) -> bool:
    return path in HEALTH or f"{path}/".startswith(("/api/", "/v1/"))


def _body(request: HttpRequest, status: int) -> dict[str, object]:
    phrase = HTTPStatus(status).phrase.lower()
    code, message = phrase.replace(" ", "_"), f"{phrase.capitalize()}."
    if status == 500:
        code, message = Problem.code, Problem.message
    if f"{request.path}/".startswith("/v1/"):
        return errors.error_body(status, code, message)
    return dict(error_body(code, message))
