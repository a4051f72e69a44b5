"""The page *Tools*, which needs no script."""

from tests.harness.place import Place
from tests.harness.rest import ok
from tests.harness.tool_server import TOKEN, tool_server_url
from tests.streaming.test_connection_pages import post

REST = "/api/tool-servers/"


async def test_the_page_of_tools(daphne_place: Place):
    """Adds a server and says what is found there, changes it, and deletes it; it is there for staff
    alone. Saving what did not change forgets nothing."""
    staff, person = await daphne_place.person(staff=True), await daphne_place.person()
    for path in ("/tools", "/tools/add"):
        assert (await person.page.get(path)).status_code == 404
        assert (await staff.page.get(path)).status_code == 200
    form = {
        "name": "of-the-page",
        "url": await tool_server_url(),
        "auth": "bearer",
        "secret": TOKEN,
        "audience": "people",
        "people": person.name,
        "choose": "all",
    }
    for wrong, told in (
        ({"people": "nobody-here"}, "There is nobody called nobody-here."),
        ({"people": ""}, "Name at least one person."),
        ({"name": "of__the"}, "This value does not match the required pattern."),
        ({"secret": ""}, "This field is required for this kind of authentication."),
    ):
        refused = await post(staff, "/tools/add", **{**form, **wrong})
        assert refused.status_code == 400
        assert told in refused.text
        assert TOKEN not in refused.text
    added = await post(staff, "/tools/add", **form)
    assert "Tools that were found" in added.text
    assert "Look a word up in the wiki." in added.text
    row = await _row(staff, "of-the-page")
    assert (row["audience"], row["enabled_tools"]) == ([person.id], None)
    offered = ok(await person.rest.get("/api/tools/"))["results"]
    assert "of-the-page" in [entry["name"] for entry in offered]

    path = f"/tools/{row['id']}"
    shown = (await staff.page.get(path)).text
    assert f">{person.name}</textarea>" in shown
    assert TOKEN not in shown
    changes = {**form, "secret": "", "audience": "staff", "choose": "some", "trusted": "on"}
    await post(staff, path, **changes, tools=["look_up", "write"])
    row = await _row(staff, "of-the-page")
    assert (row["audience"], row["trusted"], row["has_secret"]) == ("staff", True, True)
    assert row["enabled_tools"] == ["look_up", "write"]
    assert "of which 2 may be used" in (await staff.page.get("/tools")).text
    unknown = await post(staff, path, **changes, tools=["not there"])
    assert unknown.status_code == 400
    away = await post(staff, path, **{**changes, "secret": "another"}, tools=["write"])
    assert "The tool server of-the-page refuses the credentials." in away.text
    german = {"Accept-Language": "de"}
    told = (await staff.page.http.get("/tools", headers=german)).text
    assert "Der Werkzeugserver of-the-page lehnt die Zugangsdaten ab." in told
    signs_in = {**changes, "auth": "oauth", "issuer": "http://127.0.0.1:9", "client_id": "of-ours"}
    told = (await post(staff, path, **signs_in, tools=["write"])).text
    assert "Sign in to the tool server of-the-page first." in told
    assert 'href="/tools/of-the-page/sign-in"' in told
    row = await _row(staff, "of-the-page")
    assert (row["auth"], row["client_id"], row["has_secret"]) == ("oauth", "of-ours", False)
    assert 'value="of-ours"' in (await staff.page.get(path)).text
    assert "Deleted “of-the-page”." in (await post(staff, f"{path}/delete")).text
    assert (await staff.page.get(path)).status_code == 404


async def _row(staff, name: str) -> dict:
    rows = ok(await staff.page.get(REST))["results"]
    return next(row for row in rows if row["name"] == name)
