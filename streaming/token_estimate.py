"""How many tokens a prompt will cost, learned for each model from what its provider counted.

Tokenizers differ by half, and by script. A prompt is described by a few amounts (characters of
ASCII, Chinese characters, pictures, …), each with a rate in tokens. The rates begin with careful
guesses and are corrected with each count by a Kalman filter: it moves the rates that are least sure
and matter most in this prompt, and less the more it has seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import mul

from providers.types import ChatMessage
from streaming.picture_tokens import UNKNOWN

# Added to every estimate: a prompt that is a little longer than expected still fits.
SPARE = 1.03
# How well a count tells the rates, as a share of it: prose and code of one script differ.
_NOISE = 0.05
# How fast old counts are forgotten: what a rate's deviation grows by with each count, as a share of
# its first.
_DRIFT = 0.1

Amounts = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _TokenRate:
    """Tokens for one unit: the first guess, how far it may be off, and the bounds of belief."""

    guess: float
    deviation: float
    least: float
    most: float


# In the order of `Amounts`. In any script a token is seldom less than three bytes of UTF-8.
_RATES = (
    _TokenRate(0, 30, 0, 2000),  # once a prompt: what a template adds before the first message
    _TokenRate(6, 4, 1, 40),  # a message
    _TokenRate(1 / 3, 0.12, 0.08, 2),  # a character of ASCII
    _TokenRate(1, 0.6, 0.2, 4),  # a character of Chinese, Japanese or Korean
    _TokenRate(1 / 3, 0.2, 0.05, 2),  # a byte of other text
    _TokenRate(UNKNOWN, 600, 1, 20_000),  # a picture; servers count them in very different ways
)
ONCE: Amounts = (1, 0, 0, 0, 0, 0)

_ASCII = bytes(range(128))
# What UTF-8 begins with from U+3000 to U+FFFF, nearly all of which is Chinese, Japanese or Korean.
# Of the rare characters beyond tokenizers make several tokens.
_CJK = bytes([*range(0xE3, 0xEE), 0xEF])


def text_amounts(text: str) -> Amounts:
    """Return what a text consists of. Megabytes take milliseconds."""
    if text.isascii():
        return (0, 0, len(text), 0, 0, 0)
    data = text.encode("utf-8", "surrogatepass")
    other = data.translate(None, _ASCII)
    cjk = len(other) - len(other.translate(None, _CJK))
    return (0, 0, len(data) - len(other), cjk, len(other) - 3 * cjk, 0)


def message_amounts(message: ChatMessage) -> Amounts:
    """Return what a message consists of: all that the model reads of it."""
    text = message.content
    plain = not (message.parts or message.reasoning or message.tool_calls)
    if plain and text.isascii():  # as most are
        return (0, 1, len(text), 0, 0, 0)
    pictures = sum(image.weight for image in message.images) if message.parts else 0
    if message.reasoning or message.tool_calls:
        calls = (part for call in message.tool_calls for part in (call.name, call.arguments))
        text = "".join((text, message.reasoning, *calls))
    return (0, 1, *text_amounts(text)[2:5], pictures)


def total(parts: Iterable[Amounts]) -> Amounts:
    """Return the sum of amounts."""
    return tuple(map(sum, zip(*parts, strict=True)))


class TokenEstimate:
    """The rates of one model."""

    def __init__(self) -> None:
        self._rates = [rate.guess for rate in _RATES]
        self._covariance = [
            [rate.deviation**2 if row == column else 0.0 for column in range(len(_RATES))]
            for row, rate in enumerate(_RATES)
        ]

    def of(self, amounts: Amounts) -> float:
        """Return the tokens of a prompt or of a part of it: never negative, never less for more."""
        tokens: float = sum(map(mul, self._rates, amounts))
        return SPARE * tokens

    def learn(self, amounts: Amounts, counted: int) -> None:
        """Correct the rates by the tokens that the provider counted. A count that no tokenizer
        comes to teaches nothing: some servers leave out what they had read before."""
        least = sum(rate.least * amount for rate, amount in zip(_RATES, amounts, strict=True))
        most = sum(rate.most * amount for rate, amount in zip(_RATES, amounts, strict=True))
        if not least <= counted <= most:
            return
        unsure = [sum(map(mul, row, amounts)) for row in self._covariance]
        noise = (_NOISE * counted) ** 2 + 1
        spread = sum(map(mul, unsure, amounts)) + noise
        error = counted - sum(map(mul, self._rates, amounts))
        for row, rate in enumerate(_RATES):
            moved = self._rates[row] + unsure[row] / spread * error
            self._rates[row] = min(max(moved, rate.least), rate.most)
            for column in range(len(_RATES)):
                self._covariance[row][column] -= unsure[row] * unsure[column] / spread
            if self._covariance[row][row] < rate.deviation**2:
                self._covariance[row][row] += (_DRIFT * rate.deviation) ** 2
