"""What a person's texts take is counted, bounded, and read a little at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.cache import cache
from django.utils import timezone

from conversations.errors import StorageFull
from conversations.people import writes
from conversations.people.models import User
from conversations.threads import (
    deleting,
    exports,
    message_queue,
    replies,
    selectors,
    services,
    storage,
)
from conversations.threads.models import Conversation, Message
from tests.conversations.conftest import Database, add_message, open_turn
from tests.harness.place import Person, Place, place_at
from tests.harness.postgresql import PostgreSQL
from tests.harness.rest import ok, refused
from tests.harness.server import ChatServer

LONG = "ä€😀x" * 50_000  # 200,000 characters, 500,000 bytes


@pytest.fixture
async def person(daphne_place: Place) -> Person:
    return await daphne_place.person()


@pytest.fixture
def small(settings: Any) -> None:
    """A person may have a megabyte."""
    cache.clear()
    settings.CHAT_STORAGE_MB = 1


def assert_counted(user: User) -> int:
    """The running count is what a sum says. Returns it."""
    used = storage.used(user_id=user.pk)
    assert storage.counted(user_ids=[user.pk])[user.pk] == used
    return used


def test_the_count_stays_right(owner: User, stranger: User) -> None:
    chat = services.create_conversation(user=owner, settings={"system_prompt": "héllo"})
    assert assert_counted(owner) == storage.CONVERSATION + 6
    services.update_conversation(
        conversation=chat, changes={"settings": {"system_prompt": "a" * 100}}
    )
    assert_counted(owner)
    services.update_conversation(conversation=chat, changes={"settings": {"system_prompt": None}})
    assert assert_counted(owner) == storage.CONVERSATION
    waiting = {"conversation": chat, "author": owner, "parameters": {}}
    for content, client_id in ((LONG, uuid4()), ("second", uuid4())):
        message_queue.add(**waiting, client_id=client_id, content=content)
        assert_counted(owner)
    message_queue.take_back(conversation=chat, client_id=client_id)
    assert_counted(owner)
    [queued], _ = message_queue.items(conversation_id=chat.pk)
    turn = open_turn(chat, LONG, client_id=queued.client_id)
    assert assert_counted(owner) == storage.CONVERSATION + 2 * storage.MESSAGE + 500_000
    replies.close_reply(
        reply_id=turn.reply.pk, writer=None, status="completed", content="€", reasoning="ä"
    )
    used = assert_counted(owner)
    other = open_turn(services.create_conversation(user=owner), "Hello")
    replies.interrupt(reply_id=other.reply.pk, writer=None, seq=3, content="so far", reasoning="")
    assert_counted(owner)
    long_ago = timezone.now() - timedelta(days=2)
    Message.objects.filter(pk=turn.reply.pk).update(deleted_at=long_ago)
    deleting.erase_deleted()
    assert_counted(owner)
    Conversation.objects.filter(pk=other.conversation.pk).update(deleted_at=long_ago)
    services.purge_deleted()
    assert assert_counted(owner) == used - 5
    assert assert_counted(stranger) == 0


def test_a_full_storage(owner: User, small: None) -> None:
    """Nothing more is taken; what was deleted makes room at once; less is always taken."""
    kept, deleted = (services.create_conversation(user=owner) for _ in range(2))
    for chat in (kept, deleted):
        open_turn(chat, LONG)
    with pytest.raises(StorageFull):
        services.require_room(user_id=owner.pk, size=60_000)
    services.require_room(user_id=owner.pk, size=40_000)
    services.delete_conversation(conversation=deleted)
    services.require_room(user_id=owner.pk, size=60_000)
    assert not Conversation.objects.filter(pk=deleted.pk).exists()
    message_queue.add(
        conversation=kept, author=owner, client_id=uuid4(), content=LONG, parameters={}
    )
    with pytest.raises(StorageFull):
        message_queue.add(
            conversation=kept, author=owner, client_id=uuid4(), content=LONG, parameters={}
        )
    services.update_conversation(conversation=kept, changes={"title": "still"})
    assert_counted(owner)


def test_a_count_that_is_wrong_refuses_nobody(owner: User, small: None) -> None:
    storage.add(user_id=owner.pk, size=10**9)
    services.require_room(user_id=owner.pk, size=1000)
    assert assert_counted(owner) == 0


def test_no_limit(owner: User, settings: Any) -> None:
    settings.CHAT_STORAGE_MB = 0
    services.require_room(user_id=owner.pk, size=10**15)


@pytest.fixture
def thread(chat: Conversation) -> list[UUID]:
    """Twelve long messages and some short ones, one below the other."""
    rows: list[Message] = []
    for number in range(16):
        content = LONG if number % 4 else f"short {number}"
        rows.append(add_message(chat, content=content, parent=rows[-1] if rows else None))
    Conversation.objects.filter(pk=chat.pk).update(head=rows[-1])
    chat.refresh_from_db()
    return [row.pk for row in rows]


@pytest.mark.parametrize("branch", ["head", "all"])
def test_a_page_ends_at_its_bytes(
    chat: Conversation, thread: list[UUID], branch: selectors.Branch
) -> None:
    """In both directions, and its links lead to the rest."""
    forth: list[UUID] = []
    page = selectors.messages(conversation=chat, branch=branch, limit=1000)
    while True:
        assert sum(storage.text_bytes(row.content) for row in page.messages) <= 2_000_000
        forth += [row.pk for row in page.messages]
        if not page.more_after:
            break
        page = selectors.messages(conversation=chat, branch=branch, after=forth[-1], limit=1000)
    assert forth == thread
    page = selectors.messages(conversation=chat, branch=branch, from_end=True, limit=1000)
    assert not page.more_after
    back = [row.pk for row in page.messages]
    while page.more_before:
        page = selectors.messages(conversation=chat, branch=branch, before=back[0], limit=1000)
        assert sum(storage.text_bytes(row.content) for row in page.messages) <= 2_000_000
        back = [row.pk for row in page.messages] + back
    assert back == thread


def test_a_message_that_is_longer_than_a_page(chat: Conversation) -> None:
    row = add_message(chat, content=LONG * 5)
    page = selectors.messages(conversation=chat, branch="all", limit=10)
    assert [found.pk for found in page.messages] == [row.pk]


def test_an_export_is_written_in_pieces(chat: Conversation, thread: list[UUID]) -> None:
    """No more than a page is in memory."""
    sizes: list[int] = []

    def write(rows: list[Message]) -> list[bytes]:
        sizes.append(sum(storage.text_bytes(row.content) for row in rows))
        return [row.content.encode() for row in rows]

    start, written = 0, 0
    while start < len(thread):
        start, piece = exports._piece(thread, start, write)
        written += len(piece)
    assert written == len(thread)
    assert len(sizes) > 2
    assert max(sizes) <= selectors.PAGE_BYTES


@pytest.fixture
async def full_place(
    own_server: Callable[..., ChatServer], database: Database, request: pytest.FixtureRequest
) -> AsyncIterator[Place]:
    """A server on which a person may have a megabyte."""
    kind, settings = "daphne", {"CHAT_STORAGE_MB": 1}
    if database == "postgresql":
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        kind, settings = "uvicorn", {**settings, "DATABASE_URL": postgresql.database()}
    server = own_server(kind, **settings)
    server.start()
    async with place_at(server) as place:
        yield place


async def test_every_door_refuses_what_it_cannot_store(full_place: Place) -> None:
    person = await full_place.person()
    chat = await person.conversation()
    ok(await person.rest.generate(chat))
    running = await person.conversation()
    gate = full_place.ollama.gate("a")
    async with person.socket(running) as socket, person.socket(chat) as beside:
        await socket.ask("first", model="gate:id=a")
        await socket.next("message_start")
        for number in range(5):
            body = {"client_id": str(uuid4()), "content": f"{number}" * 199_000, "queue": True}
            answer = await person.rest.post(f"/api/conversations/{running}/generate/", body)
            assert answer.status_code == 202
        # Now there is room for the answers alone.
        body = {"client_id": str(uuid4()), "content": "c" * 199_000, "queue": True}
        answer = await person.rest.post(f"/api/conversations/{running}/generate/", body)
        refused(answer, 409, "storage_full")
        refused(await person.rest.generate(chat, "d" * 199_000), 409, "storage_full")
        await beside.ask("e" * 199_000, model="normal")
        assert (await beside.next("error"))["code"] == "storage_full"
        storage_of = ok(await person.rest.get("/api/me/"))["storage"]
        assert storage_of["quota_bytes"] == 1024 * 1024
        prompt = {"settings": {"system_prompt": "f" * 8000}}
        for _ in range(8):
            answer = await person.rest.post("/api/conversations/", prompt)
            if answer.status_code != 201:
                break
        refused(answer, 409, "storage_full")
        refused(await person.rest.patch(f"/api/conversations/{chat}/", prompt), 409, "storage_full")
        while (answer := await person.rest.post("/api/chat/sessions/", {})).status_code == 201:
            pass
        refused(answer, 409, "storage_full")
        # Somebody else is not bounded by it, and what is there can be read and renamed.
        other = await full_place.person()
        assert (await other.conversation()) != chat
        assert len(await person.rest.messages(chat)) == 2
        ok(await person.rest.patch(f"/api/conversations/{chat}/", {"title": "mine"}))
        gate.open()
    await full_place.settle()


async def test_changes_have_a_pace(person: Person) -> None:
    """On each door of REST, counted together; reading is free, and `me` tells of it."""
    limits = ok(await person.rest.get("/api/me/"))["limits"]
    assert (limits["writes_at_once"], limits["writes_per_second"]) == (60, 10)
    chat = await person.conversation()
    path = f"/api/conversations/{chat}/"
    answers = await asyncio.gather(
        *(person.rest.patch(path, {"pinned": bool(n % 2)}) for n in range(2 * writes.AT_ONCE))
    )
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) >= writes.AT_ONCE - 1
    told = next(answer for answer in answers if answer.status_code == 429)
    refused(told, 429, "rate_limited")
    assert 1 <= int(told.headers["Retry-After"]) <= 7
    assert (await person.rest.get(path)).status_code == 200
    other = await person.place.person()
    assert await other.conversation()


async def test_an_export_and_a_session_are_streamed(person: Person) -> None:
    """What they were before: one JSON document, or one text."""
    chat = await person.conversation()
    for said in ("one", "two"):
        ok(await person.rest.generate(chat, said))
    shown = await person.rest.messages(chat)
    session = ok(await person.rest.get(f"/api/chat/sessions/{chat}/"))
    assert [row["content"] for row in session["messages"]] == [row["content"] for row in shown]
    assert session["messageCount"] == 4
    exported = ok(await person.rest.get(f"/api/conversations/{chat}/export/?as=json"))
    assert [row["id"] for row in exported["messages"]] == [row["id"] for row in shown]
    assert exported["conversation"]["id"] == chat
    empty = await person.conversation()
    assert ok(await person.rest.get(f"/api/chat/sessions/{empty}/"))["messages"] == []
