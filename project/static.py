"""Static files: the built page, and those of the admin and the API documentation.

WhiteNoise as Django middleware would hold a thread for every request that waits; beside Django
it only runs for files. Files are served from where they are: nothing has to be collected.
"""

import re
from typing import Any
from wsgiref.headers import Headers

from asgiref.wsgi import WsgiToAsgi
from django.apps import apps
from django.conf import settings
from whitenoise import WhiteNoise

# Vite's hash: eight characters before the ending.
IMMUTABLE = re.compile(r"/chat/assets/.+-[\w-]{8}\.\w+$")


# On every answer: a file is what its type says, and reaches no other host when it is opened by
# itself or runs as a worker.
_SAFE = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"default-src 'none'; script-src 'self'; style-src 'unsafe-inline'",
}


def _add_headers(headers: Headers, path: str, url: str) -> None:
    for name, value in _SAFE.items():
        headers[name.decode().title()] = value.decode()


def _not_found(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    safe = [(name.decode().title(), value.decode()) for name, value in _SAFE.items()]
    start_response("404 Not Found", [("Content-Type", "text/plain"), *safe])
    return [b"Not found."]


def _build() -> WhiteNoise:
    files = WhiteNoise(
        _not_found,
        autorefresh=settings.DEBUG,
        max_age=3600,
        immutable_file_test=lambda _path, url: bool(IMMUTABLE.search(url)),
        # The frame that draws diagrams has no origin; there is nothing secret in these files.
        allow_all_origins=True,
        add_headers_function=_add_headers,
    )
    files.add_files(str(settings.BASE_DIR / "web" / "dist"), prefix="static/chat/")
    for name in ("admin", "drf_spectacular_sidecar"):
        files.add_files(f"{apps.get_app_config(name).path}/static", prefix="static/")
    return files


_application = WsgiToAsgi(_build())  # type: ignore[no-untyped-call]


async def static_files(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve a file to GET and HEAD."""
    if scope["method"] in ("GET", "HEAD"):
        await _application(scope, receive, send)
        return
    headers = [*_SAFE.items(), (b"allow", b"GET, HEAD"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 405, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
