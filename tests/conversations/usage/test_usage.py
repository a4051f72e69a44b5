"""What replies cost: one record each, whatever ends them, summed by day and model."""

import asyncio
import re
import signal
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from conversations.errors import BudgetSpent
from conversations.ids import new_id
from conversations.people import keys
from conversations.people.models import User
from conversations.threads import replies, services
from conversations.threads.models import Conversation, Message
from conversations.usage import budgets, selectors
from conversations.usage.models import UsageRecord
from conversations.usage.services import record
from tests.conversations.conftest import open_turn
from tests.harness import WAIT_S
from tests.harness.place import Place, place_at
from tests.harness.rest import ok, refused
from tests.harness.server import ChatServer


async def test_one_record_for_every_reply(daphne_place: Place):
    """Completed, stopped and failed; with the provider's counts where it gave them."""
    place = daphne_place
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        first = await socket.reply("Hello")
        await socket.ask(model="endless")
        start = await socket.next("message_start")
        await socket.said("and and")
        await socket.stop(start["id"])
        stopped = await socket.next("message_end", status="stopped")
    failed = await person.rest.generate(chat, model="first_error")
    rows = await place.clerk("usage", user_id=person.id)
    said = await person.rest.messages(chat)
    replies = [row["id"] for row in said if row["role"] == "assistant"]
    assert [row["message_id"] for row in rows] == replies
    assert [row["status"] for row in rows] == ["completed", "stopped", "failed"]
    assert [row["source"] for row in rows] == ["provider", "estimated", "estimated"]
    assert [row["door"] for row in rows] == ["socket", "socket", "rest"]
    assert {row["key_id"] for row in rows} == {person.key_id}
    ends = [first["tokens"], stopped["tokens"], failed.json()["tokens"]]
    assert [row["total_tokens"] for row in rows] == [tokens["total"] for tokens in ends]
    assert rows[1]["completion_tokens"] == len(stopped["full_content"]) // 4
    assert {(row["provider"]) for row in rows} == {"ollama"}


async def test_a_reply_of_a_dead_process_is_recorded_at_the_start(
    own_server: Callable[..., ChatServer],
):
    """Once, with an estimate of what there is."""
    server = own_server("daphne")
    server.start()
    async with place_at(server) as place:
        person = await place.person()
        chat = await person.conversation()
        async with person.socket(chat) as socket:
            await socket.ask("Tell me about life", model="gate:id=dead,n=9")
            place.ollama.gate("dead").release(3)
            start = await socket.next("message_start")
            await socket.said("word2")
            async with asyncio.timeout(WAIT_S):
                while not (await place.clerk("row", message_id=start["id"]))["seq"]:
                    await asyncio.sleep(0.02)
            server.send(signal.SIGKILL)
            server.wait()
        for _ in range(2):
            server.start()
            (row,) = await place.clerk("usage", user_id=person.id)
            server.kill()
    stored = await place.clerk("row", message_id=start["id"])
    assert (row["status"], row["source"], row["door"]) == ("interrupted", "estimated", "socket")
    assert row["completion_tokens"] == len(stored["content"]) // 4
    assert row["prompt_tokens"] == stored["context"]["prompt_tokens"]


async def test_usage_by_day_and_model(daphne_place: Place):
    """Only the caller's own, between two days."""
    person, other = await daphne_place.person(), await daphne_place.person()
    for somebody, models in ((person, ["normal", "normal", "echo"]), (other, ["normal"])):
        chat = await somebody.conversation()
        for model in models:
            ok(await somebody.rest.generate(chat, model=model))
    found = ok(await person.rest.get("/api/usage/"))
    today = datetime.now(UTC).date()
    assert [(row["day"], row["model"], row["requests"]) for row in found["results"]] == [
        (f"{today}", "echo", 1),
        (f"{today}", "normal", 2),
    ]
    assert found["totals"]["requests"] == 3
    assert found["totals"]["estimated"] == 0
    summed = sum(row["tokens"]["total"] for row in found["results"])
    assert found["totals"]["tokens"]["total"] == summed > 0
    span = {"from": f"{today - timedelta(days=2)}", "to": f"{today - timedelta(days=1)}"}
    assert ok(await person.rest.get("/api/usage/", **span))["results"] == []
    for wrong in ({"from": "yesterday"}, {"to": "2026-13-01"}):
        refused(await person.rest.get("/api/usage/", **wrong), 400, "validation_error")


async def test_the_admin_sees_everybodys_usage(daphne_place: Place):
    """A list with totals, which nobody can change; and the limits of accounts and keys."""
    staff = await daphne_place.person(staff=True)
    await daphne_place.clerk("allow", model="User", row_id=staff.id, is_superuser=True)
    person = await daphne_place.person()
    ok(await person.rest.generate(await person.conversation()))
    base = "/admin/conversations"
    page = (await staff.page.get(f"{base}/usagerecord/")).text
    assert re.search(rf'<th scope="row">{person.name}</th><td>1</td>', page)
    (row,) = await daphne_place.clerk("usage", user_id=person.id)
    one = (await staff.page.get(f"{base}/usagerecord/{row['id']}/change/")).text
    assert "<input" not in one.split('id="usagerecord_form"')[1].split("</form>")[0].replace(
        '<input type="hidden"', ""
    )
    for path in (f"user/{person.id}", f"apikey/{person.key_id}"):
        page = (await staff.page.get(f"{base}/{path}/change/")).text
        for name in ("requests_per_minute", "concurrent_requests", "tokens_per_day"):
            assert f'name="{name}"' in page


