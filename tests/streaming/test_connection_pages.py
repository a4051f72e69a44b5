"""The pages *Connections* and *Models*, which need no script."""

import asyncio
import re
from typing import Any

import httpx

from tests.harness import WAIT_S
from tests.harness.place import Person, Place
from tests.harness.rest import CSRF, ok
from tests.scripted.ollama import ScriptedOllama, entry

REST = "/api/connections/"


async def post(staff: Person, path: str, *, language: str = "en", **fields: Any) -> httpx.Response:
    """As a form does, up to the page that it leads to."""
    data = {**fields, "csrfmiddlewaretoken": CSRF}
    language = {"Accept-Language": language}
    return await staff.page.http.post(path, data=data, headers=language, follow_redirects=True)


async def test_the_page_of_connections(daphne_place: Place):
    """Adds one and says what is there, changes it, and deletes it; it is there for staff alone."""
    staff, person = await daphne_place.person(staff=True), await daphne_place.person()
    for path in ("/connections", "/connections/add", "/models"):
        assert (await person.page.get(path)).status_code == 404
        assert (await staff.page.get(path)).status_code == 200
    async with ScriptedOllama("llama3.2:latest") as ollama:
        form = {
            "name": "page",
            "label": "The page’s",
            "kind": "openai",
            "base_url": f"{ollama.url}/v1",
            "api_key": "sk-secret-3",
            "headers": "X-Team: green\nX-Gone: grey",
            "query": "api-version=1",
            "offered": "llama3.2:latest = Llama",
            "enabled": "on",
        }
        refused = await post(staff, "/connections/add", **{**form, "name": "Page"})
        assert refused.status_code == 400
        assert "Only small letters, digits and hyphens are allowed." in refused.text
        # Also of one part of a field, and of a field that is a part of another one in the API.
        parts = {"headers": f"X-Long: {'v' * 5000}", "gap_s": "-1", "offered": "m" * 300}
        refused = await post(staff, "/connections/add", **{**form, **parts})
        assert "X-Long: Ensure this field has no more than 4000 characters." in refused.text
        assert "Ensure this value is greater than or equal to 0.1." in refused.text
        assert "Ensure this field has no more than 200 characters." in refused.text
        assert "sk-secret-3" not in refused.text
        added = await post(staff, "/connections/add", **form)
        assert "The page’s answers and has 1 model. It is an Ollama" in added.text
        [row] = [r for r in ok(await staff.page.get(REST))["results"] if r["name"] == "page"]
        path = f"/connections/{row['id']}"
        assert (
            row.items()
            >= {
                "headers": {"X-Team": None, "X-Gone": None},
                "query": {"api-version": "1"},
                "models_filter": ["llama3.2:latest"],
                "model_labels": {"llama3.2:latest": "Llama"},
                "has_key": True,
            }.items()
        )

        # Labels without a choice: the form keeps it so.
        ok(await staff.page.patch(f"{REST}{row['id']}/", {"models_filter": []}))
        shown = (await staff.page.get(path)).text
        assert ">*\nllama3.2:latest = Llama<" in shown
        await post(staff, path, **{**form, "offered": "*\nllama3.2:latest = Llama"})
        [row] = [r for r in ok(await staff.page.get(REST))["results"] if r["name"] == "page"]
        assert (row["models_filter"], [*row["model_labels"]]) == ([], ["llama3.2:latest"])
        await post(staff, path, **form)
        # The list of the form: what is there, also where another address is typed.
        listed = (await post(staff, f"{path}/models", **{**form, "api_key": ""})).json()
        assert (listed["ok"], listed["models"]) == (True, ["llama3.2:latest"])
        elsewhere = {**form, "label": "", "base_url": "http://127.0.0.1:9/v1"}
        failed = (await post(staff, "/connections/models", **elsewhere, language="de")).json()
        assert failed == {
            "ok": False,
            "said": "page ist nicht erreichbar. Läuft der Server?",
            "models": [],
        }
        failed = (await post(staff, "/connections/models", kind="openai", base_url="x")).json()
        assert "Must be the address of a server" in failed["said"]
        refused = await post(person, "/connections/models", **form)
        assert refused.status_code == 404
        native = await post(staff, f"{path}/native")
        assert "The page’s 0.33.0 answers and has 1 model." in native.text
        # What is on its disk can be deleted, also where people are not to use it.
        ollama.models.append(entry("other"))
        kept = (await staff.page.get("/models?pull=tiny&at=page")).text
        assert "Delete other now" in kept
        assert "not offered" in kept
        [place] = re.findall(r'id="pull-([a-z]+)" name="model" value="tiny"', kept)
        assert place == "page"
        ollama.models.pop()
        german = await post(staff, f"{path}/test", language="de")
        assert "The page’s 0.33.0 antwortet. Modelle: 1." in german.text
        shown = await staff.page.get(path)
        for text in ("X-Team:", "api-version=1", "llama3.2:latest = Llama", "There is one."):
            assert text in shown.text
        for secret in ("sk-secret-3", "green"):
            assert secret not in shown.text
        [stamp] = re.findall(r'name="shown" value="(\w+)"', shown.text)
        changes = {**form, "kind": "ollama", "base_url": ollama.url, "headers": "X-Team:"}
        away = {**changes, "base_url": "http://127.0.0.1:9"}
        # The name is in isolation, and the question mark belongs to the sentence.
        arabic = await post(staff, path, language="ar", **away)
        assert "تعذّر الوصول إلى \u2068The page’s\u2069. هل هو قيد التشغيل؟" in arabic.text
        wrong = {**changes, "base_url": "ftp://127.0.0.1"}
        german = await post(staff, path, language="de", **wrong)
        assert "Muss die Adresse eines Servers sein" in german.text
        await post(staff, path, **{**changes, "api_key": "", "label": "Mine", "enabled": ""})
        [row] = [r for r in ok(await staff.page.get(REST))["results"] if r["name"] == "page"]
        told = (row["label"], row["has_key"], row["headers"], row["enabled"], row["health"])
        assert told == ("Mine", True, {"X-Team": None}, False, None)
        # A form that was opened before that, and knows nothing of it, has to be saved twice.
        late = await post(staff, path, **form, shown=stamp)
        assert "This was changed elsewhere" in late.text
        [row] = [r for r in ok(await staff.page.get(REST))["results"] if r["name"] == "page"]
        assert row["label"] == "Mine"
        assert "Deleted “Mine”." in (await post(staff, f"{path}/delete")).text
        assert (await staff.page.get(path)).status_code == 404
        # The environment of this server has chosen the default.
        chosen = await post(staff, "/connections/defaults", fallback=["openai", ""])
        assert "Saved." in chosen.text
        assert ok(await staff.page.get("/api/model-defaults/"))["fallbacks"] == ["openai"]
        await post(staff, "/connections/defaults", fallback=[""])


