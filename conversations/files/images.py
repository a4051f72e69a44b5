"""Encodes an image anew: turned as it says, without its metadata, no larger than models look at."""

import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps

from conversations.files.unreadable import Unreadable

MOST_PIXELS: Final = 40_000_000
# Of the longer side, for models and for the page.
LONG_SIDE: Final = 2048
THUMB_SIDE: Final = 320
# A PNG of a photo is many times larger than a JPEG of it.
MOST_PNG: Final = 1_500_000
# A stated estimate: models count images in very different ways.
TOKENS: Final = 800

_FORMATS: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/heic": "HEIF",
}


def encode(folder: Path, media_type: str) -> dict[str, Any]:
    """Write `image` and `thumb` from the first frame of `upload`, and return their columns. Raises
    `Unreadable`."""
    if media_type == "image/heic":
        _add_heic()
    Image.MAX_IMAGE_PIXELS = None  # we say it ourselves
    source = folder / "upload"
    if media_type == "image/png":
        source.write_bytes(_without_broken_extras(source.read_bytes()))
    with Image.open(source, formats=[_FORMATS[media_type]]) as image:
        _check_size(*image.size)
        return _write(image, folder, keeps_png=media_type in ("image/png", "image/gif"))


def _without_broken_extras(png: bytes) -> bytes:
    """A PNG without the chunks that a decoder may pass over (small first letter) and whose checksum
    is wrong. Browsers show such images, and programs that edit metadata make them."""
    kept, at = [png[:8]], 8
    while at + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        end = at + 12 + length
        wrong = png[end - 4 : end] != struct.pack(">I", zlib.crc32(png[at + 4 : end - 4]))
        if not (wrong and png[at + 4 : at + 5].islower()):
            kept.append(png[at:end])
        at = end
    return b"".join([*kept, png[at:]])


def _add_heic() -> None:
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        sentence = "HEIC images cannot be read here. Save the image as JPEG."
        raise Unreadable("unsupported_file", sentence) from None
    register_heif_opener(thumbnails=False)


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        sentence = f"The image has more than {MOST_PIXELS // 1_000_000} megapixels."
        raise Unreadable("too_many_pixels", sentence)


def _write(image: Any, folder: Path, *, keeps_png: bool) -> dict[str, Any]:
    with suppress(ValueError):  # a JPEG is decoded smaller, others are not
        image.draft("RGB", (LONG_SIDE, LONG_SIDE))
    image.load()
    small = _in_colour(image)
    small.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    small.info["exif"] = image.info.get("exif", b"")
    ImageOps.exif_transpose(small, in_place=True)
    bare = Image.new(small.mode, small.size)
    bare.paste(small)  # the pixels and nothing else
    target, media_type = folder / "image", "image/png"
    if keeps_png or bare.mode == "RGBA":
        bare.save(target, "PNG", optimize=True)
    if bare.mode != "RGBA" and not (target.exists() and target.stat().st_size <= MOST_PNG):
        bare.save(target, "JPEG", quality=88)
        media_type = "image/jpeg"
    width, height = bare.size
    bare.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
    bare.save(folder / "thumb", "WEBP", quality=80)
    return {"media_type": media_type, "width": width, "height": height, "tokens": TOKENS}


def _in_colour(image: Any) -> Any:
    """The image in RGB, or in RGBA where it is transparent."""
    if image.mode.startswith("I"):  # 16 bits to a point
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.copy() if image.mode == "RGB" else image.convert("RGB")
