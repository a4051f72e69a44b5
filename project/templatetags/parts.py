"""What a page fetches beside what it needs to be painted."""

from django import template
from django.utils.safestring import SafeString, mark_safe
from django_vite.templatetags.django_vite import vite_preload_asset

register = template.Library()


@register.simple_tag
def preload_part(path: str) -> SafeString:
    """Links that fetch a part of the page, given by the path of its source, and what that imports:
    early, but after all that the first paint waits for."""
    links = vite_preload_asset(path)
    return mark_safe(str(links).replace("<link ", '<link fetchpriority="low" '))  # noqa: S308 - our own
