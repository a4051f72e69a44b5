"""The floor: the proxy again, made of what the server is made of, and of nothing else.

Django's handler without a middleware, and the official client of OpenAI, on uvicorn. What a turn
costs beyond this is ours; below this one comes only with other parts.
"""

import json
import os
from collections.abc import AsyncIterator

import openai
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY=os.urandom(8).hex())
client = openai.AsyncOpenAI(
    api_key="none", max_retries=0, http_client=openai.DefaultAioHttpClient()
)


async def chat(request: HttpRequest) -> StreamingHttpResponse:
    body = json.loads(request.body)

    async def events() -> AsyncIterator[bytes]:
        create = client.chat.completions.with_streaming_response.create
        async with create(**body) as response:
            async for line in response.iter_lines():
                if line:
                    yield f"{line}\n\n".encode()

    return StreamingHttpResponse(events(), content_type="text/event-stream")


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse("{}")


urlpatterns = [path("v1/chat/completions", chat), path("openapi.json", ready)]
app = get_asgi_application()
