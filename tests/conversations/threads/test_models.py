"""Rules that the database itself keeps."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from conversations.threads.models import Conversation, Message, Status
from tests.conversations.conftest import add_message


def refused(chat: Conversation, **fields: object) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        add_message(chat, **fields)


@pytest.mark.parametrize("second", ["streaming", "stopping"])
def test_one_running_reply_in_a_conversation(chat, second):
    """A second message that is being written is refused; another conversation has its own."""
    add_message(chat, "assistant", status="streaming")
    refused(chat, role="assistant", status=second)
    other = Conversation.objects.create(user=chat.user)
    add_message(other, "assistant", status="streaming")


def test_one_message_for_each_client_id_and_role(chat):
    """A client_id makes one question and one reply; without one there may be many."""
    key = uuid7()
    add_message(chat, "user", client_id=key)
    add_message(chat, "assistant", client_id=key)
    refused(chat, role="user", client_id=key)
    refused(chat, role="assistant", client_id=key)
    add_message(Conversation.objects.create(user=chat.user), "user", client_id=key)
    add_message(chat)
    add_message(chat)


def test_a_status_is_one_of_those_there_are(chat):
    """No other word gets in."""
    refused(chat, status="thinking")
    assert {status.value for status in Status} == {
        "streaming",
        "stopping",
        "completed",
        "stopped",
        "interrupted",
        "failed",
    }


@pytest.mark.parametrize("status", ["completed", "stopped", "interrupted", "failed"])
def test_what_has_ended_has_a_time(chat, status):
    """An ended message without `completed_at` is refused, and a running one with it."""
    refused(chat, status=status, completed_at=None)
    refused(chat, status="streaming", completed_at=timezone.now())


def test_a_message_is_not_its_own_parent(chat):
    """A tree has no loops of one."""
    message = add_message(chat)
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(id=message.id).update(parent=message)


def test_ids_are_of_version_7_and_rise(chat):
    """Ids that are made later sort later."""
    ids = [add_message(chat).id for _ in range(20)]
    assert {key.version for key in ids} == {7}
    assert ids == sorted(ids)
    assert chat.id.version == 7


def test_migrations_are_complete(db):
    """The models are what the migrations make."""
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
