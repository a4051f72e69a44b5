"""Who sends: nobody, a person by key and as a page, another, staff, and keys with one scope."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.harness import WAIT_S
from tests.harness.place import Person, Place
from tests.harness.rest import CSRF, ok


@dataclass(eq=False)
class Sender:
    """One kind of people. `ids` are those of its own things."""

    name: str
    http: httpx.AsyncClient
    ids: list[str] = field(default_factory=list)


def client(url: str, headers: dict[str, str], cookies: dict[str, str]) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=2)
    return httpx.AsyncClient(
        base_url=url,
        headers=headers,
        cookies=cookies,
        timeout=2 * WAIT_S,
        trust_env=False,
        limits=limits,
    )


async def senders(place: Place, groups: int) -> list[Sender]:
    """So many of all kinds, since changes have a pace for each person."""
    return [sender for _ in range(groups) for sender in await _group(place)]


async def _group(place: Place) -> list[Sender]:
    """One of each kind, with a conversation that has a turn, where it may have one."""
    url = place.server.url
    person, other, staff = [await place.person(staff=staff) for staff in (False, False, True)]
    made = [Sender("nobody", client(url, {}, {}))]
    for kind, who in (("user", person), ("other user", other), ("staff", staff)):
        chat = await who.conversation()
        turn = ok(await who.rest.generate(chat))
        ids = [chat, turn["message"]["id"], turn["user_message"]["id"], who.key_id]
        made.append(Sender(kind, client(url, bearer(who.key), {}), ids))
    cookies = {"sessionid": person.session, "csrftoken": CSRF}
    page = client(url, {"X-CSRFToken": CSRF}, cookies)
    made.append(Sender("page", page, made[1].ids))
    for scope in ("read", "chat", "models"):
        answer = await person.page.post("/api/keys/", {"name": scope, "scopes": [scope]})
        key: dict[str, Any] = ok(answer, 201)
        made.append(Sender(f"key {scope}", client(url, bearer(key["key"]), {}), made[1].ids))
    return made


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def socket_people(place: Place, count: int) -> list[tuple[Person, str]]:
    """People with a conversation each, since frames have a pace for each person."""
    made = []
    for _ in range(count):
        person = await place.person()
        made.append((person, await person.conversation()))
    return made
