"""What a page fetches beside what it needs to be painted."""

from django import template
from django.utils.safestring import SafeString, mark_safe
from django_vite.templatetags.django_vite import vite_preload_asset

register = template.Library()


@register.simple_tag
def preload_part(path: str) -> SafeString:
    """Links to a part of the page, given by the path of its source, and to what that imports.
    `main.ts` lets the browser fetch them as soon as the first picture is painted: before that
    they would share the line with what it needs."""
    links = vite_preload_asset(path)
    return mark_safe(str(links).replace('rel="modulepreload"', 'rel="later"'))  # noqa: S308 - our own
