"""Sentences of the API, said in the language of a page: the API's own are English.

A sentence that the server makes has a `code`, or is the template that it was made of. What has
neither is shown as it is.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, get_language_bidi, gettext
from django.utils.translation import gettext_noop as _noop

from conversations.errors import Problem

# What is found at a connection, and why work on a model failed, by code.
SENTENCES = {
    "key_unreadable": _noop(
        "Its key cannot be decrypted: SECRET_KEY has changed. Enter the key again."
    ),
    "answers": _noop("%(label)s answers."),
    "models_found": _noop("%(label)s answers. Models: %(count)s."),
    "is_ollama": _noop("It is an Ollama: its own protocol shows more, such as loading."),
    "model_loading": _noop("%(label)s answers, and is loading its model."),
    "provider_unavailable": _noop("%(label)s cannot be reached. Is it running?"),
    "connection_closed": _noop("%(label)s closed the connection without an answer."),
    "address_unknown": _noop("The address of %(label)s is not known on the network."),
    "address_invalid": _noop("The address of %(label)s is not valid."),
    "certificate_untrusted": _noop(
        "No secure connection to %(label)s: its certificate is not trusted. "
        "If it is of an authority of your own, add that to the connection."
    ),
    "tls_failed": _noop("No secure connection to %(label)s could be made."),
    "provider_timeout": _noop("%(label)s did not answer in time."),
    "provider_auth_failed": _noop("%(label)s rejected this server’s API key."),
    "access_refused": _noop("%(label)s does not accept requests from this server."),
    "sign_in_needed": _noop("%(label)s needs a sign-in first."),
    "provider_rate_limited": _noop("%(label)s receives too many requests."),
    "quota_used_up": _noop("%(label)s says that the quota for this server is used up."),
    "provider_busy": _noop("%(label)s is busy."),
    "provider_redirected": _noop(
        "%(label)s redirects to another address, where nothing is sent. "
        "Set the address that it redirects to."
    ),
    "wrong_address": _noop(
        "Something else answers at the address of %(label)s. Is the address right?"
    ),
    "web_page": _noop("%(label)s answered with a web page."),
    "stream_broken": _noop("%(label)s sent something that cannot be read."),
    "provider_refused": _noop("%(label)s refused the request."),
    "provider_failed": _noop("%(label)s failed to answer."),
    "not_supported": _noop("%(label)s cannot do this."),
    "model_not_found": _noop("%(label)s does not have this model."),
    "model_unknown": _noop("There is no model “%(model)s” to pull."),
    "disk_full": _noop("The disk of %(label)s is full."),
    "pull_failed": _noop("%(label)s could not pull the model “%(model)s”."),
    "download_incomplete": _noop("%(label)s ended the download before it was complete."),
    "connection_deleted": _noop("The connection was deleted."),
    "models_not_managed": _noop("The models of %(label)s cannot be managed here."),
    "internal": _noop("It failed."),
}
# First-strong and left-to-right isolates, and their end: so that a full stop stands at the end.
_ISOLATE, _LEFT_TO_RIGHT, _END = "\u2068", "\u2066", "\u2069"


def by_code(code: str, english: str, **values: object) -> str:
    """Return the sentence of a code; in English, and for an unknown code, `english`."""
    template = SENTENCES.get(code)
    if template is None or get_language() in (None, "en"):
        return by_template(english)
    return by_template(template, values)


def by_template(template: str, values: Mapping[str, Any] | None = None) -> str:
    """Return the sentence of an English template, as `gettext` has it."""
    translated = gettext(template) if template else ""
    if not get_language_bidi():
        return translated % values if values else translated
    if translated == template:  # English, within a page from the right
        english = template % values if values else template
        return f"{_LEFT_TO_RIGHT}{english}{_END}"
    isolated = {name: f"{_ISOLATE}{value}{_END}" for name, value in (values or {}).items()}
    return translated % isolated if values else translated


def problem_words(problem: Problem) -> str:
    """Return what a page says of a problem: what is wrong with its first field, or the whole."""
    for told in (problem.fields or {}).values():
        return " ".join(map(str, told)) if isinstance(told, list) else str(told)
    return by_template(problem.message)
