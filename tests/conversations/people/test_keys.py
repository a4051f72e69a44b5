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


async def test_a_key_of_less_makes_no_key_of_more(daphne_place: Place):
    """Keys are managed by the page, or by a key that may do everything."""
    person = await daphne_place.person()
    for bounds in (
        {"scopes": ["chat", "read"]},
        {"allowed_models": ["normal"]},
        {"tokens_per_day": 10},
        {"tokens_per_month": 10},
    ):
        async with program(person, **bounds) as (rest, _):
            refused(await rest.get("/api/keys/"), 403, "missing_scope")
            refused(await rest.post("/api/keys/", {"name": "more"}), 403, "missing_scope")
            refused(await rest.delete(f"/api/keys/{person.key_id}/"), 403, "missing_scope")
    ok(await person.rest.post("/api/keys/", {"name": "as good"}), 201)


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
