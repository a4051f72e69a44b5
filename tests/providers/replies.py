"""What the tests of providers share: asking, and looking at everything that came."""

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from providers.base import Provider
from providers.errors import ProviderError
from providers.types import ChatMessage, ChatRequest, Chunk, Finish, Phase
from tests.scripted.ollama_scripts import REPLY

REPLY_TEXT = "".join(REPLY)
# What the scripted servers put into their errors, and people must not see.
SECRETS = ("http", "10.0.0.1", "sk-", "secret", "<", "{", "ollama.com", "llama runner", "Traceback")


@dataclass
class Reply:
    """All that came out of one stream, and how it ended."""

    chunks: list[Chunk] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def content(self) -> str:
        return "".join(chunk.content for chunk in self.chunks)

    @property
    def reasoning(self) -> str:
        return "".join(chunk.reasoning for chunk in self.chunks)

    @property
    def phases(self) -> list[Phase]:
        return [chunk.phase for chunk in self.chunks if chunk.phase]

    @property
    def calls(self) -> list[tuple[str, str, str]]:
        """Id, name and arguments of each tool call, put together as a client does it."""
        found: list[list[str]] = []
        for part in (part for chunk in self.chunks for part in chunk.tool_parts):
            if part.index == len(found):
                assert part.id
                assert part.name
                found.append([part.id, part.name, ""])
            else:
                assert not part.id
                assert not part.name
            found[part.index][2] += part.arguments
        return [(id_, name, arguments) for id_, name, arguments in found]

    @property
    def finish(self) -> Finish:
        """The end of a whole reply: exactly one, in the last chunk."""
        if self.error is not None:
            raise self.error
        found = [chunk.finish for chunk in self.chunks if chunk.finish]
        assert len(found) == 1
        assert self.chunks[-1].finish is found[0]
        return found[0]


def request(model: str, *said: str, **parameters: Any) -> ChatRequest:
    messages = tuple(ChatMessage("user", text) for text in said or ("Hello there",))
    return ChatRequest(model, messages, **parameters)


async def ask(provider: Provider, model: str, *said: str, **parameters: Any) -> Reply:
    """The whole reply. Only a `ProviderError` is an end that a provider may make."""
    reply = Reply()
    try:
        async with aclosing(provider.stream_chat(request(model, *said, **parameters))) as chunks:
            async for chunk in chunks:
                reply.chunks.append(chunk)
    except ProviderError as error:
        reply.error = error
    return reply


async def answer(provider: Provider, asked: ChatRequest) -> Reply:
    """The reply to a request that is more than text."""
    reply = Reply()
    async with aclosing(provider.stream_chat(asked)) as chunks:
        async for chunk in chunks:
            reply.chunks.append(chunk)
    return reply


def is_plain(error: ProviderError) -> bool:
    """A sentence for people: short, ended, and nothing of what the server said."""
    text = str(error)
    return (
        text[:1].isupper()
        and text.endswith((".", "?"))
        and len(text) < 200
        and " The " not in text.replace(". The ", "")
        and not any(secret in text for secret in SECRETS)
    )
