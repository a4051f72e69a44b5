"""The tools that need no server: they read what the conversation's owner has. Sync."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from conversations.files import selectors as file_selectors
from conversations.files.models import Attachment, FileContent
from conversations.threads import search, snippets
from conversations.threads.models import Conversation
from conversations.tools.calculator import CannotCalculate, calculate

# The name of the server to which they belong.
BUILT_IN: Final = "builtin"
MOST_FOUND: Final = 8
# Characters of a file that one call reads.
PAGE: Final = 16_000

Arguments = Mapping[str, Any]
Run = Callable[[Conversation, Arguments], str]


class ToolFailed(Exception):
    """A tool has no result; `str()` is a sentence for the model and for people. Where the pages say
    it in other languages, it is made of a template and its values, and may have a code."""

    def __init__(self, template: str, *, code: str = "", **values: object) -> None:
        super().__init__(template % values if values else template)
        self.template, self.values = template, values
        self.code = code or "tool_failed"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A tool, and what runs it for the owner of a conversation."""

    name: str
    description: str
    run: Run
    properties: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
            "additionalProperties": False,
        }


def _current_time(conversation: Conversation, arguments: Arguments) -> str:
    name = arguments.get("timezone") or "UTC"
    try:
        zone = UTC if name == "UTC" else ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ToolFailed(f"There is no time zone {name[:60]}.") from None
    return datetime.now(zone).strftime("%A, %Y-%m-%d %H:%M:%S %Z (UTC%z)")


def _calculate(conversation: Conversation, arguments: Arguments) -> str:
    try:
        return calculate(arguments["expression"])
    except CannotCalculate as error:
        raise ToolFailed(str(error)) from None


def _search(conversation: Conversation, arguments: Arguments) -> str:
    query, user = arguments["query"], conversation.user
    hits = search.hits(user=user, query=query)
    hits.pop(conversation.pk, None)
    rows = list(
        Conversation.objects.filter(id__in=list(hits)).order_by("-updated_at", "-id")[:MOST_FOUND]
    )
    if not rows:
        return "Nothing was found."
    matches = snippets.matches(rows, hits=hits, query=query)
    lines: list[str] = []
    for row in rows:
        snippet = matches[row.pk]["snippet"] or []
        text = "".join(part["text"] for part in snippet)
        lines.append(f"{row.title or 'New chat'} ({row.updated_at:%Y-%m-%d}): {text}")
    return "\n".join(lines)


def _read_file(conversation: Conversation, arguments: Arguments) -> str:
    wanted, start = arguments["name"], arguments.get("start", 0)
    attachments = Attachment.objects.filter(
        message__conversation=conversation, message__deleted_at=None
    )
    rows = attachments.select_related("file__content").defer("file__content__text")
    files = {row.file.id: row.file for row in rows.order_by("-message__created_at", "position")}
    file = next((f for f in files.values() if wanted in (f.name, str(f.id))), None)
    if file is None:
        names = ", ".join(sorted({f.name for f in files.values()})) or "none"
        raise ToolFailed(f"There is no such file in this conversation. Its files: {names[:2000]}.")
    if file.content.kind == FileContent.Kind.IMAGE:
        raise ToolFailed("This file is a picture, and has no text.")
    text = file_selectors.texts(ids=[file.content.id]).get(file.content.id, "")
    piece = text[start : start + PAGE]
    end = start + len(piece)
    rest = f"\n[{len(text) - end} characters follow: start={end}]" if end < len(text) else ""
    return (piece or "[The file has no text here.]") + rest


_TEXT: Final = {"type": "string", "maxLength": 1000}
_ALL: Final = (
    BuiltIn(
        "current_time",
        "The current date and time, in a time zone.",
        _current_time,
        {"timezone": {**_TEXT, "description": "As in Europe/Berlin. Default: UTC."}},
    ),
    BuiltIn(
        "calculate",
        "Work out an arithmetic expression exactly, as in (2 + 3) * 1.5 or sqrt(2).",
        _calculate,
        {"expression": _TEXT},
        ("expression",),
    ),
    BuiltIn(
        "search_conversations",
        "Find earlier conversations of the user by words in their titles and messages.",
        _search,
        {"query": {**_TEXT, "description": "All of these words are looked for."}},
        ("query",),
    ),
    BuiltIn(
        "read_file",
        "Read the text of a file that is attached in this conversation.",
        _read_file,
        {
            "name": {**_TEXT, "description": "The name of the file."},
            "start": {"type": "integer", "minimum": 0, "description": "Skip so many characters."},
        },
        ("name",),
    ),
)
TOOLS: Final = {tool.name: tool for tool in _ALL}


def run(*, conversation: Conversation, name: str, arguments: Arguments) -> str:
    """Return the result of a built-in tool. Raises `ToolFailed`."""
    return TOOLS[name].run(conversation, arguments)
