"""Draws the end of a thread into its page, so that it can be read before the app's code is there.

The app draws the same in its place (`MessageList`, `Markdown`), so only what looks alike in both is
drawn here: what was written, as Markdown without formulas, pictures or tags. Where a thread ends
with anything else, its page shows the outline of a thread until the app is there.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

# So many characters fill the tallest screen, each message counted as `EACH` more.
ENOUGH = 8_000
EACH = 200
# A longer message is not drawn: Markdown made to be slow takes a tenth of a second up to here.
LONGEST = 8_000
# The app folds what is longer (`Bubble`, `Listing`).
QUESTION_LINES, LINE, LISTING_LINES = 16, 56, 30

_BLOCKS = {
    *("paragraph_open", "paragraph_close", "heading_open", "heading_close", "hr", "fence"),
    *("bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close"),
    *("list_item_open", "list_item_close", "inline"),
}
_INLINE = {
    *("text", "softbreak", "hardbreak", "code_inline", "link_open", "link_close"),
    *("em_open", "em_close", "strong_open", "strong_close", "s_open", "s_close"),
}
# Formulas, tags, footnotes, call-outs, tasks, unusual links; and scripts from right to left.
_SPECIAL = re.compile(r"\$|\\[(\[]|<|\[\^|\[!|\[[ xX]\]|\]\((?!https?:|mailto:)|[\u0590-\u08ff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]|[\u0300-\u036f]{2}")
_LANGUAGES_DRAWN = frozenset({"mermaid", "math", "diff", "patch"})

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(
    ["strikethrough", "table"]
)


def drawn(messages: Sequence[Mapping[str, Any]]) -> SafeString | None:
    """Return the markup of the last messages of a thread, in the shape of REST; `None` when there
    are none, or too few that look alike in the app to fill a screen."""
    parts: list[str] = []
    size = 0
    for message in reversed(messages):
        if size >= ENOUGH:
            break
        part = _question(message) if message["role"] == "user" else _reply(message)
        if part is None:
            return None
        parts.append(part)
        size += len(message["content"]) + EACH
    return mark_safe("".join(reversed(parts))) if parts else None  # noqa: S308 - of our templates


def _question(message: Mapping[str, Any]) -> str | None:
    content = message["content"]
    lines = sum(max(1, -(-len(line) // LINE)) for line in content.split("\n"))
    if message["attachments"] or lines > QUESTION_LINES or _CONTROL.search(content):
        return None
    return render_to_string("first_question.html", {"content": content})


def _reply(message: Mapping[str, Any]) -> str | None:
    content, context = message["content"], message["context"] or {}
    plain = (
        message["status"] == "completed"
        and message["finish_reason"] in ("stop", None)
        and not message["reasoning"]
        and not message["fallback_used"]
        and not context.get("dropped_messages")
        and not context.get("files")
    )
    if not plain or not content.strip() or len(content) > LONGEST or _CONTROL.search(content):
        return None
    tokens = _markdown.parse(content)
    if not _looks_alike(tokens):
        return None
    text = "".join(_markup(tokens))
    return render_to_string("first_reply.html", {"text": mark_safe(text)})  # noqa: S308 - escaped


def _looks_alike(tokens: Iterable[Token]) -> bool:
    for token in tokens:
        if token.type not in _BLOCKS:
            return False
        if token.type == "fence" and (
            _language(token) in _LANGUAGES_DRAWN or token.content.count("\n") > LISTING_LINES
        ):
            return False
        if token.type == "inline" and (
            _SPECIAL.search(token.content)
            or any(child.type not in _INLINE for child in token.children or ())
        ):
            return False
    return True


def _markup(tokens: Iterable[Token]) -> Iterable[str]:
    """The elements that the app makes of the same Markdown; links lead nowhere yet."""
    for token in tokens:
        kind = token.type
        if kind == "inline":
            yield from _markup(token.children or ())
        elif kind in ("text", "code_inline"):
            text = escape(token.content)
            yield f"<code>{text}</code>" if kind == "code_inline" else text
        elif kind in ("softbreak", "hardbreak"):
            yield "<br>"
        elif kind == "fence":
            code = token.content.removesuffix("\n")
            listing = {"language": _language(token), "code": code}
            yield render_to_string("first_listing.html", listing)
        elif kind.startswith("heading"):
            level = int(token.tag[1])
            tag = f"h{min(6, max(3, level + 1))}"
            yield f"</{tag}>" if token.nesting < 0 else f'<{tag} class="heading-{level}">'
        elif kind.startswith("link"):
            yield "</span>" if token.nesting < 0 else '<span class="link">'
        elif kind.startswith("paragraph") and token.hidden:
            continue
        elif kind == "ordered_list_open" and (start := token.attrGet("start")) is not None:
            yield f'<ol start="{int(start)}">'
        else:
            yield f"</{token.tag}>" if token.nesting < 0 else f"<{token.tag}>"


def _language(token: Token) -> str:
    return token.info.split(maxsplit=1)[0].lower() if token.info.strip() else ""
