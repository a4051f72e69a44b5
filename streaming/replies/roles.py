"""The order of roles in what is sent. Many chat templates refuse a prompt whose roles do not
alternate, or that has a system message. The record stays as it is."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from providers.types import ChatMessage, Image

_BETWEEN = "\n\n"


def join_neighbours(messages: Iterable[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Join neighbours of one role by an empty line."""
    messages = tuple(messages)
    if not any(_may_join(*pair) for pair in pairwise(messages)):
        return messages
    groups: list[list[ChatMessage]] = []
    for message in messages:
        if groups and _may_join(groups[-1][-1], message):
            groups[-1].append(message)
        else:
            groups.append([message])
    return tuple(_joined(group) if len(group) > 1 else group[0] for group in groups)


def without_system(messages: Iterable[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Let the user say what the system says, and join neighbours: the system prompt stands before
    the first question then."""
    return join_neighbours(
        replace(message, role="user") if message.role == "system" else message
        for message in messages
    )


def _may_join(first: ChatMessage, second: ChatMessage) -> bool:
    """A tool's message answers one call, and calls are followed by their answers."""
    if first.role != second.role or first.role == "tool":
        return False
    return not (first.tool_calls or second.tool_calls)


def _joined(group: list[ChatMessage]) -> ChatMessage:
    """One message of several; in time that grows with their length."""
    content = _BETWEEN.join(filter(None, (message.content for message in group)))
    thoughts = _BETWEEN.join(filter(None, (message.reasoning for message in group)))
    parts: list[str | Image] = []
    if any(message.parts for message in group):
        spoken = False
        for message in group:
            if spoken and message.content:
                parts.append(_BETWEEN)
            parts += message.parts or ((message.content,) if message.content else ())
            spoken = spoken or bool(message.content)
    return replace(group[0], content=content, reasoning=thoughts, parts=tuple(parts))
