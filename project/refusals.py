"""Programs read every refusal in the documented shape, whoever refuses.

Django, its debug pages and the viewer of the API documentation answer with pages of their own. At
addresses that programs call, those are replaced.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import async_only_middleware

from conversations.errors import NotFound, Problem, error_body
from project.addresses import HEALTH
from streaming.v1 import chat_response

SENTENCES = {
    400: "The request cannot be used: its host or its form is wrong.",
    403: "This is not allowed.",
    404: NotFound.message,
    405: "This method is not allowed here.",
    406: "The answer is not available in this form.",
    500: Problem.message,
}


@async_only_middleware
def refusals_for_programs(
    get_response: Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable[[HttpRequest], Awaitable[HttpResponse]]:
    """Give pages that refuse the shape of the door at which they were asked for."""

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
    code = Problem.code if status == 500 else HTTPStatus(status).phrase.lower().replace(" ", "_")
    message = SENTENCES.get(status, f"{HTTPStatus(status).phrase}: this cannot be done.")
    if f"{request.path}/".startswith("/v1/"):
        return chat_response.error_body(status, code, message)
    return dict(error_body(code, message))
