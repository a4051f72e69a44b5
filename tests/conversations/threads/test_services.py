"""Writes and reads of the record."""

from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from conversations.errors import (
    ClientIdConflict,
    ConversationBusy,
    InvalidInput,
    NotFound,
)
from conversations.people import keys
from conversations.people.models import ApiKey
from conversations.threads import access, message_queue, replies, selectors, services, titles
from conversations.threads.models import OPEN, Conversation, Message
from streaming.caller import Caller
from streaming.peers import NoPeers, Peers
from streaming.replies.beginning import Beginnings
from streaming.replies.commands import TurnRequest
from streaming.replies.opening import Looked
from streaming.replies.running import RunningTurns
from tests.conversations.conftest import add_message, open_turn


def close(reply: Message, status: str = "completed", content: str = "Hi") -> bool:
    return replies.close_reply(reply_id=reply.id, writer=None, status=status, content=content)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Hello", "Hello"),
        ("one two three four five", "one two three four five"),
        ("one two three four five six", "one two three four five..."),
        ("  one\n\ttwo  ", "one two"),
        ("字" * 300, "字" * 250 + "..."),
        ("# Rich text\n\nInline math and", "Rich text Inline math and"),
        ("Hello from **Firefox**", "Hello from Firefox"),
        ("> - 1. *Why* is `x` [here](https://a.example)?", "Why is x here?"),
        ("```python\ndef f(*args, **kwargs):\n```", "def f(*args, **kwargs):"),
        ("2 * 3 * 4 #5", "2 * 3 * 4..."),
        ("**", "**"),
        ("*" * 3_000, "*" * 250 + "..."),
    ],
)
def test_title_of(said, title):
    """Five words, and dots when there were more."""
    assert titles.title_of(said) == title


def test_open_turn_stores_question_and_reply(chat):
    """One call makes both rows, the title and the head."""
    turn = open_turn(chat, "What is it?", remember={"temperature": 0.3})
    assert turn.created
    assert (turn.user_message.role, turn.user_message.status) == ("user", "completed")
    assert (turn.reply.role, turn.reply.status) == ("assistant", "streaming")
    assert turn.reply.parent_id == turn.user_message.id
    chat.refresh_from_db()
    assert (chat.title, chat.head_id) == ("What is it?", turn.reply.id)
    assert chat.settings == {"temperature": 0.3}


def test_open_turn_again_gives_the_first(chat):
    """A client_id that is known gives its turn, and nothing is stored."""
    key = uuid7()
    first = open_turn(chat, client_id=key)
    again = open_turn(chat, client_id=key)
    assert (again.reply.id, again.created) == (first.reply.id, False)
    with pytest.raises(ClientIdConflict):
        open_turn(chat, "Other", client_id=key)
    with pytest.raises(ClientIdConflict):
        open_turn(chat, None, client_id=key, message_id=first.reply.id)
    assert Message.objects.count() == 2


def test_open_turn_while_one_is_written(chat):
    """Busy, and not a row is left of the second."""
    first = open_turn(chat)
    with pytest.raises(ConversationBusy):
        open_turn(chat, "Second")
    assert Message.objects.count() == 2
    close(first.reply)
    assert open_turn(chat, "Second").created


def test_open_turn_refused_by_a_reply_that_has_ended_since(chat, monkeypatch):
    """Busy as well: what waits in the queue stays there, and begins at the end of that reply."""
    first, known_turn = open_turn(chat), selectors.known_turn

    def ends_first(**fields):
        close(first.reply)
        return known_turn(**fields)

    monkeypatch.setattr(selectors, "known_turn", ends_first)
    with pytest.raises(ConversationBusy):
        open_turn(chat, "Second")


