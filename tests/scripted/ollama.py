"""A scripted Ollama: the model's name says what happens. `python -m tests.scripted.ollama --port N`

    name                     what it does
    normal                   `REPLY`, token by token; also any listed name that is no scenario
    echo                     the last user message, word by word
    paced:n=50,gap=0.02      n tokens (`words(n)`), `gap` seconds apart
    fast:n=640               n tokens, 64 lines in one segment
    slow:first=0.5           first token after `first` seconds
    hang                     no byte, ever
    stall:after=3            silent for ever after that many tokens
    gate:id=a,n=5            each token waits for `server.gate("a").release()`; then the end does
    endless:gap=0.01         tokens until the client goes away
  Refusals, before anything is sent
    missing nothink notools memory busy signin limit html forbidden toolong nocloud hidden
    close                    the connection is closed without a byte
    garbage                  bytes that are not HTTP
    first_error              200, and the first line is an error
  Broken streams, each after `after=3` tokens
    error error_json error_list error_context  an error line: plain text, JSON of another server,
                             JSON that is no object, the engine's words for a prompt too long
    fin rst cut badchunk     the connection ends, is reset, ends inside a line, breaks HTTP
    nodone malformed blank nonobject nomessage deep
  Kinds of replies
    think think_length think_both tools tools_done logprobs empty length load unload noreason
    tagged                   thoughts in the text, between tags that are cut by the tokens
    tools_many               three calls without ids, all of index 0
    tool_loop                asks for the tool `clock`, and after its answer says it
    calls                    calls the tools that the question names in JSON, step by step
    form                     JSON if a `format` was asked for
    last_content nometrics extra cloud afterdone crlf
    gaps                     empty lines between the others
    big                      one line of 1 MiB
    bytes:size=7             `ODD_TEXT` in writes of that many bytes
    nel linesep              U+0085, U+2028 and U+2029 unescaped inside the text
    said                     `server.text`, in tokens of 4 characters
    (more in `hostile`)

`server.models` is what `/api/tags` lists (`entry()` makes one), `server.loaded` what `/api/ps`
does, by name with its context length. `server.old` leaves out of the list what old servers do not
know, `server.lists_lengths = False` the context lengths alone. `server.down` answers every other
endpoint but chat with 500; `server.hold(path)` lets one wait. An empty prompt to `/api/generate`
loads a model with `server.chosen_window`, unless `server.refuses_load`. `server.digest`, when not
`None`, is that of every model.
"""

import argparse
import asyncio
import json
import re
from contextlib import nullcontext
from typing import Any

from tests.scripted import hostile as _hostile  # noqa: F401 - adds its scripts
from tests.scripted import ollama_kinds as _kinds  # noqa: F401 - adds its scripts
from tests.scripted.ollama_scripts import REPLY, SCRIPTS, STAMP, Line
from tests.scripted.server import (
    Exchange,
    Response,
    ScriptedServer,
    parse_scenario,
    serve_forever,
)


def entry(
    name: str,
    *,
    capabilities: tuple[str, ...] = (),
    context_length: int = 8192,
    family: str = "llama",
    remote_host: str = "",
    parameters: str = "",
) -> dict[str, Any]:
    """A model as the server keeps it; `context_length` and `parameters` are told by show. Unless
    they are given, its name tells its `capabilities`."""
    thinking = ("thinking",) if name.startswith("think") else ()
    return {
        "name": name,
        "capabilities": capabilities or ("completion", *thinking),
        "context_length": context_length,
        "family": family,
        "remote_host": remote_host,
        "parameters": parameters,
    }


