"""The languages of the pages: their catalogues have every text, and each page comes in one."""

import ast
import gettext
import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

from conversations.people.models import LANGUAGES
from tests.harness.clerk import ROOT
from tests.harness.place import Place

LOCALE = ROOT / "project" / "locale"
TRANSLATED = [code for code in LANGUAGES if code != "en"]
STRING = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
ENTRY = re.compile(rf"^msgid {STRING}\nmsgstr {STRING}$", re.MULTILINE)


def texts() -> Iterator[str]:
    """The texts of the templates, and of the modules that render them or send notifications."""
    for path in (ROOT / "web" / "templates").rglob("*.html"):
        for found in re.finditer(rf"(?<!\w)(?:gettext|_)\({STRING}", templatize(path.read_text())):
            yield ast.literal_eval(found[1])
    packages = [ROOT / name for name in ("project", "conversations", "streaming")]
    for path in (path for package in packages for path in package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(ast.Name("_" | "_lazy" | "_noop"), [ast.Constant(text)]):
                    yield text


def compiled(code: str) -> dict[str, str]:
    with (LOCALE / to_locale(code) / "LC_MESSAGES" / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {text: said for text, said in catalogue.items() if text}


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalogue_has_every_text_and_none_that_is_gone(code: str):
    """And what is compiled is what can be read (`msgfmt -o django.mo django.po`)."""
    catalogue = compiled(code)
    assert catalogue.keys() == set(texts())
    readable = (LOCALE / to_locale(code) / "LC_MESSAGES" / "django.po").read_text()
    pairs = {
        ast.literal_eval(text): ast.literal_eval(said) for text, said in ENTRY.findall(readable)
    }
    assert catalogue == {text: said for text, said in pairs.items() if text}
    names = re.compile(r"%\(\w+\)s")
    assert all(sorted(names.findall(k)) == sorted(names.findall(v)) for k, v in catalogue.items())


def test_the_settings_name_the_same_languages():
    assert tuple(code for code, _ in settings.LANGUAGES) == LANGUAGES
    pages = {path.stem for path in (ROOT / "web/src/language/catalogues").glob("*.json")}
    assert pages == set(TRANSLATED)


async def test_a_page_comes_as_the_browser_wants_or_as_was_chosen(daphne_place: Place):
    """Arabic from the right; what is no language changes nothing. The API stays English."""
    person = await daphne_place.person()
    german = {"Accept-Language": "de-CH,de;q=0.9,en;q=0.1"}
    page = (await person.page.http.get("/profile", headers=german)).text
    assert '<html lang="de"' in page
    assert "Eigene Anweisungen" in page
    for chosen, start in (
        ("ar", '<html lang="ar" dir="rtl"'),
        ("tlh", '<html lang="ar" dir="rtl"'),
    ):
        await person.page.http.post("/profile/language", data={"language": chosen})
        answer = await person.page.http.get("/profile", headers=german)
        assert start in answer.text
        assert answer.headers["content-language"] == "ar"
    missing = await person.page.http.get("/api/nothing/", headers=german)
    assert missing.json()["error"]["message"] == "Not found."
    assert "content-language" not in missing.headers
    assert (await person.rest.get("/api/me/")).json()["language"] == "ar"
    await person.page.http.post("/profile/language", data={"language": ""})
    assert '<html lang="de"' in (await person.page.http.get("/profile", headers=german)).text


async def test_signing_in_brings_the_language_of_the_account(daphne_place: Place):
    """To a browser that did not know it."""
    person = await daphne_place.person(password="correct horse battery")
    await person.page.patch("/api/me/", {"language": "fr"})
    person.page.http.cookies.clear()
    form = {"username": person.name, "password": "correct horse battery"}
    await person.page.http.get("/signin/")
    token = person.page.http.cookies["csrftoken"]
    await person.page.http.post("/signin/", data=form, headers={"X-CSRFToken": token})
    assert "Consignes personnelles" in (await person.page.http.get("/profile")).text
