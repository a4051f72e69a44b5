"""The baseline: what one writes by hand to pass a model's stream on. No history, no accounts.

It is served by uvicorn with uvloop, from an environment of its own (`bench/requirements.lock`).
"""

import os
from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

app = FastAPI()
client = httpx.AsyncClient(
    base_url=os.environ["OPENAI_BASE_URL"],
    timeout=None,  # noqa: S113 - models are silent for minutes
    limits=httpx.Limits(max_connections=None, max_keepalive_connections=1000),
)


@app.post("/v1/chat/completions")  # type: ignore[untyped-decorator]
async def chat(request: Request) -> StreamingResponse:
    body = await request.json()

    async def events() -> AsyncIterator[str]:
        async with client.stream("POST", "/chat/completions", json=body) as response:
            async for line in response.aiter_lines():
                if line:
                    yield f"{line}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
