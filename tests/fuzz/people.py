"""Who sends: nobody, a person by key and as a page, another, staff, and keys with one scope."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.harness import WAIT_S
from tests.harness.place import Person, Place
from tests.harness.rest import CSRF, ok
from tests.harness.tool_server import add_tool_server, calls, chat_with_tools


@dataclass(eq=False)
class Sender:
    """One kind of people. `ids` are those of its own things."""

    name: str
    http: httpx.AsyncClient
    ids: list[str] = field(default_factory=list)


def client(url: str, headers: dict[str, str], cookies: dict[str, str]) -> httpx.AsyncClient:
    # Not as long as uvicorn keeps them: it would close some just as they are used again.
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=2, keepalive_expiry=2)
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
        file = await who.rest.file(b"A text.", "text.txt")
        ids = [chat, turn["message"]["id"], turn["user_message"]["id"], who.key_id, file]
        made.append(Sender(kind, client(url, bearer(who.key), {}), ids))
    made[-1].ids += await _asking_call(staff)
    for kind, who, key in (("page", person, made[1]), ("page of staff", staff, made[3])):
        cookies = {"sessionid": who.session, "csrftoken": CSRF}
        page = client(url, {"X-CSRFToken": CSRF, "Referer": url}, cookies)
        made.append(Sender(kind, page, key.ids))
    for scope in ("read", "chat", "models"):
        answer = await person.page.post("/api/keys/", {"name": scope, "scopes": [scope]})
        key: dict[str, Any] = ok(answer, 201)
        made.append(Sender(f"key {scope}", client(url, bearer(key["key"]), {}), made[1].ids))
    return made


async def _asking_call(staff: Person) -> list[str]:
    """The ids of a tool server, and of a call of it that waits for a decision, with its chat."""
    server = await add_tool_server(staff)
    chat = await chat_with_tools(staff, server["name"])
    asked = calls(server, ("write", {"text": "x"}))
    message = ok(await staff.rest.generate(chat, asked, model="calls"))["message"]
    return [server["id"], chat, message["id"], message["tool_calls"][0]["id"]]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def socket_people(place: Place, count: int) -> list[tuple[Person, str]]:
    """People with a conversation each, since frames have a pace for each person."""
    made = []
    for _ in range(count):
        person = await place.person()
        made.append((person, await chat_with_tools(person, "builtin")))
    return made
