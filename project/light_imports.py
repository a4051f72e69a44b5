"""Hides optional packages from libraries that import everything they could work with.

The server does not use them. They would take a quarter of its memory, and of the time until it is
ready.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


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
    """Twisted without pyOpenSSL: `serve` speaks plain HTTP, and TLS is the proxy's."""
    with absent("OpenSSL"):
        import daphne.server  # noqa: F401
