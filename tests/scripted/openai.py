"""A scripted OpenAI-compatible server. `python -m tests.scripted.openai --port N`

It serves `/v1/chat/completions` and `/v1/models` for the OpenAI client and the same under
`/inference/` for the inference service. The model's name says what happens:

    name                     what it does
    normal                   `REPLY`, a finish chunk, usage when asked for, `[DONE]`
    echo, said               the last user message; `server.text` in tokens of 4 characters
    paced:n=50,gap=0.02 · hang · stall:after=3 · gate:id=a,n=5 · endless:gap=0.01
                             as in `tests.scripted.ollama`; headers and an empty first chunk are
                             sent at once, except by `hang`
    late                     headers, and then nothing, ever
  Refusals
    missing key nokey limit quota busy html memory toolong odd close garbage
    stubborn                 400 for `temperature`
    renamed                  400 for `max_tokens`, which has become `max_completion_tokens`
    plain                    400 for `stream_options`
  Broken streams, each after `after=3` tokens
    error                    an error object, then `[DONE]`
    lost                     an empty chunk, then the end: how Ollama's `/v1` loses an error
    fin rst malformed nonobject oddchoice
  Kinds of replies
    nodone                   finish reason, no `[DONE]`
    nofinish                 `[DONE]`, no finish reason: the stream of the requirements
    afterdone                an event that is no JSON after `[DONE]`
    lingers                  finish reason, no `[DONE]`, and the connection stays open
    length filter tool_calls nousage nulls reasoning reasoning_content both parts
    llama                    as llama-server: `content: null` first, timings in the usage chunk
    logprobs                 each token with its log probability
    tools_whole tools_parts  tool calls whole (Ollama) or in fragments
    tools_zero tools_bare tools_mixed tools_late
                             calls of which each is told apart in another odd way
    pings                    comments and every keep-alive that breaks readers
    (more in `openai_odd`, by what was reported of servers, and in `hostile`)
    crlf · bytes:size=7 · nel · camel · whole (JSON, no stream) · camelwhole · page (HTML, 200)

`server.models` is what the list holds: names, objects, or `None` for `"data": null`.
`server.keys`, when not empty, are the keys that it accepts. `server.answers` are JSON documents by
path. `server.refusal` is what the model `refused` answers with.
While `server.loading` it answers as a llama-server that loads its model. `server.hold(path)`
lets one wait.
"""

import argparse
import json
from typing import Any

from tests.scripted import hostile as _hostile  # noqa: F401 - adds its scripts
from tests.scripted import openai_kinds as _kinds  # noqa: F401 - adds its scripts
from tests.scripted import openai_odd as _odd  # noqa: F401 - adds its scripts
from tests.scripted.openai_scripts import SCRIPTS, Events
from tests.scripted.server import (
    Exchange,
    Response,
    ScriptedServer,
    parse_scenario,
    serve_forever,
)

_ROOTS = ("/v1", "/inference")


class ScriptedOpenAI(ScriptedServer):
    chat_paths = tuple(f"{root}/chat/completions" for root in _ROOTS)

    def __init__(self, *models: str | dict[str, Any]) -> None:
        super().__init__()
        self.models: list[str | dict[str, Any]] | None = list(models or ("normal", "reasoning"))
        self.keys: set[str] = set()
        self.loading = False
        self.refusal: tuple[int, Any] = (400, {})
        self.text = ""

    async def respond(self, exchange: Exchange, response: Response) -> None:
        key = exchange.headers.get("authorization", "").removeprefix("Bearer ")
        if self.keys and key not in self.keys:
            said = f"Incorrect API key provided: {key}. Find yours at https://example.com."
            error = {"message": said, "type": "invalid_request_error", "code": "invalid_api_key"}
            await response.whole(401, {"error": error})
        elif self.loading:  # as llama-server, at every address
            error = {"message": "Loading model", "type": "unavailable_error", "code": 503}
            await response.whole(503, {"error": error})
        elif exchange.path in self.chat_paths:
            await self._chat(exchange, response)
        elif exchange.path == "/v1/embeddings":
            await response.whole(*_embeddings(exchange))
        elif exchange.path in [f"{root}/models" for root in _ROOTS]:
            data = None if self.models is None else [_listed(m) for m in self.models]
            await response.whole(200, json.dumps({"object": "list", "data": data}))
        else:
            await response.whole(404, "404 page not found", "text/plain")

    async def _chat(self, exchange: Exchange, response: Response) -> None:
        scenario, settings = parse_scenario(exchange.model)
        script = SCRIPTS.get(scenario)
        if script is None and exchange.model in (self.models or ()):
            script = SCRIPTS["normal"]
        if script is None:
            script = SCRIPTS["missing"]
        await script(Events(self, exchange, response, settings))


def _embeddings(exchange: Exchange) -> tuple[int, dict[str, Any]]:
    """Vectors `[number of characters, 0.5]`, the last one first; `short` gives one too few."""
    if exchange.model == "missing":
        return 404, {"error": {"message": "no such model", "code": "model_not_found"}}
    items = [
        {"object": "embedding", "index": index, "embedding": [len(text), 0.5]}
        for index, text in enumerate(exchange.json["input"])
    ]
    items = items[:-1] if exchange.model == "short" else items
    return 200, {"object": "list", "data": items[::-1], "usage": {"prompt_tokens": 7}}


def _listed(model: str | dict[str, Any]) -> dict[str, Any]:
    more = {"id": model} if isinstance(model, str) else model
    return {"object": "model", "created": 1785572430, "owned_by": "scripted", **more}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--models", nargs="*", default=[], help="what to list")
    arguments = parser.parse_args()
    serve_forever(ScriptedOpenAI(*arguments.models), arguments.port)
