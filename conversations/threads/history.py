"""The messages above a new one, read from the newest back, and no further than they are wanted.

A chat of ten thousand messages opens a turn as fast as one of twenty: what does not fit into a
model's window is not read. How many there are above is counted once, and then known from one turn
to the next.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from conversations.files import selectors as file_selectors
from conversations.files.models import Attachment, File
from conversations.statements import fetched
from conversations.threads.models import Conversation, Message
from conversations.tools import selectors as tool_calls
from conversations.tools.models import ToolCall

# How far back is read at first, in messages and characters, and how many times as far when more
# would fit.
FIRST_MESSAGES: Final = 400
FIRST_CHARACTERS: Final = 200_000
FURTHER: Final = 8
# Conversations of whose messages it is remembered how many are above them.
REMEMBERED: Final = 10_000

_TABLE: Final = Message._meta.db_table
_ATTACHED: Final = Attachment._meta.db_table
_READ: Final = f"""
WITH RECURSIVE path(id, parent_id, role, content, asks, runs, place, size) AS (
    SELECT id, parent_id, role, content, finish_reason = 'tool_calls',
           status IN ('streaming', 'stopping'), 1, LENGTH(content)
    FROM {_TABLE}
    WHERE id = %s AND conversation_id = %s AND deleted_at IS NULL
  UNION ALL
    SELECT above.id, above.parent_id, above.role, above.content,
           above.finish_reason = 'tool_calls', above.status IN ('streaming', 'stopping'),
           path.place + 1, path.size + LENGTH(above.content)
    FROM path JOIN {_TABLE} above ON above.id = path.parent_id
    WHERE path.place < %s AND path.size < %s AND above.deleted_at IS NULL
)
SELECT id, parent_id, role, content, asks, runs,
       role = 'user' AND EXISTS (SELECT 1 FROM {_ATTACHED} WHERE message_id = path.id)
FROM path ORDER BY place DESC
"""  # noqa: S608 - the names of our own tables
_COUNT: Final = f"""
WITH RECURSIVE path(id, parent_id, role, empty) AS (
    SELECT id, parent_id, role, content = '' AND finish_reason <> 'tool_calls' FROM {_TABLE}
    WHERE id = %s AND deleted_at IS NULL
  UNION ALL
    SELECT above.id, above.parent_id, above.role,
           above.content = '' AND above.finish_reason <> 'tool_calls'
    FROM path JOIN {_TABLE} above ON above.id = path.parent_id
    WHERE above.deleted_at IS NULL
)
SELECT CASE WHEN role = 'system' THEN id END, COUNT(*) FROM path
WHERE role = 'user' OR NOT empty GROUP BY 1
"""  # noqa: S608


# A key as the database gives it.
Key = UUID | str


class Said(NamedTuple):
    """What a prompt needs of a message. Its `files` are without their text; a reply has the tool
    `calls` that it asked for, and then its `reasoning`."""

    role: str
    content: str
    files: Sequence[File] = ()
    calls: Sequence[ToolCall] = ()
    reasoning: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is a part of prompts: a reply without text and calls is none."""
        return bool(self.content) or bool(self.calls) or self.role == Message.Role.USER


@dataclass(frozen=True, slots=True)
class History:
    """The newest messages of a branch, oldest first, with the system messages of all of it before
    them. `older` are above them and were not read; those without text are in neither. The last of
    them may be a reply that still `runs`: it has only a part of its text."""

    messages: list[Said]
    older: int = 0
    runs: bool = False


@dataclass(frozen=True, slots=True)
class _Above:
    """What is above a message, itself included: how many that count, and the system messages."""

    revision: int
    count: int
    system: frozenset[UUID]


_above: OrderedDict[UUID, _Above] = OrderedDict()


def read(conversation: Conversation, leaf_id: UUID, reach: int = 1) -> History | None:
    """Return the history that ends with a message, `None` if that is not (any more) a message of
    the conversation. With a larger `reach` it goes further back."""
    found = fetched(
        _READ,
        (
            *(_param(leaf_id), _param(conversation.pk)),
            *(FIRST_MESSAGES * reach, FIRST_CHARACTERS * reach),
        ),
    )
    if not found:
        return None
    # Keys are made into UUIDs only where they are looked up: that takes longer than the rest here.
    with_files = [_uuid(key) for key, *_, attached in found if attached]
    files = file_selectors.attached(column="message_id", ids=with_files)
    asking = [_uuid(key) for key, *_, asks, _, _ in found if asks]
    calls = tool_calls.of_messages(ids=asking) if asking else {}
    thoughts = Message.objects.filter(id__in=list(calls)).order_by() if calls else ()
    reasoning = {row.id: row.reasoning for row in thoughts}
    rows: list[tuple[Key, Said]] = []
    for given, _, role, content, asks, _, attached in found:
        said = Said(role, content, files.get(_uuid(given), ()) if attached else ())
        if asks and (key := _uuid(given)) in calls:
            said = said._replace(calls=calls[key], reasoning=reasoning.get(key, ""))
        rows.append((given, said))
    runs = bool(found[-1][-2])
    if found[0][1] is None:
        return History([said for _, said in rows if said.counts], runs=runs)
    above = _count(conversation, rows, remember=not runs)
    # The oldest of what was read is a question, as what is left out begins with one.
    start = next((i for i, (_, said) in enumerate(rows) if said.role == Message.Role.USER), 0)
    kept = [(key, said) for key, said in rows[start:] if said.counts]
    unread = above.system and above.system.difference(_uuid(key) for key, _ in kept)
    system = Message.objects.filter(id__in=unread).order_by("created_at", "id") if unread else ()
    messages = [Said(row.role, row.content) for row in system] + [said for _, said in kept]
    return History(messages, above.count - len(messages), runs)


def _count(conversation: Conversation, rows: list[tuple[Key, Said]], *, remember: bool) -> _Above:
    """Count the messages above the last of the rows, unless one of them knows the number."""
    count, system = 0, frozenset[UUID]()
    for given, said in reversed(rows):
        key = _uuid(given)
        known = _above.get(key)
        if known is not None and known.revision == conversation.revision:
            count, system = count + known.count, system | known.system
            break
        count += said.counts
        if said.role == Message.Role.SYSTEM:
            system |= {key}
    else:
        counts = fetched(_COUNT, (rows[-1][0],))
        count = sum(number for _, number in counts)
        system = frozenset(_uuid(key) for key, _ in counts if key is not None)
    above = _Above(conversation.revision, count, system)
    if remember:
        _above[_uuid(rows[-1][0])] = above
    while len(_above) > REMEMBERED:
        _above.popitem(last=False)
    return above


def _param(key: UUID) -> UUID | str:
    return key if connection.features.has_native_uuid_field else key.hex


def _uuid(key: object) -> UUID:
    return key if isinstance(key, UUID) else UUID(str(key))
