"""A message that is deleted while others look on."""

from tests.harness.fold import assert_follows_the_rules, assert_same
from tests.harness.place import Place
from tests.harness.rest import ok, refused


async def test_every_socket_hears_of_a_deletion(place: Place):
    """Folding what it is told gives what GET returns; the next prompt leaves the message out."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        for said in ("one", "two"):
            await socket.reply(said, model="normal")
        q1, a1, q2, a2 = (row["id"] for row in await person.rest.messages(chat))
        for revision, (gone, head) in enumerate([(a1, a2), (a2, q2)], start=1):
            assert (await person.rest.delete(f"/api/messages/{gone}/")).status_code == 204
            told = await socket.next("conversation", revision=revision)
            assert (told["deleted"], told["head_id"]) == (gone, head)
            refused(await person.rest.get(f"/api/messages/{gone}/"), 404, "not_found")
            assert_same(socket.thread.messages, await person.rest.messages(chat))
        exported = await person.rest.get(f"/api/conversations/{chat}/export/")
        assert exported.text.count("## Assistant") == 0
        await socket.reply("three", model="normal")
        assert_same(socket.thread.messages, await person.rest.messages(chat))
        assert_follows_the_rules(socket.events)
        restored = ok(await person.rest.post(f"/api/messages/{a1}/restore/"))
        assert (restored["id"], restored["parent_id"]) == (a1, q1)
        told = await socket.next("conversation", revision=3)
        assert "deleted" not in told
        assert [row["id"] for row in await person.rest.messages(chat)][:3] == [q1, a1, q2]
    prompt = place.ollama.chats[-1].json["messages"]
    assert [message["content"] for message in prompt] == ["one\n\ntwo\n\nthree"]


async def test_what_cannot_be_deleted(daphne_place: Place):
    """A reply that is being written, its question, another's message, and one that is gone."""
    person, other = await daphne_place.person(), await daphne_place.person()
    chat = await person.conversation()
    gate = daphne_place.ollama.gate("a")
    async with person.socket(chat) as socket:
        await socket.ask("first", model="gate:id=a")
        start = await socket.next("message_start")
        for message_id in (start["id"], start["parent_id"]):
            answer = await person.rest.delete(f"/api/messages/{message_id}/")
            refused(answer, 409, "conversation_busy")
            refused(await other.rest.delete(f"/api/messages/{message_id}/"), 404, "not_found")
            answer = await person.rest.post(f"/api/messages/{message_id}/restore/")
            refused(answer, 404, "not_found")
        gate.open()
        await socket.next("message_end")
        assert (await person.rest.delete(f"/api/messages/{start['id']}/")).status_code == 204
        refused(await person.rest.delete(f"/api/messages/{start['id']}/"), 404, "not_found")
        answer = await other.rest.post(f"/api/messages/{start['id']}/restore/")
        refused(answer, 404, "not_found")
        # Sent once more, it is known, and makes no second reply.
        await socket.ask("first", client_id=start["client_id"], model="gate:id=a")
        assert (await socket.next("error"))["code"] == "not_found"
