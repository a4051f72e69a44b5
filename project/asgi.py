"""The application that daphne and uvicorn serve.

static files ─ WhiteNoise
lifespan     ─ start and end of the process, where the server tells (uvicorn does)
http         ─ threads ─ limit of the body ─ Django
websocket    ─ threads ─ routes (who is there and from where is the consumer's first question)
"""

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

import django

from project import light_imports

gc.disable()  # what is imported stays: to look for garbage in it is a tenth of the time
light_imports.before_django()
django.setup(set_prefix=False)

# The registry of applications has to be ready before anything else of ours is imported.
from channels.routing import URLRouter
from django.core.exceptions import ImproperlyConfigured
from django.urls import path, re_path

from project import private_files, servers
from project.checks import refusals
from project.doctor import probe
from project.handler import LoopHandler
from project.servers.body_limit import limited
from project.static import static_files
from streaming import allocator
from streaming.db_threads import EVERY, db_threads
from streaming.lifecycle import lifecycle
from streaming.single_server import SingleServerError
from streaming.socket.consumer import ChatConsumer
from streaming.socket.handshake import no_such_socket

django_application = LoopHandler()

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

sockets = URLRouter(
    [
        path("ws/chat/<str:conversation_id>/", ChatConsumer.as_asgi()),
        path("ws/probe/<str:given>/", probe.over_socket),  # type: ignore[arg-type]
        re_path("", no_such_socket),  # type: ignore[arg-type]
    ]
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a connection to whoever serves its kind, in a context of its own.

    On a connection that is kept alive, daphne calls from the context of the request before, whose
    thread has ended: asgiref would use it, and fail.
    """
    await asyncio.create_task(_serve(scope, receive, send), context=Context())


async def _serve(scope: Scope, receive: Receive, send: Send) -> None:
    match scope["type"]:
        case "http" if scope["path"].startswith("/static/"):
            await limited(static_files, scope, receive, send)
        case "http":
            async with db_threads.borrow(EVERY):
                await limited(django_application, scope, receive, send)
        case "websocket":
            async with db_threads.borrow():
                await sockets(scope, receive, send)
        case "lifespan":
            await _lifespan(receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                _refuse_danger()
                await lifecycle.start()
            except (SingleServerError, ImproperlyConfigured) as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        else:
            await lifecycle.shut_down()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _refuse_danger() -> None:
    """Refuse dangerous settings, as `manage.py` does, for servers that start without it."""
    if faults := refusals():
        raise ImproperlyConfigured(" ".join(faults))


light_imports.load_http_client()
gc.enable()
allocator.give_back()
private_files.protect()
servers.adapt()
