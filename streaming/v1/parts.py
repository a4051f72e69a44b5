"""The parts of messages, texts and images, as chat completions and responses spell them."""

import base64
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, cast

import orjson
from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from providers.types import ChatMessage, Image, Role
from streaming.v1.fields import Body, is_base64, refuse, require

_DATA_URL = re.compile(r"data:(image/[\w.+-]+)(?:;[\w.+-]+=[^;,]*)*;base64,", re.IGNORECASE)

_IMAGES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def _image(value: Any) -> Image:
    """Read an image that the request itself holds. Another address is never fetched: this server
    may reach what the program may not."""
    at = ("url",) if isinstance(value, dict) else ()
    url = value.get("url") if isinstance(value, dict) else value
    if not isinstance(url, str) or not (head := _DATA_URL.match(url)):
        refuse("Must be a data URL (data:image/png;base64,…)", *at)
    data = url[head.end() :]
    if not is_base64(data):
        refuse("Must be an image in base64", *at)
    media_type = _media_type(base64.b64decode(data[:24]))
    if media_type is None:
        refuse("Must be a PNG, JPEG, GIF or WebP image", *at)
    return Image(media_type, data)


def _media_type(first: bytes) -> str | None:
    """Return the media type of an image by its first bytes."""
    for start, media_type in _IMAGES.items():
        if first.startswith(start):
            return media_type
    return "image/webp" if first[:4] == b"RIFF" and first[8:12] == b"WEBP" else None


PartType = Literal[
    "text",
    "input_text",
    "output_text",
    "reasoning_text",
    "summary_text",
    "refusal",
    "image_url",
    "input_image",
]


class ContentPart(Body):
    type: PartType
    text: str | None = None
    refusal: str | None = None
    image_url: Annotated[Image, PlainValidator(_image)] | None = None

    @model_validator(mode="after")
    def _has_its_value(self) -> Self:
        return require(self, "image_url" if "image" in self.type else self.type.split("_")[-1])

    @property
    def value(self) -> str | Image | None:
        return self.image_url or self.refusal or self.text


def _parts(value: Any) -> Any:
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


# Parts of one message.
PARTS = 10_000
Content = Annotated[list[ContentPart], Field(max_length=PARTS), BeforeValidator(_parts)]


def shows_image(content: list[ContentPart] | None) -> bool:
    return any(part.image_url for part in content or ())


def text_of(content: Iterable[ContentPart]) -> str:
    """The texts of the parts, joined."""
    return "".join(part.value for part in content if isinstance(part.value, str))


def chat_message(role: str, content: Iterable[ContentPart], **more: Any) -> ChatMessage:
    """A message for the provider, with the order of its parts where some are images."""
    parts = tuple(part.value for part in content if part.value)
    text = "".join(part for part in parts if isinstance(part, str))
    shown = parts if any(isinstance(part, Image) for part in parts) else ()
    role = "system" if role == "developer" else role
    return ChatMessage(cast("Role", role), text, shown, **more)


def _arguments(text: Any) -> Any:
    """Check the arguments of a call that a model has made; models write none, or `null`, for an
    empty object. Text that is not JSON may be what it really wrote, and is for the provider to
    refuse; JSON that is not an object never is."""
    if not isinstance(text, str):
        return text
    try:
        value = orjson.loads(text.strip() or "null")
    except ValueError:
        return text
    if value is not None and not isinstance(value, dict):
        refuse("Must be the text of a JSON object")
    return text if value else "{}"


ArgumentsText = Annotated[str, BeforeValidator(_arguments)]
