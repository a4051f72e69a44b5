"""Static files: the built page, and those of the admin and the API documentation.

WhiteNoise as Django middleware would hold a thread for every request that waits; beside Django
it only runs for files. Files are served from where they are: nothing has to be collected.
"""

import re
from typing import Any

from asgiref.wsgi import WsgiToAsgi
from django.apps import apps
from django.conf import settings
from whitenoise import WhiteNoise

# Vite's hash: eight characters before the ending.
IMMUTABLE = re.compile(r"/chat/assets/.+-[\w-]{8}\.\w+$")


def _not_found(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"There is no such file."]


def _build() -> WhiteNoise:
    files = WhiteNoise(
        _not_found,
        autorefresh=settings.DEBUG,
        max_age=3600,
        immutable_file_test=lambda _path, url: bool(IMMUTABLE.search(url)),
        # The frame that draws diagrams has no origin; there is nothing secret in these files.
        allow_all_origins=True,
    )
    files.add_files(str(settings.BASE_DIR / "web" / "dist"), prefix="static/chat/")
    for name in ("admin", "drf_spectacular_sidecar"):
        files.add_files(f"{apps.get_app_config(name).path}/static", prefix="static/")
    return files


static_files = WsgiToAsgi(_build())  # type: ignore[no-untyped-call]
