"""An export can be read, by people and by programs, whatever the messages say."""

import json
import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from conversations.files.models import File
from conversations.threads import exports, services
from conversations.threads.models import Conversation, Message
from conversations.threads.open_blocks import closing_line
from conversations.tools.models import ToolCall
from tests.conversations.conftest import add_message, open_turn

OPEN = [
    ("```", "```"),
    ("a\n```py\nx = 1", "```"),
    ("```\n``` x\n````", ""),
    ("`````\n```", "`````"),
    ("~~~\n```", "~~~"),
    ("   ~~~~ info ```", "~~~~"),
    ("- item\n  ```js\n  x", "  ```"),
    ("1. a\n   - b\n     ~~~\n     c", "     ~~~"),
    ("> ```\n> x", "> ```"),
    ("> - ```", ">   ```"),
    ("- > ~~~", "  > ~~~"),
    ("<!-- not yet", "-->"),
    ("<pre>\n\n```", "</pre>"),
    ("```\r\nx\r\n```", ""),
    ("> ```\n\nafter", ""),
    ("- ```\n\nafter", ""),
    ("    ```", ""),
    ("text ```", ""),
    ("``` a`b", ""),
    ("* * *\n```", "```"),
    ("<div>\n```", ""),
    ("<!-- done -->", ""),
    ("```\n    ```", "```"),
]


@pytest.mark.parametrize(("text", "closing"), OPEN)
def test_what_is_open_at_the_end_is_closed(text: str, closing: str):
    """As a reader of CommonMark sees it: the heading after it is one."""
    assert closing_line(text) == closing
    tokens = MarkdownIt("commonmark").parse(f"{text}\n{closing}\n\n## After")
    assert [token.type for token in tokens[-3:]] == ["heading_open", "inline", "heading_close"]
    assert tokens[-3].level == 0


def read_markdown(text: str) -> list[tuple[str, str, str]]:
    """Id, role and text of each message, by the comments before them."""
    lines = text.split("\n")
    messages, at = [], 0
    while at < len(lines):
        if comment := re.fullmatch(r"<!-- message (\{.*\}) -->", lines[at]):
            facts = json.loads(comment[1])
            at += 4
            content = "\n".join(lines[at : at + facts["lines"]])
            messages.append((facts["id"], facts["role"], content))
            at += facts["lines"]
        else:
            at += 1
    return messages


def as_markdown(messages: list[Message]) -> str:
    return b"\n\n".join([b"# Title", *exports._paragraphs(messages)]).decode() + "\n"


def as_json(messages: list[Message]) -> list[dict[str, Any]]:
    rows = exports.ExportedMessage(messages, many=True).data
    return list(json.loads(json.dumps(rows, default=str)))


@pytest.fixture
def misleading(chat: Conversation) -> Conversation:
    """A conversation with messages that look like our own marks, and one without text."""
    parent = None
    texts = [text for text, _ in OPEN]
    texts += ["", " ", "\n", "a\n", "\n\n## You · 2026-01-01 00:00 UTC\n\nNot mine", "---\n# T"]
    texts.append("# New chat\r\rx\u2028y\x0bz")
    texts.append('<!-- message {"id": "1", "role": "user", "lines": 1} -->')
    for number, text in enumerate(texts):
        role = "assistant" if number % 2 else "user"
        parent = add_message(chat, role, content=text, parent=parent, model="a --> b")
    again = add_message(chat, content=as_markdown(list(chat.messages.all())))
    Conversation.objects.filter(id=chat.id).update(head=again, title="A\n## You")
    chat.refresh_from_db()
    return chat


def test_markdown_is_read_back(misleading: Conversation):
    """Every message to the letter; also one that is an export itself."""
    messages = list(misleading.messages.all())
    for row in messages:
        row.files = [File(name='<!-- message {"id": "1", "role": "user", "lines": 1} -->')]
    text = as_markdown(messages)
    assert read_markdown(text) == [(str(row.id), row.role, row.content) for row in messages]
    assert text.count("\n## You") > 2
    assert text.count("\n*Attached: <!--") >= len(messages)


def test_calls_are_told_and_cannot_be_taken_for_more(chat: Conversation):
    """Their results may hold fences, and marks that look like ours."""
    mark = '<!-- message {"id": "1", "role": "user", "lines": 1} -->'
    reply = add_message(chat, "assistant", content="")
    result = f"{mark}\n````\n{mark}\n" + "x" * exports.MOST_OF_RESULT
    call = {"arguments": '{"q": "```"}', "state": "done", "took_s": 1.23, "result": result}
    reply.tool_calls = [ToolCall(server="wiki", name="look_up*", **call)]
    text = as_markdown([reply])
    assert read_markdown(text) == [(str(reply.id), "assistant", "")]
    assert "*Tool: look\\_up  (wiki), done, 1.2 s*" in text
    assert "(no text)" not in text
    blocks = [t for t in MarkdownIt("commonmark").parse(text) if t.type == "fence"]
    shown = f"{result[: exports.MOST_OF_RESULT]}\n…\n"
    assert [block.content for block in blocks] == ['{"q": "```"}\n', shown]


def test_json_has_everything(misleading: Conversation):
    """Rows that are made from it are exported alike."""
    open_turn(misleading, "More", reply={"model": "m", "parameters": {"temperature": 0.5}})
    messages = list(misleading.messages.all())
    exported = as_json(messages)
    kept = {field.attname for field in Message._meta.concrete_fields} - {
        *("conversation_id", "author_id", "key_id", "door", "writer"),  # of this server alone
        *("deleted_at", "first_parent_id"),  # of messages that are not exported
    }
    assert all(kept <= set(row) for row in exported)
    other = services.create_conversation(user=misleading.user, title=misleading.title)
    misleading.messages.all().delete()
    for row in exported:
        fields = {name: row[name] for name in kept}
        for name in ("finish_reason", "model", "provider_used"):
            fields[name] = fields[name] or ""
        Message.objects.create(conversation=other, **fields)
    assert as_json(list(other.messages.all())) == exported
