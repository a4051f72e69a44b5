"""Search in the scripts of the world, on SQLite and on PostgreSQL."""

import random
import unicodedata

import pytest
from django.db import connection
from django.utils import timezone

from conversations.people.models import User
from conversations.threads import search, services, snippets
from conversations.threads.models import Conversation, Message, SearchEntry
from tests.conversations.conftest import add_message, open_turn

# What was written, what is looked for, and what of the text matches; "" if it is not found.
TEXTS = [
    ("今天天气很好", "天气", "天气"),
    ("今天天气很好", "气", "气"),
    ("今天天气很好", "今天天气很好", "今天天气很好"),
    ("今天天气很好", "天好", ""),
    ("今天，下雨。", "天，下", "天 下"),
    ("我买了iPhone手机壳", "手机", "手机"),
    ("我买了iPhone手机壳", "iphone", "iPhone"),
    ("東京タワーに行きました", "タワー", "タワー"),
    ("東京タワーに行きました", "ﾀﾜｰ", "タワー"),
    ("がんばってください", "かんば", ""),
    ("안녕하세요 여러분", "안녕", "안녕"),
    ("한국어교육", "교육", "교육"),
    ("ฉันเรียนภาษาไทย", "ไทย", "ไทย"),
    ("ຂ້ອຍຮຽນພາສາລາວ", "ພາສາ", "ພາສາ"),
    ("ខ្ញុំរៀនភាសាខ្មែរ", "ភាសា", "ភាសា"),
    ("मैं हिन्दी बोलता हूँ", "हिन्दी", "हिन्दी"),
    ("हम नदी देखते हैं", "हिन्दी", ""),
    ("আমি বাংলা বলি", "বাংলা", "বাংলা"),
    ("நான் தமிழ் பேசுகிறேன்", "தமிழ்", "தமிழ்"),
    ("שָׁלוֹם עוֹלָם", "שלום", "שָׁלוֹם"),
    ("שלום עולם", "שָׁלוֹם", "שלום"),
    ("ذهب مُحَمَّد إلى المدرسة", "محمد", "مُحَمَّد"),
    ("Это ёлка, мой друг", "елка", "ёлка"),
    ("Это мои друзья", "мой", ""),
    ("Καλημέρα, ΚΌΣΜΟΣ", "κοσμος", "ΚΌΣΜΟΣ"),
    ("Tiếng Việt rất hay", "viet", "Việt"),
    ("Die Straße ist lang", "STRASSE", "Straße"),
    ("Es wäre schön", "schon", "schön"),
    ("İstanbul'da", "istanbul", "İstanbul"),
    ("Der Heartbeat", "art", ""),
    ("an of\ufb01ce", "office", "of\ufb01ce"),
    ("soft\u00adware", "software", "soft\u00adware"),
]
FORMS = ("NFC", "NFD")


def marked(parts: list[snippets.Part] | None) -> str:
    return " ".join(part["text"] for part in parts or () if part["marked"])


def find(user: User, query: str) -> dict[str, snippets.Match]:
    """What a search shows, by title."""
    hits = search.hits(user=user, query=query)
    rows = Conversation.objects.filter(id__in=list(hits))
    matches = snippets.matches(rows, hits=hits, query=query)
    return {row.title: matches[row.pk] for row in rows}


def test_every_script_is_found_and_marked(owner: User):
    """However it and the query are composed; the marks are on the text as it was written."""
    for number, (text, _, _) in enumerate(TEXTS):
        for form in FORMS:
            chat = services.create_conversation(user=owner, title=f"{number} {form}")
            add_message(chat, content=unicodedata.normalize(form, f"Before. {text} After."))
    wrong = []
    for number, (text, query, part) in enumerate(TEXTS):
        for form in FORMS:
            for asked in {unicodedata.normalize(each, query) for each in FORMS}:
                match = find(owner, asked).get(f"{number} {form}")
                expected = unicodedata.normalize(form, part)
                if match is None or not part:
                    ok = match is None and not part
                else:
                    ok = marked(match["snippet"]) == expected
                if not ok:
                    wrong.append((form, text, asked, match))
    assert not wrong


OPERATORS = [*"\"-*:&|!'\\()%_^;\0", "<->"]


@pytest.mark.parametrize("around", ["{}heron", "heron{}", "{0}heron{0} stands", "heron {} stands"])
def test_operators_are_plain_text(chat: Conversation, around: str):
    """They are looked for no more than other punctuation is."""
    add_message(chat, content="The heron stands")
    for operator in OPERATORS:
        assert search.hits(user=chat.user, query=around.format(operator)), operator
        assert not search.hits(user=chat.user, query=operator)
    for word in ("OR", "AND", "NOT", "NEAR("):
        assert not search.hits(user=chat.user, query=f"heron {word} gull")
        assert not search.hits(user=chat.user, query=f"heron {word}")