@pytest.mark.parametrize("peers", [Peers(), NoPeers()], ids=["others", "alone"])
def test_a_reply_that_runs_elsewhere_is_in_no_prompt(chat, peers):
    """Its text would be a part of what it is when the turn is stored. Where nobody else is there,
    its process has died, and it is all there will be."""
    reply = open_turn(chat).reply
    Message.objects.filter(id=reply.id).update(content="Half of")
    beginnings = Beginnings(None, None, peers, RunningTurns(), None, None)
    request = TurnRequest(uuid7(), {}, content="Second")
    looked = beginnings._look(Caller(chat.user, None, "rest"), chat.id, request, busy=False)
    if type(peers) is Peers:
        assert looked == Looked()
        close(reply, content="Half of it, and the rest")
        looked = beginnings._look(Caller(chat.user, None, "rest"), chat.id, request, busy=False)
    assert looked.context.older == 0
    reply.refresh_from_db()
    assert reply.status not in OPEN
    assert looked.context.history[-1].content == reply.content


def test_open_turn_in_a_deleted_conversation(chat):
    """A conversation that is gone in the meantime is not found, and nothing is stored."""
    context = selectors.TurnContext(chat, None, [])
    Message.objects.filter(conversation=chat).delete()
    Conversation.objects.filter(id=chat.id).delete()
    with pytest.raises((NotFound, Conversation.DoesNotExist)):
        services.open_turn(
            context=context,
            author=chat.user,
            client_id=uuid7(),
            content="x",
            message_id=None,
            remember={},
            reply={},
        )
    assert Message.objects.count() == 0


def test_a_reply_is_closed_once(chat):
    """The first end stays; later writes change nothing."""
    reply = open_turn(chat).reply
    assert close(reply, "stopped", "So far")
    assert not close(reply, "completed", "More")
    assert not replies.save_partial(
        reply_id=reply.id, writer=None, content="x", reasoning="", seq=9
    )
    assert not replies.mark_stopping(reply_id=reply.id)
    assert replies.interrupt_open_replies() == 0
    reply.refresh_from_db()
    assert (reply.status, reply.content) == ("stopped", "So far")


def test_a_partial_text_only_grows(chat):
    """A checkpoint that comes late does not take text back."""
    reply = open_turn(chat).reply
    assert replies.save_partial(reply_id=reply.id, writer=None, content="ab", reasoning="t", seq=2)
    assert not replies.save_partial(
        reply_id=reply.id, writer=None, content="a", reasoning="", seq=1
    )
    reply.refresh_from_db()
    assert (reply.content, reply.reasoning, reply.seq) == ("ab", "t", 2)


def test_interrupt_closes_what_is_open(chat, owner):
    """Everywhere, or in one conversation, with the text that was kept."""
    other = services.create_conversation(user=owner)
    both = [open_turn(chat).reply, open_turn(other).reply]
    replies.save_partial(reply_id=both[0].id, writer=None, content="So far", reasoning="", seq=1)
    replies.mark_stopping(reply_id=both[1].id)
    assert replies.interrupt_open_replies(conversation=chat) == 1
    assert replies.interrupt_open_replies() == 1
    for reply, content in zip(both, ("So far", ""), strict=True):
        reply.refresh_from_db()
        assert (reply.status, reply.content) == ("interrupted", content)
        assert reply.error["code"] == "interrupted"
        assert reply.completed_at


def test_the_head_is_a_message_of_the_conversation(chat, owner):
    """Another's is refused, and so is a change while a reply is written."""
    other = add_message(services.create_conversation(user=owner))
    for wrong in (other.id, uuid7()):
        with pytest.raises(InvalidInput) as refusal:
            services.update_conversation(conversation=chat, changes={"head_id": wrong})
        assert "head_id" in refusal.value.fields
    turn = open_turn(chat)
    with pytest.raises(ConversationBusy):
        services.update_conversation(conversation=chat, changes={"head_id": turn.user_message.id})


def test_settings_are_merged(chat):
    """What is not named stays."""
    for given in ({"temperature": 0.1}, {"top_p": 0.5}):
        row = services.update_conversation(conversation=chat, changes={"settings": given})
    assert row.settings == {"temperature": 0.1, "top_p": 0.5}


