"""The clients: bare on sockets, so that they cost little beside what they measure. Each reads a
reply to its end and holds that it is whole and in order.
"""

import asyncio
import base64
import json
import os
import struct
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

NANO = 1e9
# Kinds of frames.
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Wrong(Exception):
    """A reply was not what the model wrote."""


@dataclass
class Heard:
    """What a client heard of one reply, in seconds: until its first token, and of each token the
    time from the model's writing to here."""

    first: float = 0.0
    delays: list[float] = field(default_factory=list)
    tokens: int = 0

    def take(self, text: str, now: int) -> None:
        for token in text.split():
            number, _, written = token.partition(":")
            if int(number) != self.tokens:
                raise Wrong(f"token {number} came where {self.tokens} was due")
            self.tokens += 1
            self.delays.append((now - int(written)) / NANO)


class Stream:
    """A connection to read from and write to."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._port, self.headers = port, headers

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, limit=2**22
        )

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()

    async def _head(self) -> tuple[int, dict[str, str]]:
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        return int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}


class Requests(Stream):
    """Requests to `/v1/chat/completions` on one connection, streaming."""

    async def ask(self, model: str) -> Heard:
        heard, started = Heard(), time.monotonic_ns()
        done = False
        async for event in self.events(model):
            if event == "[DONE]":
                done = True
                continue
            choices = json.loads(event).get("choices") or [{}]
            text = (choices[0].get("delta") or {}).get("content")
            if text:
                now = time.monotonic_ns()
                heard.first = heard.first or (now - started) / NANO
                heard.take(text, now)
        if not done:
            raise Wrong("the stream ended without its mark")
        return heard

    async def events(self, model: str) -> AsyncGenerator[str]:
        body = json.dumps(
            {"model": model, "stream": True, "messages": [{"role": "user", "content": "Go on"}]}
        ).encode()
        fields = {"host": "127.0.0.1", "content-type": "application/json", **self.headers}
        fields["content-length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._writer.write(f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n".encode() + body)
        status, answer = await self._head()
        rest = ""
        async for piece in self._chunks(answer):
            *events, rest = (rest + piece.decode()).split("\n\n")
            if status != 200:
                raise Wrong(piece.decode())
            for event in events:
                if event.startswith("data: "):
                    yield event.removeprefix("data: ")

    async def _chunks(self, headers: dict[str, str]) -> AsyncGenerator[bytes]:
        if "content-length" in headers:
            yield await self._reader.readexactly(int(headers["content-length"]))
            return
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            yield (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readuntil(b"\r\n")


class Socket(Stream):
    """A socket on one conversation."""

    def __init__(self, port: int, headers: dict[str, str], chat: str) -> None:
        super().__init__(port, headers)
        self._path = f"/ws/chat/{chat}/"

    async def open(self) -> None:
        await super().open()
        fields = {
            "Host": "127.0.0.1",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
            **self.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._writer.write(f"GET {self._path} HTTP/1.1\r\n{head}\r\n".encode())
        status, _ = await self._head()
        if status != 101 or (await self._event())["type"] != "ready":
            raise Wrong("the socket was not opened")

    async def ask(self, model: str) -> Heard:
        heard, started = Heard(), time.monotonic_ns()
        await self.say(model)
        texts: list[str] = []
        while True:
            event = await self._event()
            now = time.monotonic_ns()
            if event["type"] == "delta":
                heard.first = heard.first or (now - started) / NANO
                heard.take(event["content_chunk"], now)
                texts.append(event["content_chunk"])
            elif event["type"] in ("error", "message_end"):
                break
        if event.get("full_content") != "".join(texts):
            raise Wrong(f"the end is {event}")
        return heard

    async def say(self, model: str) -> None:
        frame: dict[str, Any] = {
            "type": "user_message",
            "client_id": str(uuid4()),
            "content": "Go on",
            "parameters": {"model": model},
        }
        self._write(TEXT, json.dumps(frame).encode())

    def _write(self, kind: int, body: bytes) -> None:
        """Write a frame, masked as a client's is."""
        mask = os.urandom(4)
        size = len(body)
        head = struct.pack("!BB", 0x80 | kind, 0x80 | min(size, 126))
        head += struct.pack("!H", size) if size >= 126 else b""
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(body))
        self._writer.write(head + mask + masked)

    async def first(self) -> None:
        """Return with the first text."""
        while (await self._event())["type"] != "delta":
            pass

    async def _event(self) -> dict[str, Any]:
        while True:
            kind, size = await self._reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self._reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
            body = await self._reader.readexactly(size)
            if kind & 15 == PING:
                self._write(PONG, body)
            if kind & 15 == TEXT:
                event: dict[str, Any] = json.loads(body)
                return event
            if kind & 15 == CLOSE:
                raise Wrong(f"the socket was closed: {body!r}")
