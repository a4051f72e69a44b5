"""API keys: what each is good for, on REST, on the socket and on the profile page."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from tests.harness.place import Person, Place
from tests.harness.rest import Rest, ok, refused
from tests.harness.sockets import Socket


@asynccontextmanager
async def program(person: Person, **bounds: Any) -> AsyncIterator[tuple[Rest, str]]:
    """A REST client with a key made for this, and its secret."""
    made = ok(await person.page.post("/api/keys/", {"name": "program", **bounds}), 201)
    for name, value in bounds.items():
        assert made[name] == value
    async with Rest(person.place.server.url, key=made["key"], offer=person.place.offer) as rest:
        yield rest, made["key"]


def socket_of(person: Person, chat: str, secret: str) -> Socket:
    url = f"ws://{person.place.server.address}/ws/chat/{chat}/"
    return Socket(url, {"Authorization": f"Bearer {secret}"}, person.place.offer)


@pytest.mark.parametrize("scope", ["chat", "models", "read"])
async def test_each_scope_opens_its_part(daphne_place: Place, scope: str):
    """What a key was not made for is refused with 403, which names what is missing."""
    person = await daphne_place.person()
    chat = await person.conversation()
    reply = ok(await person.rest.generate(chat))["message"]["id"]
    path = f"/api/conversations/{chat}/"
    async with program(person, scopes=[scope]) as (rest, _):
        for needed, answer, status in (
            ("read", await rest.get("/api/conversations/"), 200),
            ("read", await rest.get(f"{path}messages/"), 200),
            ("read", await rest.get(f"/api/messages/{reply}/"), 200),
            ("read", await rest.get("/api/usage/"), 200),
            ("models", await rest.get("/api/models/"), 200),
            ("chat", await rest.generate(chat), 200),
            ("chat", await rest.post(f"{path}stop/", {"id": reply}), 200),
            ("chat", await rest.post("/api/conversations/", {}), 201),
            ("chat", await rest.patch(path, {"title": "Mine"}), 200),
        ):
            if needed == scope:
                assert answer.status_code == status, answer.text
            else:
                told = refused(answer, 403, "missing_scope")
                assert needed in told["message"]
        ok(await rest.get("/api/me/"))


async def test_keys_make_no_keys(daphne_place: Place):
    """Keys are managed by people: a key sees none, makes none, and revokes only itself."""
    person = await daphne_place.person()
    for bounds in ({}, {"scopes": ["read"]}, {"allowed_models": ["normal"]}):
        async with program(person, **bounds) as (rest, _):
            refused(await rest.get("/api/keys/"), 403, "missing_scope")
            refused(await rest.post("/api/keys/", {"name": "more"}), 403, "missing_scope")
            refused(await rest.delete(f"/api/keys/{person.key_id}/"), 403, "missing_scope")
            own = ok(await person.page.get("/api/keys/"))["results"][0]["id"]
            assert (await rest.delete(f"/api/keys/{own}/")).status_code == 204
            refused(await rest.get("/api/me/"), 401, "not_authenticated")


async def test_a_key_for_chat_reads_what_it_made_and_nothing_older(daphne_place: Place):
    """The answer of `generate`; ids and status of everything else."""
    person = await daphne_place.person()
    chat, client_id = await person.conversation(), str(uuid4())
    secret = "What was said before"
    older = ok(await person.rest.generate(chat, secret, client_id=client_id, model="echo"))
    path = f"/api/conversations/{chat}/"
    async with program(person, scopes=["chat"]) as (rest, _):
        own = ok(await rest.generate(chat, "Mine", model="normal"))
        assert own["user_message"]["content"] == "Mine"
        assert own["message"]["content"]
        reply = older["message"]["id"]
        for answer in (
            await rest.post(f"{path}stop/", {"id": reply}),
            await rest.patch(path, {}),
            await rest.http.put(f"/api/chat/sessions/{chat}/", json={"title": secret[:4]}),
            await rest.generate(chat, None, model="normal", message_id=reply),
            await rest.generate(chat, secret, client_id=client_id),
        ):
            told = ok(answer)
            for message in (told, told.get("message", {}), told.get("user_message", {})):
                assert not {"content", "reasoning", "title", "settings"} & set(message), told
            assert secret not in answer.text
        assert ok(await rest.post(f"{path}stop/", {"id": reply}))["status"] == "completed"
        assert ok(await rest.patch(path, {}))["id"] == chat
        async with person.socket(chat) as socket:
            await socket.ask("One", model="gate:id=scoped,n=1")
            await socket.next("message_start")
            ok(await person.rest.generate(chat, secret, queue=True), 202)
            queue = ok(await rest.generate(chat, "Later", queue=True), 202)["queue"]
            assert [item["content"] for item in queue] == ["Later"]
            daphne_place.ollama.gate("scoped").open()
            await socket.next("user_message", content="Later")
            await socket.next("message_end", status="completed")


async def test_scopes_on_the_socket(daphne_place: Place):
    """`read` opens it, `chat` is for saying something."""
    person = await daphne_place.person()
    chat = await person.conversation()
    async with (
        program(person, scopes=["read"]) as (_, secret),
        socket_of(person, chat, secret) as socket,
    ):
        await socket.next("ready")
        client_id = await socket.ask()
        told = await socket.next("error", code="missing_scope", client_id=client_id)
        assert "chat" in told["message"]
        await socket.stop(str(uuid4()))
        await socket.next("error", code="missing_scope")
        async with person.socket(chat) as other:
            await other.reply()
        await socket.next("message_end", status="completed")
    async with (
        program(person, scopes=["chat"]) as (_, secret),
        socket_of(person, chat, secret) as socket,
    ):
        told = await socket.next("error", code="missing_scope")
        assert "read" in told["message"]
        assert await socket.closed() == 4403


async def test_a_key_has_its_models(daphne_place: Place):
    """Others are refused; without a name its first is used; the list shows no other."""
    person = await daphne_place.person()
    daphne_place.offer("echo")
    async with program(person, allowed_models=["echo"]) as (rest, secret):
        chat = await person.conversation()
        refused(await rest.generate(chat, model="normal"), 403, "model_not_allowed")
        assert ok(await rest.generate(chat, model=None))["message"]["model"] == "echo"
        listed = [entry["id"] for entry in ok(await rest.get("/api/models/"))["results"]]
        assert listed == ["echo"]
        ok(await person.rest.generate(chat, model="normal"))  # which the conversation remembers
        assert ok(await rest.generate(chat, model=None))["message"]["model"] == "echo"
        async with socket_of(person, chat, secret) as socket:
            await socket.ask(model="normal")
            await socket.next("error", code="model_not_allowed")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scopes", []),
        ("scopes", ["everything"]),
        ("scopes", "chat"),
        ("allowed_models", ["x" * 300]),
        ("allowed_models", {"a": 1}),
        ("tokens_per_day", 0),
        ("tokens_per_month", 2**60),
    ],
)
async def test_what_a_key_cannot_be_made_for(daphne_place: Place, field: str, value: Any):
    """The field is named."""
    person = await daphne_place.person()
    answer = await person.page.post("/api/keys/", {"name": "k", field: value})
    refused(answer, 400, "validation_error", field)


async def test_the_profile_page_makes_a_key_with_bounds(daphne_place: Place):
    """Scopes, models, budgets and an end; it is listed with them and shown once."""
    person = await daphne_place.person()
    form = {
        "name": "Notebook",
        "scopes": ["chat", "read"],
        "allowed_models": "echo, normal",
        "tokens_per_day": "1000",
        "expires_on": "2999-12-31",
    }
    answer = await person.page.http.post("/profile/keys", data=form)
    secret = re.search(r"cp_[\w-]{43}", answer.text)[0]
    page = (await person.page.get("/profile")).text
    assert secret not in page
    for shown in ("For chat, read", "with echo, normal", "1,000 tokens a day", "31 Dec 2999"):
        assert shown in page
    async with Rest(daphne_place.server.url, key=secret) as rest:
        told = refused(await rest.get("/api/models/"), 403, "missing_scope")
        assert "models" in told["message"]
        ok(await rest.get("/api/conversations/"))


@pytest.mark.parametrize(
    "wrong",
    [{"scopes": []}, {"tokens_per_day": "0"}, {"expires_on": "2020-01-01"}, {"name": ""}],
)
async def test_the_profile_page_says_what_is_wrong(daphne_place: Place, wrong: dict[str, Any]):
    """And makes nothing."""
    person = await daphne_place.person()
    form = {"name": "Notebook", "scopes": ["chat"], **wrong}
    answer = await person.page.http.post("/profile/keys", data=form)
    assert answer.status_code == 400
    assert "text-danger" in answer.text
    assert await daphne_place.clerk("count", model="ApiKey", user_id=person.id) == 1


async def test_keys_from_creation_to_revocation(place: Place):
    """Shown once, listed without the secret, no good once revoked or over."""
    person = await place.person()
    made = ok(await person.page.post("/api/keys/", {"name": "laptop"}), 201)
    listed = ok(await person.page.get("/api/keys/"))["results"]
    assert [row["name"] for row in listed] == ["laptop", "test"]
    assert set(listed[0]) >= {"id", "name", "created_at", "expires_at", "last_used_at"}
    assert made["key"] not in str(listed)
    async with Rest(place.server.url, key=made["key"]) as other:
        assert ok(await other.get("/api/me/"))["id"] == person.id
        used = ok(await person.page.get("/api/keys/"))["results"][0]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", used["last_used_at"])
        assert (await person.page.delete(f"/api/keys/{made['id']}/")).status_code == 204
        refused(await other.get("/api/me/"), 401, "not_authenticated")
    for body, field in (
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "old", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "odd", "expires_at": "soon"}, "expires_at"),
        ({"name": "more", "scope": "all"}, "scope"),
    ):
        refused(await person.page.post("/api/keys/", body), 400, "validation_error", field)
