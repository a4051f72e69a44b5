"""The addresses of links that are passed on by hand."""

from typing import Any

from django.conf import settings


def absolute(request: Any, path: str) -> str:
    """Return the address of a path, as others reach it."""
    if settings.PUBLIC_URL:
        return f"{settings.PUBLIC_URL}{path}"
    return str(request.build_absolute_uri(path))
