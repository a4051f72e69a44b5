"""The floor: the proxy again, made of what the server is made of, and of nothing else.

Django's handler without a middleware, a consumer of Channels that stores the question and the reply
as two rows, and the official client of OpenAI, on daphne or uvicorn. What a turn or a socket costs
beyond this is ours; below this one comes only with other parts.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import openai
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path, re_path

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY=os.urandom(8).hex(),
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path(tempfile.mkdtemp()) / "floor.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"},
        }
    },
)
http = get_asgi_application()

# They need the settings.
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.db import connection, transaction

client = openai.AsyncOpenAI(
    api_key="none", max_retries=0, http_client=openai.DefaultAioHttpClient()
)
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, content TEXT)")


async def chat(request: HttpRequest) -> StreamingHttpResponse:
    body = json.loads(request.body)

    async def events() -> AsyncIterator[bytes]:
        create = client.chat.completions.with_streaming_response.create
        async with create(**body) as response:
            async for line in response.iter_lines():
                if line:
                    yield f"{line}\n\n".encode()

    return StreamingHttpResponse(events(), content_type="text/event-stream")


def store(question: str) -> int:
    """The row of the reply."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO message (content) VALUES (%s)", [question])
        cursor.execute("INSERT INTO message (content) VALUES ('')")
        return int(cursor.lastrowid)


def close(row: int, reply: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE message SET content = %s WHERE id = %s", [reply, row])


class Consumer(AsyncWebsocketConsumer):  # type: ignore[misc] # it has no types
    """One conversation, with the frames that the load's client reads."""

    async def connect(self) -> None:
        await self.channel_layer.group_add("conversation", self.channel_name)
        await self.accept()
        await self._tell({"type": "ready"})

    async def receive(self, text_data: str = "", bytes_data: bytes | None = None) -> None:
        frame = json.loads(text_data)
        row = await database_sync_to_async(store)(frame["content"])
        reply = self._reply(row, frame["content"], frame["parameters"]["model"])
        self._task = asyncio.create_task(reply)

    async def _reply(self, row: int, question: str, model: str) -> None:
        texts = []
        async with client.chat.completions.with_streaming_response.create(
            model=model, messages=[{"role": "user", "content": question}], stream=True
        ) as response:
            async for line in response.iter_lines():
                if not line.startswith("data: {"):
                    continue
                text = json.loads(line[6:])["choices"][0]["delta"].get("content")
                if text:
                    texts.append(text)
                    await self._tell({"type": "delta", "content_chunk": text})
        await database_sync_to_async(close)(row, "".join(texts))
        await self._tell({"type": "message_end", "full_content": "".join(texts)})

    async def _tell(self, event: dict[str, str]) -> None:
        await self.send(text_data=json.dumps(event))


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse("{}")


urlpatterns = [path("v1/chat/completions", chat), path("openapi.json", ready)]
app = ProtocolTypeRouter({"http": http, "websocket": URLRouter([re_path("", Consumer.as_asgi())])})
