"""Notifications: of a reply that is ready, to browsers whose person has no page open."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from conversations.push import server_keys
from streaming import look_ups
from streaming.push import encryption
from streaming.push.delivery import PrivateAddressError, PublicResolver
from tests.conftest import Servers
from tests.harness import WAIT_S
from tests.harness.place import Person, Place, place_at
from tests.harness.rest import ok, refused
from tests.scripted.push_service import Browser, PushService, to_bytes, to_text

PATH = "/api/push/"
two = pytest.mark.parametrize("place", ["two"], indirect=True)


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with PushService() as service:
        yield service


async def subscribe(person: Person, endpoint: str, **more: Any) -> Browser:
    browser = Browser()
    body = {**browser.subscription(endpoint), **more}
    assert (await person.page.post(PATH, body)).status_code == 204
    return browser


async def told(place: Place, person: Person, *endpoints: str) -> None:
    """Return when these browsers of the person are told, and no other."""
    async with asyncio.timeout(WAIT_S):
        while await place.clerk("told_browsers", user_id=person.id) != [*endpoints]:
            await asyncio.sleep(0.02)


async def found_open(person: Person) -> float:
    """How often the process that REST goes to told nobody because of an open page elsewhere."""
    figures = (await person.rest.get("/metrics")).text
    found = re.search(r'^chat_notifications_total{outcome="page_open"} (\S+)$', figures, re.M)
    return float(found[1]) if found else 0.0


@two
async def test_it_is_told_once_where_no_page_is_open_in_any_process(
    place: Place, service: PushService
):
    """Neither while a socket is open in another process, nor by a program's reply, nor by one that
    was stopped. What is sent holds nothing of the messages, and only the browser can read it."""
    person = await place.person()
    browser = await subscribe(person, f"{service.url}/ok", language="de")
    state = ok(await person.page.get(PATH))
    assert state["subscriptions"] == 1
    elsewhere = await person.page.new_conversation()
    socket = person.page_socket(elsewhere)  # at the first; REST goes to the last
    before = await found_open(person)
    async with socket:
        while place.next() is not place.servers[0]:
            pass
        quiet = await person.page.new_conversation(title="Told to nobody")
        assert (await person.page.generate(quiet)).status_code == 200
        # It asks beside the answer, and the socket has to be there until it has heard.
        async with asyncio.timeout(WAIT_S):
            while await found_open(person) == before:
                await asyncio.sleep(0.02)
    chat = await person.page.new_conversation(title="Grüße aus Lyon")
    assert (await person.rest.generate(chat, "By a program")).status_code == 200
    running = asyncio.create_task(person.page.generate(chat, "Stopped", model="stall:after=1"))
    exchange = await place.ollama.chat(2)
    async with asyncio.timeout(WAIT_S):
        while (last := (await person.page.messages(chat))[-1])["status"] != "streaming":
            await asyncio.sleep(0.02)
    await person.page.stop(chat, last["id"])
    await exchange.wait_ended()
    await running
    assert (await person.page.generate(chat, "My secret question")).status_code == 200
    await service.comes(1)  # it is told beside what follows
    secret = await person.page.new_conversation(temporary=True)
    assert (await person.page.generate(secret, "Hush")).status_code == 200
    pushed = await service.comes(2)
    shown = [browser.shown(one) for one in pushed]
    assert [one["chat"] for one in shown] == [chat, secret]
    assert shown[0] == {
        "title": "Grüße aus Lyon",
        "body": "Ihre Antwort ist da.",
        "lang": "de",
        "dir": "ltr",
        "chat": chat,
    }
    assert shown[1]["title"] == "Chat Playground"
    assert {len(one.body) for one in pushed} == {len(pushed[0].body)}
    headers = pushed[0].headers
    assert headers["content-encoding"] == "aes128gcm"
    assert headers["topic"] == chat.replace("-", "")
    assert int(headers["ttl"]) > 0
    signed = pushed[0].signed()
    assert signed["aud"] == service.url
    assert time.time() < signed["exp"] <= time.time() + 24 * 3600
    assert signed["k"] == state["public_key"]


async def test_what_a_service_does_not_know_ends_and_so_does_what_is_signed_out(
    daphne_place: Place, service: PushService
):
    place, person = daphne_place, await daphne_place.person(password="correct horse 7")
    names = ("ok", "gone", "unknown", "moved", "broken")
    service.answers = {"/gone": 410, "/unknown": 404, "/moved": 307, "/broken": 500}
    for name in names:
        await subscribe(person, f"{service.url}/{name}")
    # The same browser again, and that of somebody else before.
    browser = await subscribe(person, f"{service.url}/ok")
    chat = await person.page.new_conversation()
    assert (await person.page.generate(chat, model="memory")).status_code == 502
    pushed = await service.comes(len(names))
    assert sorted(one.path for one in pushed) == sorted(f"/{name}" for name in names)
    ready = next(one for one in pushed if one.path == "/ok")
    assert browser.shown(ready)["body"] == "The reply could not be finished."
    left = [f"{service.url}/{name}" for name in ("moved", "broken", "ok")]
    await told(place, person, *left)
    answer = await person.page.http.request("DELETE", PATH, json={"endpoint": left[0]})
    assert answer.status_code == 204
    await told(place, person, *left[1:])
    other = await place.person()
    await subscribe(other, f"{service.url}/ok")
    await told(place, person, left[1])
    assert (await person.page.post("/signout/")).status_code == 302
    await told(place, person)
    # An account that is closed.
    staff = await place.person(staff=True)
    ok(await staff.page.patch(f"/api/people/{other.id}/", {"is_active": False}))
    await told(place, other)
    assert len(service.pushed) == len(names)


async def test_what_is_no_subscription_is_refused(servers: Servers):
    async with place_at(servers("daphne", "limited")) as place:
        person = await place.person()
        good = Browser().subscription("https://push.example.com/a")
        for endpoint in (
            "http://push.example.com/a",
            "https://push.example.com:8443/a",
            "https://user:word@push.example.com/a",
            "https://127.0.0.1/a",
            "https://10.0.0.7/a",
            "https://169.254.169.254/latest",
            "https://[::1]/a",
            "https://[::ffff:127.0.0.1]/a",
            "https://[fe80::1]/a",
            "https://2130706433/a",
            "https://localhost/a",
            "https://redis/a",
            "https://printer.local/a",
            "ftp://push.example.com/a",
            "https://push.example.com:x/a",
            "nonsense",
            "https://push.example.com/" + "a" * 2_000,
        ):
            answer = await person.page.post(PATH, {**good, "endpoint": endpoint})
            refused(answer, 400, "validation_error", "endpoint")
        for keys in (
            {"p256dh": "AAAA", "auth": good["keys"]["auth"]},
            {"p256dh": to_text(b"\4" + bytes(64)), "auth": good["keys"]["auth"]},
            {"p256dh": good["keys"]["p256dh"], "auth": "é"},
        ):
            refused(
                await person.page.post(PATH, {**good, "keys": keys}),
                400,
                "validation_error",
                "keys",
            )
        refused(await person.rest.post(PATH, good), 403, "missing_scope")
        # Of more than ten browsers the oldest goes.
        for number in range(12):
            body = Browser().subscription(f"https://push.example.com/{number}")
            assert (await person.page.post(PATH, body)).status_code == 204
        found = await place.clerk("told_browsers", user_id=person.id)
        assert found == [f"https://push.example.com/{number}" for number in range(2, 12)]


async def test_a_name_that_leads_inside_is_not_asked(settings: Any, monkeypatch: Any):
    """Nor one of whose addresses a single one does."""
    settings.PUSH_PRIVATE_SERVICES = False
    resolver = PublicResolver()
    inside, outside = "10.0.0.7", "93.184.215.14"
    look_up = AsyncMock()
    monkeypatch.setattr(look_ups, "addresses", look_up)
    for found in ([inside], [outside, inside]):
        look_up.return_value = found
        with pytest.raises(PrivateAddressError):
            await resolver.resolve("push.example.com", 443)
    look_up.return_value = [outside]
    assert [one["host"] for one in await resolver.resolve("push.example.com", 443)] == [outside]


async def test_names_that_are_not_found_hold_up_nobody(monkeypatch: Any):
    """A stranger's server of names may answer never; those of models are looked up elsewhere."""
    found = threading.Event()

    def find(*_: Any, **options: Any) -> list[Any]:
        found.wait(WAIT_S)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", find)
    waiting = [asyncio.create_task(PublicResolver().resolve("a.example")) for _ in range(50)]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(WAIT_S / 2):
            assert await asyncio.to_thread(lambda: "done") == "done"
    finally:
        found.set()
    assert await asyncio.gather(*waiting) == [[]] * 50


def test_it_is_encrypted_as_the_standard_says():
    """The example of RFC 8291, appendix A."""
    private = int.from_bytes(to_bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    body = encryption.encrypt(
        b"When I grow up, I want to be a watermelon",
        p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth="BTBZMqHH6r4Tts7J_aSIgg",
        key=ec.derive_private_key(private, ec.SECP256R1()),
        salt=to_bytes("DGv6ra1nlYgDCS1FRnbzlw"),
        padded_to=1,
    )
    assert to_text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
        "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu"
        "lcy4a-fN"
    )


def test_the_keys_of_the_server_are_those_of_its_secret(settings: Any):
    """The same in every process; the one before counts on as long as it is listed."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first" * 10, []
    first = server_keys.public_key()
    assert len(to_bytes(first)) == 65
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "second" * 10, ["first" * 10]
    assert server_keys.public_key() != first
    assert server_keys.signing_key(first) is not None
    settings.SECRET_KEY_FALLBACKS = []
    assert server_keys.signing_key(first) is None