def test_marks_stand_on_what_matched_in_any_text(chat: Conversation):
    """Whatever is around it, and whichever part of a text is shown."""
    choose = random.Random(5)
    kinds = "a é e\u0301 ß 天 気 が か\u3099 안 ห ้ हि 🙂 👩‍👩‍👧 — \u200b \u00ad ﬁ İ **"
    pieces = [*kinds.split(" "), " ", "\n"]
    finder = snippets.Finder("heron")
    for _ in range(300):
        before, after = ("".join(choose.choices(pieces, k=choose.randint(0, 80))) for _ in "ab")
        parts = snippets.around(f"{before} Hérón {after}", finder, markdown=False)
        assert marked(parts) == "Hérón"
        assert len("".join(part["text"] for part in parts)) < 130


@pytest.mark.parametrize(
    ("markdown", "query", "shown"),
    [
        ("# A **hash table**\n> is *fast*", "hash", "A hash table is fast"),
        ("See [the *manual*](https://a.example/x) of `a_b`", "manual", "See the manual of a_b"),
        ("1. [x] ~~gone~~ here<br>there", "gone", "gone here there"),
        ("| a | b |\n|---|--:|\n| heron | 2 * 3 * 4 |", "heron", "| a | b | | heron | 2 * 3 * 4 |"),
        ("Run:\n```c\n**heron = 1\n```\nDone \\*", "heron", "Run: **heron = 1 Done *"),
        ("[here](https://heron.example/)", "heron", "[here](https://heron.example/)"),
    ],
)
def test_snippets_of_replies_are_plain_text(
    chat: Conversation, markdown: str, query: str, shown: str
):
    """Code stays as it is, and so does all that the user wrote. What only marks hold is shown
    with them."""
    other = services.create_conversation(user=chat.user, title="Mine")
    add_message(chat, "assistant", content=markdown)
    add_message(other, content=markdown)
    found = find(chat.user, query)
    texts = {
        title: "".join(part["text"] for part in match["snippet"] or ())
        for title, match in found.items()
    }
    assert texts == {"": shown, "Mine": " ".join(markdown.split())}


def test_titles_are_found_as_messages_are(owner: User):
    """By all words, in any order, marked."""
    services.create_conversation(user=owner, title="Café 天气 今天")
    (match,) = find(owner, "天 cafe").values()
    assert (marked(match["title"]), match["message_id"]) == ("Café 天 天", None)
    chat = Conversation.objects.get()
    services.update_conversation(conversation=chat, changes={"title": "Other"})
    assert not find(owner, "cafe")
    assert list(find(owner, "oth")) == ["Other"]


def test_the_newest_match_is_shown(chat: Conversation):
    """It is named by its id."""
    add_message(chat, content="heron one")
    newest = add_message(chat, content="heron two")
    add_message(chat, content="gull")
    (match,) = find(chat.user, "heron").values()
    assert match["message_id"] == newest.id


def test_messages_are_found_however_they_came(chat: Conversation):
    """A turn, a reply that ends later, and rows of a version that knows of no index."""
    reply = open_turn(chat, "heron").reply
    assert list(find(chat.user, "heron"))
    Message.objects.filter(id=reply.id).update(
        content="gull", status="completed", completed_at=timezone.now()
    )
    assert list(find(chat.user, "gull"))
    open_turn(chat, "curlew")
    search.index_recent()
    words = SearchEntry.objects.values_list("message__content", flat=True)
    assert {"heron", "gull", "curlew"} <= set(words)


def test_what_is_gone_is_in_no_index(chat: Conversation):
    """Also what a version that knows of no index has purged; its words are not kept either."""
    message = add_message(chat, content="heron")
    assert find(chat.user, "heron")
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM conversations_message WHERE id = %s",
            [message.id.hex if connection.vendor == "sqlite" else message.id],
        )
    search.index_all("default")
    assert not SearchEntry.objects.filter(message__isnull=False).exists()
    assert not find(chat.user, "heron")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO search_words (search_words) VALUES ('integrity-check')")
            cursor.execute("SELECT count(*) FROM search_words WHERE search_words MATCH 'heron'")
            assert cursor.fetchone() == (0,)


def test_only_what_changed_is_indexed(owner: User):
    """A search after another makes nothing."""
    for number in range(3):
        add_message(services.create_conversation(user=owner, title=str(number)), content="heron")
    everything = Conversation.objects.all()
    assert search.index(everything) == 3
    assert search.index(everything) == 0
    services.update_conversation(conversation=everything[0], changes={"title": "new"})
    assert search.index(everything) == 1


def test_the_longest_message_is_found_by_its_beginning(chat: Conversation):
    """However many words it has, and however long they are, it can be stored."""
    many = " ".join(chr(0x20000 + number) for number in range(40_000))
    rare = " ".join(f"{number:x}½Ǽ" for number in range(40_000))
    runs = "".join(chr(0x4E00 + number % 20_000) for number in range(200_000))
    for text in (many, rare, runs, "x" * 500_000):
        other = services.create_conversation(user=chat.user)
        add_message(other, content=f"Unheard {text}")
        assert other.id in search.hits(user=chat.user, query="unheard")


@pytest.mark.usefixtures("db")
def test_words_are_looked_up_in_an_index():
    """Also on PostgreSQL, where the query has to ask for just what the index holds."""
    if connection.vendor == "sqlite":
        return  # the index is a table
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        query = f"EXPLAIN SELECT id FROM conversations_searchentry WHERE {search.MATCHING}"
        cursor.execute(query, {"match": "'word':*"})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan on search_words" in plan
