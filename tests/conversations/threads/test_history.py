"""The history of a turn is read no further back than it is wanted, and nothing is miscounted."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.files import services as file_services
from conversations.files.models import File, FileContent
from conversations.ids import new_id
from conversations.threads import deleting, history
from conversations.threads.models import Conversation, Message
from tests.conversations.conftest import add_message


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "FIRST_MESSAGES", 4)


def fill(chat: Conversation, texts: list[tuple[str, str]]) -> list[Message]:
    rows: list[Message] = []
    for role, content in texts:
        parent = rows[-1] if rows else None
        moment = timezone.now()
        rows.append(
            Message(
                id=new_id(),
                conversation=chat,
                parent=parent,
                role=role,
                content=content,
                created_at=moment,
                completed_at=moment,
            )
        )
    return Message.objects.bulk_create(rows)


def turns(count: int) -> list[tuple[str, str]]:
    return [(role, f"{role} {n}") for n in range(count) for role in ("user", "assistant")]


def texts(found: history.History | None) -> list[str]:
    assert found is not None
    return [said.content for said in found.messages]


def test_a_short_one_is_read_whole(chat):
    rows = fill(chat, [("system", "Be brief."), *turns(1)])
    found = history.read(chat, rows[-1].id)
    assert texts(found) == ["Be brief.", "user 0", "assistant 0"]
    assert found.older == 0


def test_a_long_one_ends_at_a_question_and_keeps_its_system_messages(chat):
    rows = fill(chat, [("system", "Be brief."), *turns(6), ("user", "now"), ("assistant", "")])
    found = history.read(chat, rows[-1].id)
    # The reply without text is in no prompt, and is not counted.
    assert texts(found) == ["Be brief.", "user 5", "assistant 5", "now"]
    assert found.older == 10
    further = history.read(chat, rows[-1].id, reach=2)
    assert texts(further)[:2] == ["Be brief.", "user 3"]
    assert further.older == 6
    whole = history.read(chat, rows[-1].id, reach=100)
    assert (len(whole.messages), whole.older) == (14, 0)


def test_the_whole_branch_is_counted_once(chat):
    rows = fill(chat, turns(50))
    assert history.read(chat, rows[-1].id).older == 96
    asked = add_message(chat, parent=rows[-1])
    answer = add_message(chat, "assistant", parent=asked)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert history.read(chat, answer.id).older == 98
    assert len(queries) == 1


def test_a_reply_that_runs_is_told_and_not_remembered(chat):
    """When it has text, it counts."""
    rows = fill(chat, turns(5))
    asked = add_message(chat, parent=rows[-1])
    answer = add_message(chat, "assistant", parent=asked, content="", status="streaming")
    found = history.read(chat, answer.id)
    assert (found.runs, found.older) == (True, 8)
    Message.objects.filter(id=answer.id).update(
        content="Ended", status="completed", completed_at=timezone.now()
    )
    ended = history.read(chat, answer.id)
    assert (ended.runs, ended.older + len(ended.messages)) == (False, 12)


def test_files_are_read_where_there_are_some(chat):
    """Each with its message, in order, by one query more."""
    rows = fill(chat, turns(2))
    kind = FileContent.Kind.DOCUMENT
    files = []
    for name in ("a", "b"):
        content = FileContent.objects.create(owner=chat.user, sha256=name, kind=kind, size=1)
        files.append(File.objects.create(owner=chat.user, content=content, name=name))
    file_services.attach(files=files, message_id=rows[2].id)
    with CaptureQueriesContext(connection) as queries:
        found = history.read(chat, rows[-1].id)
    names = [[file.name for file in said.files] for said in found.messages]
    assert names == [[], [], ["a", "b"], []]
    assert len(queries) == 2


def test_a_deleted_message_is_counted_no_more(chat):
    rows = fill(chat, turns(5))
    assert history.read(chat, rows[-1].id).older == 6
    deleting.delete_message(message=rows[0])
    chat.refresh_from_db()
    assert history.read(chat, rows[-1].id).older == 5
    deleting.delete_message(message=rows[-1])
    assert history.read(chat, rows[-1].id) is None
