"""Messages with pictures and documents: by every door, down to the bytes that the model gets."""

import base64
import io
from typing import Any
from uuid import uuid4

from PIL import Image

from tests.harness import files
from tests.harness.place import Person, Place
from tests.harness.rest import ok, refused
from tests.scripted.ollama import entry

SEEING = ("completion", "vision")


def sees(place: Place, name: str = "eyes", **options: Any) -> str:
    place.ollama.models.append(entry(name, capabilities=SEEING, **options))
    return name


async def content_of(person: Person, file: str) -> bytes:
    return (await person.rest.get(f"/api/files/{file}/content")).content


async def test_a_message_with_files_is_the_same_by_every_door(place: Place):
    """Socket and REST tell the same attachments, and the model gets them in their order, with the
    text behind them. A message may be files alone."""
    person = await place.person()
    chat = await person.conversation()
    model = sees(place)
    picture = await person.rest.file(files.image(), "cat.png")
    notes = await person.rest.file(b"milk", "notes.txt")
    async with person.socket(chat) as socket:
        await socket.ask("What is it?", model=model, attachments=[picture, notes])
        asked = await socket.next("user_message")
        start = await socket.next("message_start")
        await socket.next("message_end", id=start["id"])
    assert [file["id"] for file in asked["attachments"]] == [picture, notes]
    assert [file["used"] for file in start["context"]["files"]] == ["whole", "whole"]
    message = place.ollama.chats[-1].json["messages"][-1]
    assert message["content"] == '<file name="notes.txt">\nmilk\n</file>\n\nWhat is it?'
    sent = base64.b64decode(message["images"][0])
    assert sent == await content_of(person, picture)

    answer = ok(await person.rest.generate(chat, None, model=model, attachments=[picture]))
    assert (answer["user_message"]["content"], answer["user_message"]["role"]) == ("", "user")
    assert answer["user_message"]["attachments"] == asked["attachments"][:1]
    first, *_ = rows = await person.rest.messages(chat)
    assert first["attachments"] == asked["attachments"]
    assert [len(row["attachments"]) for row in rows] == [2, 0, 1, 0]
    assert (await person.rest.message(first["id"]))["attachments"] == asked["attachments"]
    # The picture is in the newest message, and not once more in the older one.
    told = answer["message"]["context"]["files"]
    assert [(file["id"], file["used"]) for file in told] == [(picture, "whole"), (notes, "whole")]
    messages = place.ollama.chats[-1].json["messages"]
    assert [len(message.get("images", ())) for message in messages] == [0, 0, 1]
    refused(await person.rest.delete(f"/api/files/{picture}/"), 409, "file_in_use")


async def test_openai_gets_parts_in_order(openai_place: Place):
    """Pictures as data, texts between them where they were."""
    person = await openai_place.person()
    chat = await person.conversation()
    first = await person.rest.file(files.image(), "a.png")
    notes = await person.rest.file(b"milk", "notes.txt")
    last = await person.rest.file(files.image("JPEG"), "b.jpg")
    ok(await person.rest.generate(chat, "Which?", attachments=[first, notes, last]))
    parts = openai_place.openai.chats[-1].json["messages"][-1]["content"]
    assert [part["type"] for part in parts] == ["image_url", "text", "image_url", "text"]
    kinds = [part["image_url"]["url"].split(";")[0] for part in parts[::2]]
    assert kinds == ["data:image/png", "data:image/jpeg"]
    assert "milk" in parts[1]["text"]
    assert parts[3]["text"] == "Which?"
    data = base64.b64decode(parts[2]["image_url"]["url"].split(",")[1])
    assert Image.open(io.BytesIO(data)).size == (40, 30)


async def test_a_model_that_cannot_see_refuses_before_anything_is_stored(daphne_place: Place):
    """By both doors. Pictures of before are left out for it, and it is told."""
    person = await daphne_place.person()
    chat = await person.conversation()
    picture = await person.rest.file(files.image(), "cat.png")
    refused(
        await person.rest.generate(chat, "Hello", attachments=[picture]), 400, "model_cannot_see"
    )
    async with person.socket(chat) as socket:
        client_id = await socket.ask("Hello", attachments=[picture])
        await socket.next("error", code="model_cannot_see", client_id=client_id)
    assert await person.rest.messages(chat) == []
    ok(await person.rest.generate(chat, "Hello", model=sees(daphne_place), attachments=[picture]))
    answer = ok(await person.rest.generate(chat, "And now?"))
    assert answer["message"]["context"]["files"][0]["used"] == "left_out"
    texts = [m["content"] for m in daphne_place.ollama.chats[-1].json["messages"]]
    assert texts[0] == "[The file “cat.png” is left out: it does not fit.]\n\nHello"


async def test_what_does_not_fit_is_told(daphne_place: Place):
    """The newest files come first. What is left out leaves a mark for the model."""
    person = await daphne_place.person()
    chat = await person.conversation()
    model = sees(daphne_place, "small-eyes", context_length=2048)
    names = ("old", "one", "two", "six")
    old, one, two, six = [
        await person.rest.file(f"{name} words ".encode() * 220, f"{name}.txt") for name in names
    ]
    ok(await person.rest.generate(chat, "Begin", model=model, attachments=[old]))
    answer = ok(await person.rest.generate(chat, "Go on", model=model, attachments=[one, two, six]))
    told = answer["message"]["context"]["files"]
    assert [(file["id"], file["used"]) for file in told] == [
        (one, "whole"),
        (two, "whole"),
        (six, "left_out"),
        (old, "left_out"),
    ]
    assert all(file["tokens"] > 400 for file in told)
    messages = daphne_place.ollama.chats[-1].json["messages"]
    assert "two words two words" in messages[-1]["content"]
    assert "[The file “six.txt” is left out: it does not fit.]" in messages[-1]["content"]
    assert messages[0]["content"] == "[The file “old.txt” is left out: it does not fit.]\n\nBegin"


