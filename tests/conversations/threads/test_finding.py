"""Finding, keeping and taking along conversations: search, pin, archive, restore, export, pages."""

from uuid import uuid4

import pytest

from tests.harness.place import Person, Place
from tests.harness.rest import ok, refused


@pytest.fixture
async def person(daphne_place: Place) -> Person:
    return await daphne_place.person()


async def found(person: Person, **params: str) -> list[dict[str, str]]:
    return list(ok(await person.rest.get("/api/conversations/", **params))["results"])


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("lak zur", True),  # beginnings of words, in any order, without the accent
        ("ZÜRICH", True),
        ("scripted model", True),  # what the reply says
        ("zurich geneva", False),
        ("ЖЁЛТЫЙ", True),  # capitals of every alphabet
        ("option blue", True),  # words end at any punctuation
        ("file_na com", True),
        ('"', False),
        ("\0", False),
        ("\0 lake' & x:* \\", False),
        ("AND OR NOT (", False),
    ],
)
async def test_words_are_found_in_titles_and_messages(person: Person, query: str, hit: bool):
    """Whatever is asked for, the answer is a list, with a piece of the text that matched."""
    chat = await person.conversation()
    said = "Please tell me now of Zürich and of all its lakes: жёлтый <b>red/blue</b>, --option"
    ok(await person.rest.generate(chat, f"{said}=file_name@example.com"))
    rows = await found(person, search=query)
    assert [row["id"] for row in rows] == ([chat] if hit else [])
    if hit:
        match = rows[0]["match"]
        assert "".join(part["text"] for part in match["snippet"]) == rows[0]["snippet"]
        assert any(part["marked"] for part in match["snippet"])
        message = ok(await person.rest.get(f"/api/messages/{match['message_id']}/"))
        assert message["id"] in [row["id"] for row in await person.rest.messages(chat)]


async def test_a_snippet_is_the_piece_around_the_match(person: Person):
    """With marks where the text goes on, and none where it does not."""
    chat, short = await person.conversation(), await person.conversation()
    filler = "and then we went on for another while " * 20
    ok(await person.rest.generate(chat, f"{filler} until the lighthouse appeared {filler}"))
    ok(await person.rest.generate(short, "A lighthouse, nothing else"))
    pieces = {row["id"]: row["snippet"] for row in await found(person, search="lightho")}
    assert pieces[short] == "A lighthouse, nothing else"
    assert pieces[chat].startswith("…")
    assert pieces[chat].endswith("…")
    assert "lighthouse" in pieces[chat]
    assert len(pieces[chat]) <= 110


async def test_a_title_alone_is_found_without_a_snippet(person: Person):
    """A conversation in which nothing was said has only its title."""
    chat = await person.rest.new_conversation(title="Holiday plans")
    (row,) = await found(person, search="holiday")
    assert (row["id"], row["snippet"]) == (chat, None)
    title = [{"text": "Holiday", "marked": True}, {"text": " plans", "marked": False}]
    assert row["match"] == {"message_id": None, "title": title, "snippet": None}
    (row,) = await found(person)
    assert (row["snippet"], row["match"]) == (None, None)


async def test_titles_come_first(person: Person):
    """On every page, in both directions; then the newest."""
    expected = []
    for number in range(4):
        in_title = number % 2 == 0
        chat = await person.rest.new_conversation(title="The heron" if in_title else "Birds")
        ok(await person.rest.generate(chat, "Gulls" if in_title else "A heron"))
        expected.insert(0, (in_title, chat))
    expected.sort(key=lambda pair: not pair[0])
    page = ok(await person.rest.get("/api/conversations/", search="heron", limit="1"))
    pages = [page]
    while page["next"]:
        pages.append(page := ok(await person.rest.get(page["next"])))
    assert [row["id"] for page in pages for row in page["results"]] == [key for _, key in expected]
    before = ok(await person.rest.get(pages[2]["previous"]))
    assert before["results"] == pages[1]["results"]


async def test_nobody_finds_what_is_another_persons(daphne_place: Place, person: Person):
    """Nor what was deleted."""
    chat = await person.conversation()
    ok(await person.rest.generate(chat, "Unmistakable"))
    stranger = await daphne_place.person()
    assert not await found(stranger, search="unmistakable")
    await person.rest.delete(f"/api/conversations/{chat}/")
    assert not await found(person, search="unmistakable")


async def test_archived_conversations_leave_the_list_and_stay_found(person: Person):
    """They are in a list of their own, and pinned ones can be asked for."""
    kept, put_away = await person.conversation(), await person.conversation()
    for chat, change in ((kept, {"pinned": True}), (put_away, {"archived": True, "title": "Old"})):
        ok(await person.rest.patch(f"/api/conversations/{chat}/", change))
    assert [row["id"] for row in await found(person)] == [kept]
    assert [row["id"] for row in await found(person, archived="true")] == [put_away]
    assert [row["id"] for row in await found(person, pinned="true")] == [kept]
    assert [row["id"] for row in await found(person, search="old")] == [put_away]
    refused(
        await person.rest.get("/api/conversations/", archived="x"),
        400,
        "validation_error",
        "archived",
    )


async def test_a_deletion_can_be_taken_back(person: Person):
    """Until then it is gone for everybody; a second undo finds nothing."""
    chat = await person.conversation()
    ok(await person.rest.generate(chat, "Keep me"))
    path = f"/api/conversations/{chat}/"
    assert (await person.rest.delete(path)).status_code == 204
    refused(await person.rest.get(path), 404, "not_found")
    ok(await person.rest.post(f"{path}restore/"))
    assert len(await person.rest.messages(chat)) == 2
    refused(await person.rest.post(f"{path}restore/"), 404, "not_found")


