"""People's files by REST: uploaded, listed, read, deleted; each sees their own alone."""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from conversations.errors import InvalidInput, StorageFull
from conversations.files import selectors, services
from conversations.files.errors import FileInUse, FilesNotReady
from conversations.files.models import Attachment, File, FileContent
from conversations.people.models import User
from conversations.threads import message_queue
from conversations.threads import services as threads
from conversations.threads.models import Conversation, Message
from conversations.upkeep import upkeep
from tests.conversations.conftest import open_turn
from tests.harness import files
from tests.harness.place import Place, place_at
from tests.harness.rest import ok, refused
from tests.harness.server import KINDS, ChatServer

# --- By REST ----------------------------------------------------------------------------------


async def test_an_image_is_uploaded_and_shown(place: Place):
    """Its content is what the server encoded, with headers under which it can do nothing."""
    person = await place.person()
    uploaded = ok(await person.rest.upload(files.photo(), "../../Beach day.jpg"), 201)
    assert {**uploaded, "id": "", "size": 0, "created_at": ""} == {
        "id": "",
        "name": "Beach day.jpg",
        "alt": "",
        "kind": "image",
        "media_type": "image/jpeg",
        "size": 0,
        "width": 1365,
        "height": 2048,
        "tokens": 800,
        "status": "ready",
        "error": None,
        "created_at": "",
    }
    assert ok(await person.rest.get(f"/api/files/{uploaded['id']}/")) == uploaded
    shown = await person.rest.get(f"/api/files/{uploaded['id']}/content")
    assert shown.headers["content-type"] == "image/jpeg"
    assert len(shown.content) == uploaded["size"]
    assert shown.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["content-disposition"] == 'inline; filename="Beach day.jpg"'
    thumb = await person.rest.get(f"/api/files/{uploaded['id']}/content", size="thumb")
    assert max(Image.open(io.BytesIO(thumb.content)).size) == 320
    path = f"/api/files/{uploaded['id']}/"
    described = ok(await person.rest.patch(path, {"alt": "A beach at noon"}))
    assert described == ok(await person.rest.get(path)) == {**uploaded, "alt": "A beach at noon"}
    refused(await (await place.person()).rest.patch(path, {"alt": ""}), 404, "not_found")


async def test_a_document_is_kept_as_it_was(place: Place):
    """To download, never to show: a page is not what it seems."""
    person = await place.person()
    data = b"<script>alert(1)</script>"
    uploaded = ok(await person.rest.upload(data, "page.html"), 201)
    assert (uploaded["kind"], uploaded["media_type"]) == ("document", "text/html")
    assert (uploaded["status"], uploaded["tokens"]) == ("ready", len(data) // 4)
    content = await person.rest.get(f"/api/files/{uploaded['id']}/content")
    assert content.content == data
    assert content.headers["content-disposition"] == 'attachment; filename="page.html"'
    refused(
        await person.rest.get(f"/api/files/{uploaded['id']}/content", size="thumb"),
        404,
        "not_found",
    )


async def test_the_list_tells_the_room(daphne_place: Place):
    """The same bytes get an id of their own, and take room once; what failed takes none."""
    person = await daphne_place.person()
    first = await person.rest.file(b"text", "a.txt")
    second = await person.rest.file(b"text", "b.txt")
    failed = ok(await person.rest.upload(files.image()[:-30], "c.png"), 201)
    assert failed["error"] == {
        "code": "damaged",
        "message": "The file is damaged or not what it claims to be.",
    }
    listed = ok(await person.rest.get("/api/files/"))
    assert [row["id"] for row in listed["results"]] == [failed["id"], second, first]
    assert (listed["used_bytes"], listed["quota_bytes"]) == (4, 1024**3)
    page = ok(await person.rest.get("/api/files/", limit=1))
    (following,) = ok(await person.rest.get(page["next"]))["results"]
    assert following["id"] == second
    for file in (first, second):
        assert (await person.rest.delete(f"/api/files/{file}/")).status_code == 204
    assert ok(await person.rest.get("/api/files/"))["used_bytes"] == 0


async def test_foreign_files_look_missing(daphne_place: Place):
    """To every call, and as an attachment."""
    person, other = await daphne_place.person(), await daphne_place.person()
    theirs = await other.rest.file(b"secret", "a.txt")
    chat = await person.conversation()
    for file in (theirs, str(uuid4())):
        for path in (f"/api/files/{file}/", f"/api/files/{file}/content"):
            refused(await person.rest.get(path), 404, "not_found")
        refused(await person.rest.delete(f"/api/files/{file}/"), 404, "not_found")
        answer = await person.rest.generate(chat, "Hello", attachments=[file])
        error = refused(answer, 400, "validation_error", "attachments")
        assert error["fields"]["attachments"] == ["File not found."]
    assert ok(await other.rest.get("/api/files/"))["results"][0]["id"] == theirs


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"\x7fELF" + bytes(100), 400, "unsupported_file"),
        (b"", 400, "validation_error"),
        (b"a" * 20_000_001, 413, "file_too_large"),
        (b"a" * 20_100_000, 413, "too_large"),
    ],
    ids=["program", "empty", "large", "larger"],
)
async def test_what_is_not_taken(place: Place, data: bytes, status: int, code: str):
    """Is refused before anything is kept."""
    person = await place.person()
    answer = await person.rest.upload(data, "notes.txt")
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert ok(await person.rest.get("/api/files/"))["results"] == []


