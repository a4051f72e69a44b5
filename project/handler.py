"""Django's handler of requests, with fewer visits to other threads, a shorter way for programs, and
with less left for garbage collections: each stops every thread, for longer the more there is."""

import asyncio
from contextlib import closing
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.exception import convert_exception_to_response
from django.urls import set_script_prefix, set_urlconf
from django.utils.module_loading import import_string

from conversations.people.authentication import bearer

# Plain async views, which reach the database by `database_sync_to_async` alone: all below one
# address, and the one that has to answer while every thread is busy.
ASYNC = "/v1/"
HEALTH = "/healthz"

# What a request with a key has no use for: pages, sessions, and forms.
FOR_PAGES = {
    f"project.middleware.{name}"
    for name in (
        *("SessionMiddleware", "LocaleMiddleware", "CsrfViewMiddleware"),
        *("AuthenticationMiddleware", "MessageMiddleware"),
    )
}


class LoopHandler(ASGIHandler):
    """Django looks after its database connections in a thread before and after each request. Where
    all of a request's work does so for itself, these are two visits for nothing."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Those of a request to `/v1` with a key, beside those of all others."""
        super().load_middleware(is_async)
        chain: Any = convert_exception_to_response(
            self._get_response_async  # type: ignore[attr-defined]
        )
        for name in reversed(settings.MIDDLEWARE):
            if name not in FOR_PAGES:
                chain = convert_exception_to_response(import_string(name)(chain))
        self._for_keys = chain

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        if not (scope["path"].startswith(ASYNC) or scope["path"] == HEALTH):
            await super().handle(scope, receive, send)
            return
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            set_script_prefix(get_script_prefix(scope))
            request, refusal = self.create_request(scope, body)
            if refusal is not None:
                await self.send_response(refusal, send)
                return
            await self._answer(request, receive, send)

    async def listen_for_disconnect(self, receive: Any) -> None:
        """Return when the client has gone, or has its answer. Django raises an exception then: its
        traceback, the task that ends with it and all of the request hold each other."""
        await receive()

    def resolve_request(self, request: Any) -> Any:
        """Forget which patterns did not fit: a list for each, of which no more is told."""
        match = super().resolve_request(request)
        match.tried = None
        return match

    async def _answer(self, request: Any, receive: Any, send: Any) -> None:
        """Answer, or cancel the answer when the client goes away."""
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        answering = asyncio.create_task(self._respond(request, send))
        try:
            await asyncio.wait((leaving, answering), return_when=asyncio.FIRST_COMPLETED)
        finally:
            # The one that has ended is not changed by it.
            leaving.cancel()
            answering.cancel()
            await asyncio.wait((leaving, answering))
        for task in (leaving, answering):
            error = None if task.cancelled() else task.exception()
            if error is not None and not isinstance(error, RequestAborted):
                raise error

    async def _respond(self, request: Any, send: Any) -> None:
        if bearer(request.headers.get("Authorization", "")) is None:
            response: Any = await self.run_get_response(request)
        else:
            set_urlconf(settings.ROOT_URLCONF)
            response = await self._for_keys(request)
        try:
            await self.send_response(response, send)
        finally:
            # As `close`, without its signal: who hears it looks after connections and caches of
            # this thread, which has none.
            for close in response._resource_closers:
                close()
            response._resource_closers.clear()
