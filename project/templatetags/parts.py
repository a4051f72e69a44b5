"""Template tags for files that a page fetches, but does not need to be painted."""

import json
import re
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django_vite.templatetags.django_vite import vite_preload_asset

register = template.Library()
# The letters of most texts.
FONT = "inter-latin-wght-normal.woff2"


@register.filter
def size(value: int) -> str:
    """Say a number of bytes as the page of the chat does: a kilobyte has 1,000 of them."""
    power = 0
    while value >= 1000 ** (power + 1):
        power += 1
    return filesizeformat(value / 1000**power * 1024**power)  # whose kilobyte has 1,024


@register.simple_tag
def preload_part(path: str) -> SafeString:
    """Links to a part of the page, given by the path of its source, and to what that imports.
    `main.ts` lets the browser fetch them as soon as the first picture is painted: before that
    they would share the line with what it needs."""
    links = re.sub(r'rel="(?:module)?preload"', 'rel="later"', str(vite_preload_asset(path)))
    # As the app asks for its style sheets: else they would be fetched a second time.
    links = links.replace('as="style"', 'as="style" crossorigin')
    return mark_safe(links)  # noqa: S308 - our own


@register.simple_tag
def preload_font() -> SafeString:
    """A link to the typeface, so that it may be there when the page is painted."""
    if settings.DJANGO_VITE["default"]["dev_mode"]:
        return SafeString()
    link = '<link rel="preload" href="{}" as="font" type="font/woff2" crossorigin>'
    return format_html(link, static(f"chat/{_font_file()}"))


@cache
def _font_file() -> str:
    path = Path(str(settings.DJANGO_VITE["default"]["manifest_path"]))
    manifest = json.loads(path.read_text())
    return str(next(made["file"] for source, made in manifest.items() if source.endswith(FONT)))