async def test_an_upload_needs_an_account(place: Place):
    """A stranger's bytes are not read to their end; the page's own come with its session."""
    person = await place.person()
    answer = await person.page.upload(files.image(), "a.png")
    assert ok(answer, 201)["status"] == "ready"
    person.page.http.headers.pop("X-CSRFToken")
    refused(await person.page.upload(b"text"), 403, "csrf_failed")
    person.page.http.cookies.clear()
    for size in (100, 1_000_000):
        assert (await person.page.upload(b"a" * size)).status_code == 401


@pytest.mark.parametrize("kind", KINDS)
async def test_an_upload_takes_no_memory(kind: str, own_server: Callable[..., ChatServer]):
    """Not while it comes, and not while it is read: twenty megabytes go to the disk."""
    server = own_server(kind)
    server.start()
    async with place_at(server) as place:
        person = await place.person()
        await person.rest.file(b"warm", "a.txt")
        before = server.memory()
        answer = await person.rest.upload(b"\xff\xd8\xff" + bytes(19_900_000), "a.jpg")
        assert ok(answer, 201)["status"] == "failed"
        assert server.memory() - before < 12_000_000
        folder = Path(server.environment["CHAT_FILES_DIR"])
        assert folder.stat().st_mode & 0o777 == 0o700
        assert not [path for path in folder.rglob("*") if path.stat().st_size > 1_000_000]


# --- Without a server -------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Path:
    """A storage of this test alone."""
    backend = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "files"}}
    backend["OPTIONS"]["allow_overwrite"] = True
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    return tmp_path / "files"


def add(owner: User, data: bytes = b"text", *, ready: bool = True, **more: Any) -> File:
    upload = {"upload": io.BytesIO(data), "size": len(data), "name": "a.txt", **more}
    file, _ = services.add(owner=owner, **upload)
    if ready:
        FileContent.objects.filter(id=file.content_id).update(status="ready", text="text")
    return selectors.file(user=owner, file_id=file.id)


def say(chat: Conversation, *attached: File, content: str = "Hello") -> Message:
    """Send a message, whose reply ends at once."""
    context = threads.TurnContext(chat, chat.head_id, [], files=[*attached])
    opened = open_turn(chat, content, context=context)
    Message.objects.filter(id=opened.reply.id).update(
        status="completed", completed_at=timezone.now()
    )
    assert opened.user_message is not None
    return opened.user_message