async def test_the_page_of_models(daphne_place: Place):
    """Pulls with progress, tells the last use, unloads and deletes."""
    staff = await daphne_place.person(staff=True)
    ok(await staff.rest.generate(await staff.conversation(), model="normal"))
    daphne_place.ollama.loaded["normal"] = 4096
    job = {"connection": "ollama", "model": "gated"}
    wrong = await post(staff, "/models/jobs", **{**job, "model": "two words", "kind": "pull"})
    assert "Type the name of a model" in wrong.text
    await post(staff, "/models/jobs", **job, kind="pull")
    daphne_place.ollama.gate("pull").open()
    async with asyncio.timeout(WAIT_S):
        while 'data-jobs="busy"' in (page := await staff.page.get("/models")).text:
            await asyncio.sleep(0.05)
    assert "used just now" in page.text
    assert "Delete gated now" in page.text
    assert "Unload normal" in page.text
    unloaded = await post(staff, "/models/jobs", **{**job, "model": "normal", "kind": "unload"})
    assert "Unload <bdi>normal</bdi></p>" in unloaded.text  # among the work that is done
    assert "normal" not in daphne_place.ollama.loaded
    deleted = await post(staff, "/models/jobs", **job, kind="delete")
    assert "Delete gated now" not in deleted.text
