"""A long list of tools is found through one."""

from conversations.tools import finding
from conversations.tools.offers import Offer


def test_what_is_long():
    """By the window; small lists are shown whole in any."""
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    offers = [
        Offer(f"wiki__tool{n}", "wiki", f"tool{n}", "Does this. " * 10, schema) for n in range(60)
    ]
    assert not finding.is_long(offers[:10], 4096)
    assert finding.is_long(offers, 4096)
    assert not finding.is_long(offers, 200_000)
