"""The profile page: forms that a browser without JavaScript can send."""

import re

import pytest

from tests.harness.place import Person, Place

PASSWORD = "correct horse battery"
OTHER = "another staple battery"


@pytest.fixture
async def person(daphne_place: Place) -> Person:
    return await daphne_place.person(password=PASSWORD)


async def signed_in(person: Person) -> bool:
    """Whether the session of the person's page is still good."""
    return (await person.page.get("/api/me/")).status_code == 200


async def test_a_key_is_shown_once_works_and_can_be_revoked(person: Person):
    """Its secret is in the answer to the form and nowhere afterwards."""
    form = {"name": "My <script>", "scopes": ["chat", "models", "read"]}
    answer = await person.page.http.post("/profile/keys", data=form)
    secret = re.search(r"cp_[\w-]{43}", answer.text)[0]
    assert "no-store" in answer.headers["cache-control"]
    assert "My &lt;script&gt;" in answer.text
    headers = {"Authorization": f"Bearer {secret}"}
    assert (await person.rest.http.get("/api/me/", headers=headers)).status_code == 200
    page = (await person.page.get("/profile")).text
    assert secret not in page
    path = re.search(r'action="(/profile/keys/[\w-]+/revoke)"', page)[1]
    assert (await person.page.http.post(path)).status_code == 302
    assert (await person.rest.http.get("/api/me/", headers=headers)).status_code == 401


async def test_nobody_revokes_another_persons_key(daphne_place: Place, person: Person):
    """It looks as if it were not there."""
    stranger = await daphne_place.person()
    path = f"/profile/keys/{stranger.key_id}/revoke"
    assert (await person.page.http.post(path)).status_code == 404
    assert (await stranger.rest.get("/api/me/")).status_code == 200


async def test_a_new_password_ends_other_sessions(person: Person):
    """The one in which it was changed goes on; sockets of the others are closed."""
    chat = await person.conversation()
    session = person.page.http.cookies["sessionid"]
    async with person.page_socket(chat) as socket:
        await socket.next("ready")
        fields = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
        assert (await person.page.http.post("/profile/password", data=fields)).status_code == 302
        assert await socket.closed() == 4401
    assert person.page.http.cookies.get("sessionid", domain="127.0.0.1") != session


async def test_a_wrong_password_changes_nothing(person: Person):
    """The form comes back with what is wrong."""
    fields = {"old_password": "x", "new_password1": OTHER, "new_password2": OTHER}
    answer = await person.page.http.post("/profile/password", data=fields)
    assert answer.status_code == 400
    assert "Incorrect current password." in answer.text
    assert await signed_in(person)


async def test_signing_out_everywhere_leaves_api_keys(daphne_place: Place, person: Person):
    """Every other session ends."""
    chat = await person.conversation()
    async with person.page_socket(chat) as socket:
        await socket.next("ready")
        assert (await person.page.http.post("/profile/sessions")).status_code == 302
        assert await socket.closed() == 4401
    assert (await person.rest.get("/api/me/")).status_code == 200


async def test_the_theme_is_kept_in_a_cookie(person: Person):
    """And rendered before anything is painted; what is no theme is not."""
    for theme, rendered in (("dark", "dark"), ("<b>", "dark"), ("light", "light")):
        await person.page.http.post("/profile/theme", data={"theme": theme})
        assert f'data-theme="{rendered}"' in (await person.page.get("/profile")).text


async def test_instructions_are_kept_as_they_are_written(person: Person):
    """What is too long is refused, and what was there stays."""
    path = "/profile/instructions"
    text = "I’m a nurse.\n<Short> answers."
    answer = await person.page.http.post(path, data={"instructions": text.replace("\n", "\r\n")})
    assert answer.status_code == 302
    assert "nurse.\n&lt;Short&gt;" in (await person.page.get("/profile")).text
    answer = await person.page.http.post(path, data={"instructions": "x" * 8001})
    assert answer.status_code == 400
    assert (await person.page.get("/api/me/")).json()["instructions"] == text


async def test_the_page_is_for_those_who_are_signed_in(daphne_place: Place):
    """Anybody else is led to the sign-in and back."""
    stranger = await daphne_place.person()
    answer = await stranger.rest.get("/profile")
    assert answer.status_code == 302
    assert answer.headers["location"] == "/signin/?next=/profile"
