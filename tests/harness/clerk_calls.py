"""What a clerk does in the database of its server (`clerk.py`), function by function.

They import the product when they are called: it is there only in the clerk's process.
"""

from typing import Any, Final


def person(name: str, *, staff: bool = False, password: str | None = None) -> dict[str, str]:
    """A new account with an API key and a session."""
    from conversations.people import keys
    from conversations.people import services as people

    user = people.create_user(username=name, password=password, staff=staff)
    key, secret = keys.create(user=user, name="test")
    return {"id": str(user.id), "key": secret, "key_id": str(key.id), "session": _session(user)}


def _session(user: Any) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from conversations.people.sessions import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def deactivate(user_id: str) -> int:
    """The account may not sign in any more."""
    from conversations.people.models import User

    return User.objects.filter(id=user_id).update(is_active=False)


def change_password(user_id: str) -> int:
    """As `manage.py changepassword` does."""
    from conversations.people.models import User

    user = User.objects.get(id=user_id)
    user.set_password("another one, as long as it has to be")
    user.save()
    return 1


def told_browsers(user_id: str) -> list[str]:
    """The addresses at which browsers of the account are notified."""
    from conversations.push.models import PushSubscription

    found = PushSubscription.objects.filter(user=user_id).order_by("created_at", "id")
    return list(found.values_list("endpoint", flat=True))


def end_leases() -> int:
    """Work on models may be claimed by another process, as if its own had died long ago."""
    from conversations.connections.models import ModelJob

    return ModelJob.objects.filter(state="running").update(lease_until="2026-01-01T00:00:00Z")


def end_session(session: str) -> int:
    """The session is deleted, as one that has expired is."""
    from conversations.people.sessions import rows

    return sum(row.delete()[0] for row in rows([session]).values())


def expire_key(key_id: str) -> int:
    """The key's time was over an hour ago."""
    from datetime import timedelta

    from django.utils import timezone

    from conversations.people.models import ApiKey

    past = timezone.now() - timedelta(hours=1)
    return ApiKey.objects.filter(id=key_id).update(expires_at=past)


def allow(model: str, row_id: str, **limits: Any) -> int:
    """Set limits of a `User` or an `ApiKey`, as the admin does."""
    from django.apps import apps

    found = apps.get_model("conversations", model).objects.filter(pk=row_id)
    return int(found.update(**limits))


def tool_sign_ins(user_id: str) -> list[dict[str, str]]:
    """The sign-ins of a person to tool servers, as they are stored."""
    from conversations.models import ToolSignIn

    names = ("pending", "client", "tokens", "state_hash")
    return [*ToolSignIn.objects.filter(user_id=user_id).values(*names)]


def expire_tool_sign_ins(user_id: str) -> int:
    """Let the tokens of a person for tool servers be over."""
    from django.utils import timezone

    from conversations.models import ToolSignIn

    return ToolSignIn.objects.filter(user_id=user_id).update(expires_at=timezone.now())


def usage(user_id: str) -> list[dict[str, Any]]:
    """What the user's replies cost, in the order in which they ended."""
    from conversations.usage.models import UsageRecord

    return list(UsageRecord.objects.filter(user_id=user_id).order_by("created_at", "id").values())


def unsettled(user_ids: list[str]) -> int:
    """How many replies of these people run. What waits for them is taken away."""
    from conversations.threads.models import OPEN, Conversation, Message, QueuedMessage

    QueuedMessage.objects.filter(conversation__user__in=user_ids).delete()
    running = Message.objects.filter(conversation__user__in=user_ids, status__in=OPEN)
    with_tools = Conversation.objects.filter(user__in=user_ids, awaits="tools", deleted_at=None)
    return int(running.count() + with_tools.count())


def fill(conversation_id: str, turns: int, words: int = 1, system: str | None = None) -> list[str]:
    """So many finished turns, each with a question and a reply of `words` words, with a system
    message before them if one is given; their ids."""
    from datetime import timedelta

    from django.utils import timezone

    from conversations.threads.models import Conversation, Message

    conversation = Conversation.objects.get(id=conversation_id)
    rows: list[Message] = []
    # A minute that a test looks for among what was said.
    start = timezone.now().replace(minute=57) - timedelta(days=1)
    texts = [("system", system)] if system else []
    for number in range(2 * turns):
        texts.append(("assistant" if number % 2 else "user", f"{number} " + "word " * words))
    for number, (role, text) in enumerate(texts):
        moment = start + timedelta(seconds=number)
        rows.append(
            Message(
                conversation=conversation,
                parent=rows[-1] if rows else None,
                role=role,
                content=text,
                created_at=moment,
                completed_at=moment,
            )
        )
    Message.objects.bulk_create(rows)
    conversation.head = rows[-1]
    conversation.save()
    return [str(row.id) for row in rows]


def many(user_id: str, conversations: int, hours: int = 1) -> int:
    """So many conversations of one person, each so many hours older than the one before."""
    from datetime import timedelta

    from django.utils import timezone

    from conversations.threads.models import Conversation

    now = timezone.now()
    moments = [now - timedelta(hours=hours * number) for number in range(conversations)]
    rows = [
        Conversation(
            user_id=user_id,
            title=f"Conversation number {number}",
            created_at=moment,
            updated_at=moment,
        )
        for number, moment in enumerate(moments)
    ]
    return len(Conversation.objects.bulk_create(rows, batch_size=1000))


def forget(conversation_id: str) -> int:
    """Remove a conversation for good."""
    from conversations.threads import services
    from conversations.threads.models import Conversation

    return services.remove(Conversation.objects.filter(id=conversation_id))


def count(model: str, **filters: Any) -> int:
    """How many rows of a model there are."""
    from django.apps import apps

    return int(apps.get_model("conversations", model).objects.filter(**filters).count())


def connections() -> int:
    """How many connections there are to the database, this process's own left out (PostgreSQL)."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def row(message_id: str) -> dict[str, Any]:
    """A message as it is stored."""
    from conversations.threads.models import Message

    values = Message.objects.filter(id=message_id).values().get()
    return {name: str(value) if "_at" in name else value for name, value in values.items()}


def queued(conversation_id: str) -> list[dict[str, Any]]:
    """The message queue as it is stored."""
    from conversations.threads.models import QueuedMessage

    found = QueuedMessage.objects.filter(conversation_id=conversation_id)
    return list(found.values("content", "error"))


def setup_path() -> str:
    """The one-time path on which the owner's account is made."""
    from project.pages import setup_path as made

    return made()


CALLS: Final = {
    call.__name__: call
    for call in (
        person,
        deactivate,
        change_password,
        told_browsers,
        end_leases,
        end_session,
        expire_key,
        allow,
        tool_sign_ins,
        expire_tool_sign_ins,
        usage,
        unsettled,
        fill,
        many,
        forget,
        count,
        connections,
        row,
        queued,
        setup_path,
    )
}