async def test_passages_of_what_is_too_long(daphne_place: Place):
    """By the words of the question, also when it comes later; with the pages named."""
    person = await daphne_place.person()
    chat = await person.conversation()
    model = sees(daphne_place, "narrow", context_length=2048)
    pages = [
        f"{'filler ' * 100}{'the lighthouse is blue' if page == 7 else ''}" for page in range(1, 13)
    ]
    report = await person.rest.file(files.pdf(*pages), "report.pdf")
    answer = ok(await person.rest.generate(chat, "Read it.", model=model, attachments=[report]))
    assert answer["message"]["context"]["files"][0]["used"] == "passages"
    answer = ok(await person.rest.generate(chat, "Which lighthouses?", model=model))
    (told,) = answer["message"]["context"]["files"]
    assert (told["id"], told["used"]) == (report, "passages")
    assert "Page 7" in told["passages"]
    assert 0 < len(told["passages"]) < 12
    context = answer["message"]["context"]
    assert told["tokens"] < context["prompt_tokens"] <= 2048 - 512
    text = daphne_place.ollama.chats[-1].json["messages"][0]["content"]
    assert "[Page 7]" in text
    assert "the lighthouse is blue" in text
    assert "[Only these passages of the file fit.]" in text


async def test_files_are_part_of_what_a_client_id_means(daphne_place: Place):
    """Sent again with them it is the same turn, with others a conflict; a regeneration and a
    fork have them."""
    person = await daphne_place.person()
    chat = await person.conversation()
    model = sees(daphne_place)
    picture = await person.rest.file(files.image(), "cat.png")
    other = await person.rest.file(b"milk", "notes.txt")
    body = {"model": model, "client_id": str(uuid4()), "attachments": [picture]}
    first = ok(await person.rest.generate(chat, "What?", **body))
    again = ok(await person.rest.generate(chat, "What?", **body))
    assert again["message"] == first["message"]
    for files_sent in ([other], [picture, other], []):
        answer = await person.rest.generate(chat, "What?", **{**body, "attachments": files_sent})
        refused(answer, 409, "client_id_conflict")
    again = ok(
        await person.rest.generate(chat, None, model=model, message_id=first["message"]["id"])
    )
    assert again["user_message"]["attachments"] == first["user_message"]["attachments"]
    assert daphne_place.ollama.chats[-1].json["messages"][-1]["images"]
    forked = ok(await person.rest.post(f"/api/conversations/{chat}/fork/", {}), 201)["id"]
    rows = await person.rest.messages(forked)
    assert rows[0]["attachments"] == first["user_message"]["attachments"]


async def test_a_queued_message_keeps_its_files(place: Place):
    """The queue tells them, and the model gets them when it is their turn."""
    person = await place.person()
    chat = await person.conversation()
    model = sees(place)
    picture = await person.rest.file(files.image(), "cat.png")
    async with person.socket(chat) as socket:
        await socket.ask("One", model="gate:id=files,n=2")
        start = await socket.next("message_start")
        await socket.ask("", model=model, queue=True, attachments=[picture])
        (item,) = (await socket.next("queue"))["items"]
        assert [file["id"] for file in item["attachments"]] == [picture]
        place.ollama.gate("files").open()
        await socket.next("message_end", id=start["id"])
        asked = await socket.next("user_message", content="")
        assert asked["attachments"] == item["attachments"]
        start = await socket.next("message_start", parent_id=asked["id"])
        await socket.next("message_end", id=start["id"], status="completed")
    assert place.ollama.chats[-1].json["messages"][-1]["images"]


async def test_what_attachments_may_be(daphne_place: Place):
    """At most ten, each once; files that cannot be read are not sent; nothing at all is no
    message."""
    person = await daphne_place.person()
    chat = await person.conversation()
    file = await person.rest.file(b"milk", "notes.txt")
    for wrong in ([str(uuid4()) for _ in range(11)], [file, file], "file", [1]):
        answer = await person.rest.generate(chat, "Hello", attachments=wrong)
        refused(answer, 400, "validation_error", "attachments")
    for body in ({}, {"content": " "}, {"content": " ", "attachments": []}):
        body = {"client_id": str(uuid4()), **body}
        answer = await person.rest.post(f"/api/conversations/{chat}/generate/", body)
        refused(answer, 400, "validation_error", "content")
    damaged = ok(await person.rest.upload(files.image()[:-30], "cat.png"), 201)
    answer = await person.rest.generate(chat, "Hello", attachments=[damaged["id"]])
    error = refused(answer, 409, "files_not_ready")
    assert error["message"] == "cat.png cannot be sent: it could not be read."
    conversation = await person.rest.conversation(chat)
    assert conversation["message_count"] == 0
    ok(await person.rest.generate(chat, None, attachments=[file]))
    assert (await person.rest.conversation(chat))["title"] == "notes.txt"
