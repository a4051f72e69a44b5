"""REST views whose handlers are coroutines, and their answer when a provider failed."""

from typing import Any

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import ParseError, UnsupportedMediaType, ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.errors import NotFound, Unavailable, error_body
from conversations.exception_handler import retry_header
from conversations.people.authentication import caller, key_of
from conversations.threads import access
from providers.errors import ProviderError
from streaming.caller import Caller
from streaming.errors import describe

BAD_BODY = (ParseError, UnsupportedMediaType, ValidationError)


class AsyncAPIView(APIView):
    """A REST framework view whose handlers are coroutines."""

    view_is_async = True

    async def dispatch(  # type: ignore[override]
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            await sync_to_async(self._prepare)()
            handler = getattr(self, str(self.request.method).lower(), self.http_method_not_allowed)
            answer = handler(self.request, *args, **kwargs)
            response = await answer if hasattr(answer, "__await__") else answer
        except ProviderError as error:
            response = refusal(error)
        except Exception as error:  # noqa: BLE001 - REST framework's own outermost line
            response = self.handle_exception(await self._first(error))
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        return self.response

    def _prepare(self) -> None:
        """Authenticate, check permissions, read the body: all that may block."""
        self.initial(self.request, *self.args, **self.kwargs)
        _ = self.request.data

    async def _first(self, error: Exception) -> Exception:
        """The error to tell where there are several."""
        return error

    def caller(self) -> Caller:
        return Caller(caller(self.request), key_of(self.request), "rest")

    def chosen_provider(self) -> str:
        """The provider of `?provider=`, if the caller may choose one."""
        return self.caller().chosen_provider(self.request.query_params.get("provider", ""))


class AsyncConversationView(AsyncAPIView):
    """An `AsyncAPIView` whose `pk` is a conversation's."""

    async def _first(self, error: Exception) -> Exception:
        """A missing or foreign conversation comes before an invalid body."""
        if isinstance(error, BAD_BODY):
            try:
                await database_sync_to_async(access.conversation)(
                    caller(self.request), self.kwargs["pk"]
                )
            except NotFound as missing:
                return missing
        return error


def refusal(error: ProviderError) -> Response:
    """The answer when a provider failed before the reply began."""
    description = describe(error)
    failure = error_body(description.code, description.message, detail=description.detail)
    body = {**failure, "provider_used": error.provider_used or None}
    return Response(
        body,
        status=description.http_status,
        headers=retry(description.http_status, description.retry_after),
    )


def retry(status_code: int, seconds: float | None) -> dict[str, str]:
    """When to try again after a 503: what its message says, or roughly."""
    if status_code != Unavailable.http_status:
        return {}
    return retry_header(Unavailable.retry_after if seconds is None else seconds)
