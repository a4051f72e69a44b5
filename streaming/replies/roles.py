"""The order of roles in what is sent. Many chat templates refuse a prompt whose roles do not
alternate, or that has a system message. The record stays as it is."""

from collections.abc import Iterable
from dataclasses import replace

from providers.types import ChatMessage

_BETWEEN = "\n\n"


def join_neighbours(messages: Iterable[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Join neighbours of one role by an empty line."""
    result: list[ChatMessage] = []
    for message in messages:
        if result and _may_join(result[-1], message):
            result[-1] = _join(result[-1], message)
        else:
            result.append(message)
    return tuple(result)


def without_system(messages: Iterable[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Let the user say what the system says, and join neighbours: the system prompt stands before
    the first question then."""
    return join_neighbours(
        replace(message, role="user") if message.role == "system" else message
        for message in messages
    )


def _may_join(first: ChatMessage, second: ChatMessage) -> bool:
    """A tool's message answers one call, and calls are followed by their answers."""
    calls = first.tool_calls or second.tool_calls
    return first.role == second.role != "tool" and not calls


def _join(first: ChatMessage, second: ChatMessage) -> ChatMessage:
    between = _BETWEEN if first.content and second.content else ""
    content = f"{first.content}{between}{second.content}"
    thoughts = _BETWEEN.join(filter(None, (first.reasoning, second.reasoning)))
    parts: tuple[object, ...] = ()
    if first.parts or second.parts:
        texts = [first.parts or (first.content,), (between,), second.parts or (second.content,)]
        parts = tuple(part for group in texts for part in group if part)
    return replace(first, content=content, reasoning=thoughts, parts=parts)  # type: ignore[arg-type]