def test_the_path_of_a_leaf(chat):
    """From the root to the leaf, without siblings; of nothing, nothing."""
    root = add_message(chat)
    left = add_message(chat, "assistant", parent=root)
    add_message(chat, "assistant", parent=root)
    leaf = add_message(chat, parent=left)
    path = selectors.path_ids(conversation=chat, leaf_id=leaf.id)
    assert path == [root.id, left.id, leaf.id]
    assert selectors.path_ids(conversation=chat, leaf_id=None) == []
    assert selectors.path_ids(conversation=chat, leaf_id=uuid7()) == []


@pytest.mark.parametrize("gate", [access.conversation, access.message, keys.owned])
def test_missing_and_foreign_look_the_same(gate, chat, owner, stranger):
    """The gates say the same of what is not there and of what is another's."""
    key, _ = keys.create(user=owner, name="k")
    rows = {
        access.conversation: chat,
        access.message: add_message(chat),
        keys.owned: key,
    }
    assert gate(owner, rows[gate].id) == rows[gate]
    refusals = []
    for user, key_id in ((stranger, rows[gate].id), (owner, uuid7()), (stranger, uuid7())):
        with pytest.raises(NotFound) as refusal:
            gate(user, key_id)
        refusals.append(str(refusal.value))
    assert len(set(refusals)) == 1


def test_a_message_is_looked_for_in_its_conversation(chat, owner):
    """The right id under another conversation of the same user is not found."""
    message = add_message(chat)
    other = services.create_conversation(user=owner)
    assert access.message(owner, message.id, chat.id) == message
    with pytest.raises(NotFound):
        access.message(owner, message.id, other.id)


@pytest.mark.parametrize("by_script", [True, False])
def test_what_a_deleted_key_queued_stays(chat, owner, by_script):
    """However the key is deleted: with the reason why it is not sent, and no longer the key's."""
    key, _ = keys.create(user=owner, name="script")
    for number, by in enumerate((key, key, None)):
        message_queue.add(
            conversation=chat,
            author=owner,
            client_id=uuid7(),
            content=str(number),
            parameters={},
            key=by,
        )
    if by_script:
        ApiKey.objects.filter(pk=key.pk).delete()
    else:
        key.delete()
    items, _ = message_queue.items(conversation_id=chat.pk)
    assert [item.content for item in items] == ["0", "1", "2"]
    codes = [item.error and item.error["code"] for item in items]
    assert codes == ["not_authenticated", "not_authenticated", None]
    assert message_queue.following(conversation_id=chat.pk).content == "2"


def test_ids_are_uuids(chat):
    """What is handed out as an id is one."""
    assert isinstance(chat.id, UUID)


def test_only_its_writer_writes_a_reply(chat):
    """One that lost a reply keeps nothing and closes nothing; the text of the log is stored where
    it is more than was kept."""
    writer, late = uuid7(), uuid7()
    row = open_turn(chat).reply
    Message.objects.filter(id=row.id).update(writer=writer)
    kept = {"content": "ab", "reasoning": "", "seq": 2}
    assert not replies.save_partial(reply_id=row.id, writer=late, **kept)
    assert not replies.close_reply(reply_id=row.id, writer=late, status="completed")
    assert replies.save_partial(reply_id=row.id, writer=writer, **kept)
    assert replies.is_written_by(reply_id=row.id, writer=writer)
    assert not replies.is_written_by(reply_id=row.id, writer=late)
    more = {"content": "abc", "reasoning": "", "seq": 3}
    assert replies.interrupt(reply_id=row.id, writer=late, **more) is None
    assert replies.interrupt(reply_id=row.id, writer=writer, **more).content == "abc"
    assert replies.interrupt(reply_id=row.id, writer=writer, **more) is None
    assert not replies.close_reply(reply_id=row.id, writer=writer, status="completed")
    row.refresh_from_db()
    assert (row.status, row.content, row.seq) == ("interrupted", "abc", 3)


def test_an_interrupted_reply_keeps_what_was_stored(chat):
    """A log that knows less than the row takes nothing away."""
    row = open_turn(chat).reply
    replies.save_partial(reply_id=row.id, writer=None, content="abc", reasoning="", seq=3)
    closed = replies.interrupt(reply_id=row.id, writer=None, content="a", reasoning="", seq=1)
    assert (closed.content, closed.seq, closed.status) == ("abc", 3, "interrupted")
