"""`manage.py doctor`: tries what the server needs, and says in words what is wrong.

local     settings, database, Redis and providers, from here
proxy     the way from a browser to the server: does it pass sockets, streams, names?
probe     what answers the questions of `proxy` on the server's side
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. `advice` says what to do; a problem is what keeps the server from
    working, a note what is worth knowing."""

    kind: str  # "ok", "note" or "problem"
    what: str
    advice: str = ""


def ok(what: str) -> Finding:
    return Finding("ok", what)


def note(what: str, advice: str = "") -> Finding:
    return Finding("note", what, advice)


def problem(what: str, advice: str) -> Finding:
    return Finding("problem", what, advice)
