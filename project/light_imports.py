"""Hides optional packages from libraries that import everything they could work with.

The server does not use them. They would take a quarter of its memory, and of the time until it is
ready.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

from providers.light_clients import ModuleOnUse


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """Within it, imports of these modules fail as if they were not installed. Those that have
    been imported already are left alone."""
    hidden = {name: None for name in names if name not in sys.modules}
    sys.modules.update(hidden)  # type: ignore[arg-type] # None: an import of it fails
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def stand_in(module: str, *names: str) -> Iterator[None]:
    """Within it, these names can be imported from a module, which is not loaded: they are empty
    classes. Afterwards it can be."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = ModuleType(module)
    vars(sys.modules[module]).update((name, type(name, (), {})) for name in names)
    try:
        yield
    finally:
        del sys.modules[module]


def load_on_use(name: str) -> None:
    """Have a module loaded when something of it is asked for, however often it is imported."""
    spec = None if name in sys.modules else find_spec(name)
    if spec is not None:
        sys.modules[name] = ModuleOnUse(spec)


def before_django() -> None:
    """Django without its parser of SQL, which looks at migrations that are written in SQL."""
    load_on_use("sqlparse")


def load_rest_framework() -> None:
    """Django REST framework without `requests` (for its test client), YAML and highlighting, and
    Django's fields of PostgreSQL, which load psycopg on SQLite, too."""
    with absent("requests", "yaml", "pygments", "markdown", "django.contrib.postgres"):
        import rest_framework.compat  # noqa: F401


def load_http_client() -> None:
    """httpx without its command line, which loads what colours its output."""
    with absent("rich", "pygments", "markdown_it"):
        import httpx  # noqa: F401


def load_twisted() -> None:
    """Twisted without pyOpenSSL: `serve` speaks plain HTTP, and TLS is the proxy's. Its WebSockets
    without WAMP, a protocol upon them that loads `cryptography` and CBOR."""
    with (
        absent("OpenSSL"),
        stand_in("autobahn.twisted.wamp", "ApplicationSession"),
        stand_in("autobahn.wamp.message", "Message", "Welcome"),
    ):
        import daphne.server  # noqa: F401