class ScriptedOllama(ScriptedServer):
    chat_paths = ("/api/chat",)

    def __init__(self, *models: str | dict[str, Any], old: bool = False) -> None:
        super().__init__()
        listed = models or ("llama3.2:latest", "normal:latest", "think:latest")
        self.models = [entry(m) if isinstance(m, str) else m for m in listed]
        self.loaded: dict[str, int | None] = {}
        self.old = old
        self.lists_lengths = True
        self.down = False
        self.text = ""
        self.at_once: asyncio.Semaphore | None = None
        self.digest: str | None = None
        self.chosen_window: int | None = 4096
        self.refuses_load = False

    def serve_at_once(self, count: int) -> None:
        """Let chat requests above so many wait, without a word, until another has ended."""
        self.at_once = asyncio.Semaphore(count)

    async def respond(self, exchange: Exchange, response: Response) -> None:
        match exchange.method, exchange.path:
            case "POST", "/api/chat":
                await self._chat(exchange, response)
            case _ if self.down:
                await response.whole(500, {"error": "down at http://10.0.0.1/secret"})
            case "GET" | "HEAD", "/":
                await response.whole(200, "Ollama is running", "text/plain")
            case "GET", "/api/version":
                await response.whole(200, {"version": "0.33.0"})
            case "GET", "/api/tags":
                await response.whole(200, {"models": [self._tag(m) for m in self.models]})
            case "GET", "/v1/models":
                items = [{"id": m["name"], "owned_by": "library"} for m in self.models]
                await response.whole(200, {"object": "list", "data": items})
            case "GET", "/api/ps":
                await response.whole(200, {"models": [_running(*m) for m in self.loaded.items()]})
            case "POST", "/api/show":
                await self._show(exchange, response)
            case "POST", "/api/generate" if "suffix" in exchange.json:
                await self._fill(exchange, response)
            case "POST", "/api/generate":
                await self._load(exchange, response)
            case "POST", "/api/embed":
                await self._embed(exchange, response)
            case "POST", "/api/pull":
                await self._pull(exchange, response)
            case "DELETE", "/api/delete":
                await self._delete(exchange, response)
            case _:
                await response.whole(404, "404 page not found", "text/plain")

    async def _chat(self, exchange: Exchange, response: Response) -> None:
        scenario, settings = parse_scenario(exchange.model)
        script = SCRIPTS.get(scenario)
        if script is None and self._known(exchange.model):
            script = SCRIPTS["normal"]
        if script is None:
            await response.whole(404, {"error": f"model '{exchange.model}' not found"})
            return
        async with self.at_once or nullcontext():
            await script(Line(self, exchange, response, settings))

    async def _fill(self, exchange: Exchange, response: Response) -> None:
        """Write between a prompt and a suffix."""
        head = {"model": exchange.model, "created_at": STAMP}
        lines = [{**head, "response": text, "done": False} for text in REPLY]
        counts = {"prompt_eval_count": 5, "eval_count": len(REPLY)}
        lines.append({**head, "response": "", "done": True, "done_reason": "stop", **counts})
        await response.start("application/x-ndjson")
        for line in lines:
            await response.piece(json.dumps(line) + "\n")

    async def _load(self, exchange: Exchange, response: Response) -> None:
        """An empty prompt loads the model, with the window that this server chooses."""
        if self.refuses_load:
            await response.whole(500, {"error": "model requires more system memory"})
            return
        done = {"model": exchange.model, "response": "", "done": True, "done_reason": "load"}
        if exchange.json.get("keep_alive") == 0:
            self.loaded.pop(exchange.model, None)
            await response.whole(200, {**done, "done_reason": "unload"})
            return
        known = self._known(exchange.model) or entry(exchange.model)
        chosen = self.chosen_window and min(self.chosen_window, known["context_length"])
        self.loaded.setdefault(exchange.model, chosen)
        await response.whole(200, done)

    async def _pull(self, exchange: Exchange, response: Response) -> None:
        """A part of 9 bytes, and one of 4,000 of which a quarter comes at each pass of the gate
        `pull`, for a model called `gated…`."""
        await response.start("application/x-ndjson")
        await response.piece('{"status":"pulling manifest"}\n')
        if re.match("missing", exchange.model):
            await response.piece('{"error":"pull model manifest: file does not exist"}\n')
            return
        small, large = ("sha256:" + letter * 64 for letter in "ab")
        await response.piece(f'{{"status":"pulling aaaaaaaaaaaa","digest":"{small}","total":9}}\n')
        for quarter in range(1, 5) if exchange.model.startswith("gated") else ():
            await self.gate("pull").passed()
            line = {"status": "pulling", "digest": large, "total": 4000}
            await response.piece(json.dumps({**line, "completed": 1000 * quarter}) + "\n")
        if not self._listed(exchange.model):
            self.models.insert(0, entry(exchange.model))
        await response.piece('{"status":"success"}\n')

    async def _delete(self, exchange: Exchange, response: Response) -> None:
        model = self._listed(exchange.model)
        if model is None:
            await response.whole(404, {"error": f"model '{exchange.model}' not found"})
            return
        self.models.remove(model)
        await response.whole(200, "")

    async def _embed(self, exchange: Exchange, response: Response) -> None:
        """Vectors `[number of characters, 0.5]`; `short` gives one too few, `missing` none."""
        scenario, _ = parse_scenario(exchange.model)
        if scenario == "missing":
            await response.whole(404, {"error": f"model '{exchange.model}' not found"})
            return
        if scenario == "hang":
            await asyncio.Event().wait()
        texts = exchange.json["input"]
        vectors = [[len(text), 0.5] for text in ([texts] if isinstance(texts, str) else texts)]
        vectors = vectors[:-1] if scenario == "short" else vectors
        counted = {"prompt_eval_count": sum(map(len, texts)) // 4 + 1}
        await response.whole(200, {"model": exchange.model, "embeddings": vectors, **counted})

    def _listed(self, name: str) -> dict[str, Any] | None:
        wanted = name.removesuffix(":latest")
        for model in self.models:
            if model["name"].removesuffix(":latest") == wanted:
                return model
        return None

    def _known(self, name: str) -> dict[str, Any] | None:
        if model := self._listed(name):
            return model
        scenario, _ = parse_scenario(name)
        return entry(name) if scenario in SCRIPTS and scenario != "missing" else None

    def _tag(self, model: dict[str, Any]) -> dict[str, Any]:
        made = f"{sum(map(ord, model['name'])):064x}"
        digest = made if self.digest is None else self.digest
        tag: dict[str, Any] = {
            "name": model["name"],
            "model": model["name"],
            "modified_at": "2026-08-01T10:20:30.123456789+02:00",
            "size": 2019393189,
            "digest": digest,
            "details": {
                "parent_model": "",
                "format": "gguf",
                "family": model["family"],
                "families": [model["family"]],
                "parameter_size": "3.2B",
                "quantization_level": "Q4_K_M",
            },
        }
        if not self.old:
            tag["capabilities"] = list(model["capabilities"])
            if self.lists_lengths:
                tag["details"]["context_length"] = model["context_length"]
            if model["remote_host"]:
                tag["remote_host"] = model["remote_host"]
        return tag

    async def _show(self, exchange: Exchange, response: Response) -> None:
        name = str((exchange.json or {}).get("model", ""))
        model = self._known(name)
        if model is None:
            await response.whole(404, {"error": f"model '{name}' not found"})
            return
        info = {
            "general.architecture": model["family"],
            f"{model['family']}.context_length": model["context_length"],
        }
        shown = {"parameters": model["parameters"], "model_info": info, "details": {}}
        await response.whole(200, {**shown, "capabilities": list(model["capabilities"])})


def _running(name: str, context_length: int | None) -> dict[str, Any]:
    """`None` for a server that does not tell the length."""
    running = {"name": name, "model": name, "size": 1, "size_vram": 0, "details": {}}
    running["expires_at"] = "2026-08-01T10:25:30.123456789+02:00"
    return running if context_length is None else {**running, "context_length": context_length}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--models", nargs="*", default=[], help="what to list")
    arguments = parser.parse_args()
    serve_forever(ScriptedOllama(*arguments.models), arguments.port)
