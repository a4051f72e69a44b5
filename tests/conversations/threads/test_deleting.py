"""Deleting a message, restoring it, and what is left of it after a day."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from conversations.errors import ConversationBusy, NotFound
from conversations.threads import access, deleting, search, selectors
from conversations.threads.models import Conversation, Message
from conversations.upkeep import upkeep
from tests.conversations.conftest import add_message, open_turn


@pytest.fixture
def path(chat: Conversation) -> list[Message]:
    """Two turns, the last of which is shown."""
    rows: list[Message] = []
    for role, content in (("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2")):
        parent = rows[-1] if rows else None
        rows.append(add_message(chat, role, content=content, parent=parent))
    Conversation.objects.filter(id=chat.id).update(head=rows[-1])
    return rows


def shown(chat: Conversation) -> list[str]:
    """The texts of the shown branch, each of which hangs below the one before."""
    chat.refresh_from_db()
    page = selectors.messages(conversation=chat, limit=100)
    ids: list[UUID | None] = [None, *(row.id for row in page.messages)]
    assert [row.parent_id for row in page.messages] == ids[:-1]
    return [row.content for row in page.messages]


def delete(row: Message) -> Conversation:
    return deleting.delete_message(message=row)


def restore(row: Message) -> Conversation:
    return deleting.restore_message(message=row)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 0, 3], [2, 1, 3, 0]])
def test_every_order_of_deletions_can_be_undone_in_every_order(chat, path, order):
    """What is left hangs together; when all are back, all is as it was."""
    before = list(Message.objects.order_by("id").values_list("id", "parent_id", "first_parent_id"))
    left = ["q1", "a1", "q2", "a2"]
    for place in order:
        delete(path[place])
        left.remove(path[place].content)
        assert shown(chat) == left
    for place in order:
        restore(path[place])
        assert path[place].content in shown(chat)
    assert shown(chat) == ["q1", "a1", "q2", "a2"]
    after = list(Message.objects.order_by("id").values_list("id", "parent_id", "first_parent_id"))
    assert after == before
    chat.refresh_from_db()
    assert chat.revision == 2 * len(order)


def test_another_version_is_shown_instead(chat, path):
    """With what is below it; and the deleted one again when it is restored."""
    other = add_message(chat, "assistant", content="b2", parent=path[2])
    add_message(chat, content="q3", parent=other)
    delete(path[3])
    assert shown(chat) == ["q1", "a1", "q2", "b2", "q3"]
    restore(path[3])
    assert shown(chat) == ["q1", "a1", "q2", "a2"]


def test_where_nothing_is_above_another_beginning_is_shown(chat, path):
    """The newest that is left."""
    other = add_message(chat, content="other")
    for row in path:
        delete(row)
    assert shown(chat) == ["other"]
    delete(other)
    assert shown(chat) == []


def test_versions_of_both_questions_are_not_mixed(chat, path):
    """Replies that hang below an older reply are no versions of the question there."""
    delete(path[2])
    page = selectors.messages(conversation=chat, branch="all", limit=100).messages
    assert [row.sibling_ids for row in page] == [[row.id] for row in page]
    with pytest.raises(NotFound):  # its question is gone
        selectors.turn_context(
            conversation=chat, parent_id=None, parent_given=False, regenerate=path[3].id
        )


def test_a_deleted_message_is_nowhere(chat, path, owner, stranger):
    """Not in the tree, its count, the search, nor by its id; nor to be restored by others."""
    Message.objects.filter(id=path[0].id).update(content="lighthouse")
    found = Message.objects.create(
        conversation=chat, role="user", content="lighthouse two", completed_at=timezone.now()
    )
    assert search.hits(user=owner, query="lighthouse")[chat.id].message_id == found.id
    delete(found)
    delete(path[1])
    assert search.hits(user=owner, query="lighthouse")[chat.id].message_id == path[0].id
    assert selectors.conversations(user=owner).get(pk=chat.id).message_count == 3
    for user, gate in ((owner, access.message), (stranger, access.deleted_message)):
        with pytest.raises(NotFound):
            gate(user, path[1].id)
    with pytest.raises(NotFound):
        delete(path[1])
    assert access.deleted_message(owner, path[1].id).id == path[1].id


def test_who_answers_a_deleted_message_answers_the_one_above(chat, path):
    """A tab that does not know of the deletion loses nothing."""
    delete(path[3])
    context = selectors.turn_context(
        conversation=chat, parent_id=path[3].id, parent_given=True, regenerate=None
    )
    assert (context.parent_id, [row.content for row in context.history]) == (
        path[2].id,
        ["q1", "a1", "q2"],
    )


def test_a_running_reply_keeps_its_question(chat, path):
    """And itself; what is older may go, and comes back without the shown branch being changed."""
    turn = open_turn(chat, "q3")
    for row in (turn.user_message, turn.reply):
        with pytest.raises(ConversationBusy):
            delete(row)
    delete(path[3])
    assert shown(chat) == ["q1", "a1", "q2", "q3", ""]
    restore(path[3])
    assert shown(chat) == ["q1", "a1", "q2", "a2", "q3", ""]


def test_its_text_is_erased_after_a_day(chat, path, owner):
    """And it cannot be restored any more. A younger one keeps its text."""
    for row in path[2:]:
        delete(row)
    long_ago = timezone.now() - deleting.RESTORABLE - timedelta(seconds=1)
    Message.objects.filter(id=path[3].id).update(deleted_at=long_ago, reasoning="Hm")
    upkeep()
    texts = dict(Message.objects.values_list("id", "content"))
    assert [texts[row.id] for row in path] == ["q1", "a1", "q2", ""]
    path[3].refresh_from_db()
    assert path[3].reasoning == ""
    with pytest.raises(NotFound):
        restore(path[3])
    assert deleting.erase_deleted() == 0