# --- Budgets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("span", ["day", "month"])
@pytest.mark.parametrize("model", ["User", "ApiKey"])
async def test_a_spent_budget_refuses_on_both_doors(daphne_place: Place, model: str, span: str):
    """With the time at which there are new tokens; the session is not held to the key's."""
    person = await daphne_place.person()
    row_id = person.id if model == "User" else person.key_id
    await daphne_place.clerk("allow", model=model, row_id=row_id, **{f"tokens_per_{span}": 5})
    chat = await person.conversation()
    ok(await person.rest.generate(chat))  # goes over it, and is let through
    answer = await person.rest.generate(chat)
    told = refused(answer, 429, "budget_spent")
    assert f"this {span}" in told["message"]
    assert 1 <= int(answer.headers["Retry-After"]) <= 31 * 24 * 3600
    async with person.socket(chat) as socket:
        client_id = await socket.ask()
        await socket.next("error", code="budget_spent", client_id=client_id)
        # It would wait for a place or a minute, but not for weeks.
        await socket.ask(queue=True)
        await socket.next("error", code="budget_spent")
    assert len(await person.rest.messages(chat)) == 2
    session = await person.page.generate(chat)
    assert session.status_code == (429 if model == "User" else 200)


def spend(user: User, total: int, when: datetime) -> None:
    UsageRecord.objects.create(
        user=user,
        status="completed",
        prompt_tokens=total,
        completion_tokens=0,
        total_tokens=total,
        source="provider",
        created_at=when,
    )


def test_a_budget_begins_again(owner: User):
    """What was spent before today, or before this month, does not count."""
    now = datetime.now(UTC)
    spend(owner, 100, now.replace(hour=0, minute=0, second=0) - timedelta(seconds=1))
    User.objects.filter(pk=owner.pk).update(tokens_per_day=50)
    budgets.bounds(user=owner, key=None)
    spend(owner, 50, now)
    with pytest.raises(BudgetSpent) as refusal:
        budgets.bounds(user=owner, key=None)
    assert 0 < refusal.value.retry_after <= 24 * 3600
    User.objects.filter(pk=owner.pk).update(tokens_per_day=0)
    budgets.bounds(user=owner, key=None)


# --- The rows ---------------------------------------------------------------------------------


def test_closing_twice_records_once(chat: Conversation):
    """Whoever is second changes nothing."""
    opened = open_turn(chat)
    for status in ("completed", "failed"):
        replies.close_reply(
            writer=None,
            reply_id=opened.reply.id,
            status=status,
            tokens={"prompt": 1, "completion": 2, "total": 3, "source": "provider"},
        )
    (row,) = UsageRecord.objects.all()
    assert (row.status, row.total_tokens) == ("completed", 3)


def test_usage_is_of_the_author(chat: Conversation, stranger: User, owner: User):
    """Of the user who asked, not of the owner of the conversation, who is taken only for a reply
    without an author. The cached tokens are kept apart."""
    tokens = {"prompt": 5, "cached": 3, "completion": 2, "total": 7, "source": "provider"}
    for author in (stranger, None):
        reply = open_turn(chat, author=author).reply
        replies.close_reply(reply_id=reply.id, writer=None, status="completed", tokens=tokens)
    assert [row.user for row in UsageRecord.objects.order_by("id")] == [stranger, owner]
    sums = selectors.totals(stranger.usage.all())
    assert (sums["prompt"], sums["cached"], sums["total"]) == (5, 3, 7)


def test_usage_outlives_what_it_was_for(chat: Conversation, owner: User):
    """A purged conversation takes no record along."""
    opened = open_turn(chat)
    replies.close_reply(reply_id=opened.reply.id, writer=None, status="completed")
    Conversation.objects.filter(pk=chat.pk).update(deleted_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert services.purge_deleted() == 1
    assert not Message.objects.exists()
    assert UsageRecord.objects.get().user == owner


def test_the_last_day_there_is(owner: User):
    """Sums up to it; no date is too late to ask for."""
    spend(owner, 7, datetime.now(UTC))
    found = selectors.between(owner.usage.all(), date.min, date.max)
    assert selectors.totals(found)["total"] == 7


def test_a_record_outlives_its_key(owner: User):
    """One that was revoked before the record is left out of it."""
    key, _ = keys.create(user=owner, name="test")
    for key_id in (key.pk, new_id()):
        record(
            user_id=owner.pk,
            key_id=key_id,
            model="m",
            provider="p",
            tokens={"prompt": 2, "completion": 3},
            source="provider",
            status="completed",
            door="v1",
        )
    rows = UsageRecord.objects.order_by("created_at", "id")
    assert [(row.key_id, row.total_tokens) for row in rows] == [(key.pk, 5), (None, 5)]