def test_a_full_store_takes_no_more(owner: User, settings: Any):
    """What is there already takes no more room."""
    settings.CHAT_STORAGE_MB = 1
    add(owner, b"a" * 700_000)
    with pytest.raises(StorageFull):
        add(owner, b"b" * 700_000)
    add(owner, b"a" * 700_000)
    assert selectors.used_bytes(user_id=owner.id) == 700_000


def test_a_file_of_a_message_stays(owner: User, chat: Conversation):
    """Also while it only waits in the queue; then it is as one that was never sent."""
    sent, queued = add(owner, b"1"), add(owner, b"2")
    say(chat, sent)
    client_id = uuid4()
    message_queue.add(
        conversation=chat,
        author=owner,
        client_id=client_id,
        content="",
        parameters={},
        attachments=[queued.id],
    )
    for file in (sent, queued):
        with pytest.raises(FileInUse):
            services.delete(file=file)
    message_queue.take_back(conversation=chat, client_id=client_id)
    services.delete(file=queued)


def test_files_that_nobody_needs_go(owner: User, chat: Conversation, store: Path):
    """One that was never sent after a day, others with the last conversation that used them."""
    never, sent = add(owner, b"1"), add(owner, b"2")
    say(chat, sent)
    services.purge()
    assert {*File.objects.all()} == {never, sent}
    File.objects.filter(id=never.id).update(kept_until=timezone.now())
    services.purge()
    assert {*File.objects.all()} == {sent}
    Conversation.objects.filter(id=chat.id).update(
        deleted_at=timezone.now() - timedelta(minutes=61)
    )
    threads.purge_deleted()
    services.purge()
    assert not File.objects.exists()
    assert not [path for path in store.rglob("*") if path.is_file()]


def test_files_go_with_a_temporary_conversation(owner: User, chat: Conversation, store: Path):
    """Those of its messages, and those that were not sent; what is sent elsewhere stays."""
    secret = threads.create_conversation(user=owner, temporary=True)
    sent, unsent, elsewhere, other = (
        add(owner, data, temporary_chat=secret.id if data < b"4" else None)
        for data in (b"1", b"2", b"3", b"4")
    )
    say(secret, sent)
    say(chat, elsewhere)
    upkeep()
    assert {*File.objects.all()} == {sent, unsent, elsewhere, other}
    Conversation.objects.filter(id=secret.id).update(used_at=timezone.now() - timedelta(hours=2))
    upkeep()
    assert {*File.objects.all()} == {elsewhere, other}
    assert len([path for path in store.rglob("*") if path.is_file()]) == 2


def test_what_the_release_before_deletes_leaves_nothing(owner: User, chat: Conversation):
    """It does not know attachments; the database lets it delete their message."""
    message = say(chat, add(owner))
    Conversation.objects.filter(id=chat.id).update(head=None)
    Message.objects.filter(conversation=chat)._raw_delete("default")
    assert Attachment.objects.filter(message_id=message.id).exists()
    services.purge_attachments()
    assert not Attachment.objects.exists()


def test_a_file_that_is_not_ready_is_not_sent(owner: User, stranger: User):
    """The sentence names it."""
    file = add(owner, ready=False)
    with pytest.raises(FilesNotReady, match=r"a\.txt is not ready yet"):
        selectors.sendable(user=owner, ids=[file.id])
    FileContent.objects.update(created_at=timezone.now() - timedelta(hours=1))
    services.fail_lost()
    with pytest.raises(FilesNotReady, match=r"a\.txt cannot be sent"):
        selectors.sendable(user=owner, ids=[file.id])
    assert not default_storage.exists(file.content.path)
    # The same bytes again are read again.
    _, begin = services.add(owner=owner, upload=io.BytesIO(b"text"), size=4, name="b.txt")
    assert begin
    with pytest.raises(InvalidInput):
        selectors.sendable(user=stranger, ids=[file.id])
