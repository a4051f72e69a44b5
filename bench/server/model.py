"""`python -m bench.server.model PORT`: a model that costs next to nothing and answers at once.

Speaks OpenAI's chat completions, bare on the event loop's protocol. The name of a model says what
it writes: `four`, `paced` (20 tokens a second), `fast` (as fast as they are read), `endless`. Each
token is its number and the moment at which it was written: ` 17:9876543210`, in nanoseconds of the
machine's monotonic clock. `GET /left` gives the moments at which streams were left before their
end, and forgets them; with `?wait` when there is one. `GET /opened` tells how many connections were
made.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import uvloop


@dataclass(frozen=True)
class Script:
    """So many tokens, so many seconds apart; with `joined` so many in one write."""

    tokens: int
    gap: float = 0.0
    joined: int = 1


SCRIPTS = {
    "four": Script(4),
    "paced": Script(160, 0.05),
    "fast": Script(4000, joined=32),
    "endless": Script(10**9, 0.02),
}

_EVENT = (
    'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"bench",'
    '"choices":[{"index":0,"delta":%s,"finish_reason":%s}]}\n\n'
)
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
    b"connection: keep-alive\r\n\r\n"
)
_TAIL = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"

_left: list[int] = []
_waiting: list["Model"] = []  # for a stream to be left
_opened = 0


def _chunk(delta: str, finish: str = "null") -> bytes:
    event = (_EVENT % (delta, finish)).encode()
    return b"%x\r\n%s\r\n" % (len(event), event)


_ROLE = _chunk('{"role":"assistant","content":""}')
_STOP = _chunk("{}", '"stop"')


class Model(asyncio.Protocol):
    """One connection; one request after the other."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._script: Script | None = None
        self._written = 0
        self._timer: asyncio.TimerHandle | None = None
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        global _opened
        _opened += 1
        self._transport: Any = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._script is not None:
            _left.append(time.monotonic_ns())
            if _waiting:
                _waiting.pop().tell_left()
        self._script = None
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._script is not None and not self._script.gap:
            self._write_all()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if len(body) < length:
            return
        self._received = body[length:]
        method, path, _ = head.split(b" ", 2)
        if method == b"POST":
            self._begin(json.loads(body[:length])["model"])
        elif path == b"/left" or (path == b"/left?wait" and _left):
            self.tell_left()
        elif path == b"/left?wait":
            _waiting.append(self)
        elif path == b"/opened":
            self._answer(_opened)
        else:
            self._answer({"object": "list", "data": [{"id": name} for name in SCRIPTS]})

    def tell_left(self) -> None:
        left, _left[:] = [*_left], []
        self._answer(left)

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
            % (len(body), body)
        )

    def _begin(self, name: str) -> None:
        self._script, self._written = SCRIPTS[name], 0
        self._transport.write(_HEAD + _ROLE)
        if self._script.gap:
            self._tick()
        else:
            self._write_all()

    def _tokens(self, count: int) -> bytes:
        first, self._written = self._written, self._written + count
        now = time.monotonic_ns()
        return b"".join(
            _chunk(f'{{"content":" {number}:{now}"}}') for number in range(first, first + count)
        )

    def _tick(self) -> None:
        script = self._script
        assert script is not None  # noqa: S101 - the timer ends with the script
        if not self._full:
            self._transport.write(self._tokens(1))
        if self._written < script.tokens:
            self._timer = self._loop.call_later(script.gap, self._tick)
        else:
            self._end()

    def _write_all(self) -> None:
        script = self._script
        assert script is not None  # noqa: S101 - it is called while there is one
        while not self._full and self._written < script.tokens:
            self._transport.write(self._tokens(min(script.joined, script.tokens - self._written)))
        if self._written >= script.tokens:
            self._end()

    def _end(self) -> None:
        self._script = None
        self._transport.write(_STOP + _TAIL)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