async def test_messages_page_in_both_directions(person: Person):
    """From the end backwards and from the beginning forwards the same messages are seen."""
    chat = await person.conversation()
    for number in range(4):
        ok(await person.rest.generate(chat, f"Number {number}"))
    whole = [row["id"] for row in await person.rest.messages(chat)]
    page = ok(await person.rest.get(f"/api/conversations/{chat}/messages/?from=end&limit=3"))
    assert page["next"] is None
    backwards = [row["id"] for row in page["results"]]
    while page["previous"]:
        page = ok(await person.rest.get(page["previous"]))
        backwards = [row["id"] for row in page["results"]] + backwards
    assert backwards == whole
    assert [row["id"] for row in await person.rest.messages(chat, limit=3)] == whole


async def test_whoever_reads_on_gets_the_branch_that_they_began(person: Person):
    """Also when another branch is shown by then; what was added to theirs is there."""
    chat = await person.conversation()
    path = f"/api/conversations/{chat}/messages/"
    said = [ok(await person.rest.generate(chat, f"Number {number}")) for number in range(3)]
    branch = [row["id"] for row in await person.rest.messages(chat)]
    first = ok(await person.rest.get(path, limit=3))
    last = ok(await person.rest.get(path, limit=3, **{"from": "end"}))
    assert first["next"].startswith("http")
    said.append(ok(await person.rest.generate(chat, "Number 3")))
    branch += [said[3]["user_message"]["id"], said[3]["message"]["id"]]
    other = ok(await person.rest.generate(chat, "Otherwise", parent_id=branch[1]))
    assert len(await person.rest.messages(chat)) == 4

    second = ok(await person.rest.get(first["next"]))
    assert [row["id"] for row in second["results"]] == branch[3:6]
    assert second["next"] is None  # where their branch ended when they began
    before = ok(await person.rest.get(last["previous"]))
    assert [row["id"] for row in before["results"]] == branch[:3]
    by_hand = ok(await person.rest.get(path, before=branch[4], limit=2))
    assert [row["id"] for row in by_hand["results"]] == branch[2:4]
    nothing = ok(await person.rest.get(path, before=branch[0]))
    assert nothing == {"next": None, "previous": None, "results": []}

    ok(await person.rest.patch(f"/api/conversations/{chat}/", {"head_id": branch[-1]}))
    second = ok(await person.rest.get(first["next"]))
    third = ok(await person.rest.get(second["next"]))
    assert [row["id"] for row in third["results"]] == branch[6:]

    elsewhere = ok(await person.rest.generate(await person.conversation()))["message"]["id"]
    for missing in (str(uuid4()), elsewhere):
        for name in ("after", "before", "leaf"):
            refused(await person.rest.get(path, **{name: missing}), 404, "not_found")
    refused(await person.rest.get(path, after=other["message"]["id"]), 404, "not_found")
    everything = ok(await person.rest.get(path, branch="all", after=other["message"]["id"]))
    assert everything["results"] == []


async def test_a_message_tells_its_versions(person: Person):
    """All replies to one message, oldest first; and the ways of saying it."""
    chat = await person.conversation()
    first = ok(await person.rest.generate(chat, "Say"))["message"]
    second = ok(await person.rest.generate(chat, None, message_id=first["id"]))["message"]
    asked, reply = await person.rest.messages(chat)
    assert asked["sibling_ids"] == [asked["id"]]
    assert reply["sibling_ids"] == [first["id"], second["id"]]
    assert reply["sibling_models"] == [first["model"], second["model"]]


async def test_a_system_prompt_leads_every_prompt_and_can_be_forgotten(
    daphne_place: Place, person: Person
):
    """It is a setting of the conversation and no parameter of a request."""
    chat = await person.rest.new_conversation(settings={"system_prompt": "Be brief."})
    ok(await person.rest.generate(chat, "Hello"))
    sent = (await daphne_place.ollama.chat(0)).json["messages"]
    assert sent[0] == {"role": "system", "content": "Be brief."}
    path = f"/api/conversations/{chat}/"
    changed = ok(await person.rest.patch(path, {"settings": {"system_prompt": None}}))
    assert "system_prompt" not in changed["settings"]
    answer = await person.rest.generate(chat, "x", parameters={"system_prompt": "No."})
    refused(answer, 400, "validation_error", "parameters")


async def test_a_conversation_is_exported_as_markdown_and_json(person: Person):
    """Markdown has the branch being shown, JSON has everything."""
    chat = await person.conversation()
    first = ok(await person.rest.generate(chat, "Say **it**"))["message"]
    ok(await person.rest.generate(chat, None, message_id=first["id"]))
    path = f"/api/conversations/{chat}/export/"
    markdown = await person.rest.get(path, **{"as": "markdown"})
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert 'filename="say-it.md"' in markdown.headers["content-disposition"]
    assert markdown.text.startswith("# Say it\n\n<!-- message {")
    exported = ok(await person.rest.get(path, **{"as": "json"}))
    assert exported["conversation"]["id"] == chat
    assert len(exported["messages"]) == 3
    refused(await person.rest.get(path, **{"as": "pdf"}), 400, "validation_error", "as")
