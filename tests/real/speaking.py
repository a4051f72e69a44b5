"""What the tests say to a small model, and how long they wait for it."""

from typing import Any

from tests.harness.fold import Event
from tests.harness.sockets import Socket

# What a reply may take on a busy machine, in seconds.
REPLY_S = 240.0
HI: Any = [{"role": "user", "content": "Hi"}]
# About 150 tokens.
PARAGRAPH = "The quick brown fox jumps over the lazy dog near the old river bank. " * 10


async def say(socket: Socket, content: str, **parameters: Any) -> tuple[Event, Event]:
    """The beginning and the end of the reply."""
    client_id = await socket.ask(content, model=None, parameters={"temperature": 0, **parameters})
    start = await socket.next("message_start", REPLY_S, client_id=client_id)
    return start, await socket.next("message_end", REPLY_S, id=start["id"])
