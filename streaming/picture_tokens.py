"""The tokens of a picture, by the rule that the makers of a model have published."""

import re
from collections.abc import Callable
from math import ceil, floor, sqrt
from typing import Final

# What a picture is taken to cost where no rule is known; the estimate learns better.
UNKNOWN: Final = 800

_Rule = Callable[[float, float], float]


def _tiles(base: int, each: int) -> _Rule:
    """OpenAI's older rule: the picture within 2,048 pixels, its short side within 768, then so much
    for each begun tile of 512."""

    def rule(width: float, height: float) -> float:
        scale = min(1, 2048 / max(width, height))
        scale *= min(1, 768 / (min(width, height) * scale))
        return base + each * ceil(width * scale / 512) * ceil(height * scale / 512)

    return rule


def _patches(factor: float) -> _Rule:
    """OpenAI's newer rule: patches of 32 pixels, at most 1,536, times a factor of the model. A
    larger picture is made smaller, until its sides are whole patches."""

    def rule(width: float, height: float) -> float:
        patches = ceil(width / 32) * ceil(height / 32)
        if patches > 1536:
            scale = sqrt(1536 / (width * height))
            scale *= min(floor(side * scale) / (side * scale) for side in (width, height))
            patches = ceil(round(width * scale, 6)) * ceil(round(height * scale, 6))
        return factor * patches

    return rule


def _claude(width: float, height: float) -> float:
    scale = min(1, 1568 / max(width, height))
    return min(1600, width * height * scale**2 / 750)


def _qwen(width: float, height: float) -> float:
    return ceil(width / 28) * ceil(height / 28)


# By the beginning of a model's name, without its maker; the first that matches counts.
_RULES: Final[tuple[tuple[str, _Rule], ...]] = (
    (r"gpt-4o-mini", _tiles(2833, 5667)),
    (r"(?:gpt-4o|chatgpt-4o|gpt-4\.5)", _tiles(85, 170)),
    (r"gpt-(?:4\.1|5)-mini", _patches(1.62)),
    (r"gpt-(?:4\.1|5)-nano", _patches(2.46)),
    (r"o4-mini", _patches(1.72)),
    (r"gpt-4\.1", _tiles(85, 170)),
    (r"gpt-5(?:-chat|-\d{4}|$)", _tiles(70, 140)),
    (r"o[13](?:-pro)?(?:-\d{4}|$)", _tiles(75, 150)),
    (r"claude", _claude),
    (r"gemma3", lambda width, height: 256),
    (r"qwen2\.?5?-?vl", _qwen),
)


def picture_weight(model: str, width: int | None, height: int | None) -> float:
    """Return how many pictures of unknown cost one of this size counts as. 1 where no rule is
    known, or no size."""
    name = model.rpartition("/")[2].lower()
    rule = next((rule for pattern, rule in _RULES if re.match(pattern, name)), None)
    return rule(width, height) / UNKNOWN if rule and width and height else 1
