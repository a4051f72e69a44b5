"""Serves the web app manifest and the service worker, with which people install the page."""

import hashlib
import json
from functools import lru_cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

_ICONS = "/static/chat/icons"
# The ground of the page in light and in dark, as in `base.html` and `tokens.css`.
_GROUND = "#f8fcfb"
# A browser asks for the worker whenever a page is opened, past its cache; proxies must not keep it.
_FRESH = "no-cache, max-age=0"
# The worker's own policy: it fetches files of this server, and loads no other script.
_WORKER_POLICY = "default-src 'none'; connect-src 'self'"
_SOURCE = "worker/worker.ts"


async def web_manifest(request: HttpRequest) -> HttpResponse:
    """Describe the application to the browser that installs it."""
    description = {
        "id": "/chat",
        "name": "Chat Playground",
        "short_name": "Chat",
        "description": _(
            "Chat with a language model that runs where you choose. Your chats stay on this server."
        ),
        "lang": get_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "start_url": "/chat",
        "scope": "/",
        "display": "standalone",
        "background_color": _GROUND,
        "theme_color": _GROUND,
        "categories": ["productivity", "utilities"],
        "icons": [
            {"src": f"{_ICONS}/192.png", "sizes": "192x192", "type": "image/png"},
            {"src": f"{_ICONS}/512.png", "sizes": "512x512", "type": "image/png"},
            {
                "src": f"{_ICONS}/maskable.png",
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
        ],
    }
    response = JsonResponse(description, content_type="application/manifest+json")
    # Its language follows the person's.
    response.headers["Cache-Control"] = _FRESH
    return response


async def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, at an address that stays: it is new with every build of the page."""
    response = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = _FRESH
    response.headers["Content-Security-Policy"] = _WORKER_POLICY
    return response


@lru_cache(maxsize=1)
def _script() -> bytes:
    """The built worker behind the name of the build."""
    folder = settings.BASE_DIR / "web" / "dist"
    try:
        manifest = (folder / "manifest.json").read_bytes()
        source = (folder / json.loads(manifest)[_SOURCE]["file"]).read_bytes()
    except (OSError, KeyError, ValueError):  # the page is not built, or comes from Vite's server
        raise Http404 from None
    build = hashlib.sha256(manifest).hexdigest()[:12]
    return b'self.build = "%s";\n%s' % (build.encode(), source)
