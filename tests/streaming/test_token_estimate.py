"""The estimate of a prompt's tokens: what holds for any text, and what it learns."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.types import ChatMessage, ChatToolCall, Image
from streaming.picture_tokens import picture_weight
from streaming.token_estimate import (
    ONCE,
    SPARE,
    Amounts,
    TokenEstimate,
    message_amounts,
    text_amounts,
    total,
)

ENGLISH = "The quick brown fox jumps over the lazy dog. "
CHINESE = "今天天气很好，我们去公园散步吧。"
RUSSIAN = "Съешь ещё этих мягких французских булок. "
# Any text, and with it what JSON can hold but UTF-8 cannot.
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


def prompt(*messages: str) -> Amounts:
    return total([ONCE, *(message_amounts(ChatMessage("user", text)) for text in messages)])


@st.composite
def taught(draw: st.DrawFn) -> TokenEstimate:
    """An estimate after a few counts, whether they make sense or not."""
    estimate = TokenEstimate()
    for _ in range(draw(st.integers(0, 6))):
        sample = draw(st.lists(texts, min_size=1, max_size=4))
        estimate.learn(prompt(*sample), draw(st.integers(0, 10_000)))
    return estimate


@given(taught(), texts, texts)
def test_more_text_is_never_fewer_tokens(estimate: TokenEstimate, text: str, more: str):
    """Nor is any text less than nothing, whatever was learned."""
    some, longer = estimate.of(text_amounts(text)), estimate.of(text_amounts(text + more))
    assert 0 <= some <= longer
    assert estimate.of(prompt(text)) <= estimate.of(prompt(text, more))


@given(texts)
def test_careful_until_a_model_is_known(text: str):
    """At least a token for three bytes."""
    assert TokenEstimate().of(text_amounts(text)) >= len(text.encode("utf-8", "surrogatepass")) / 3


@pytest.mark.parametrize(
    ("ascii_rate", "cjk_rate", "other_rate", "message", "template"),
    [
        (0.22, 0.7, 0.2, 4, 0),  # a new tokenizer
        (0.24, 2.1, 0.5, 5, 25),  # one made for English, and a long template
        (0.45, 1.0, 0.35, 12, 80),
        (0.25, 1.3, 0.3, 0, 1),
    ],
)
def test_it_converges_on_a_tokenizer(
    ascii_rate: float, cjk_rate: float, other_rate: float, message: float, template: float
):
    """Within 15 % after a dozen prompts of all scripts, and from then on."""
    rates = (template, message, ascii_rate, cjk_rate, other_rate, 0)
    estimate, dice, misses = TokenEstimate(), random.Random(11), []
    for _ in range(40):
        shape = dice.choices([ENGLISH, CHINESE, RUSSIAN], k=dice.randint(1, 12))
        amounts = prompt(*(text * dice.randint(1, 20) for text in shape))
        counted = round(sum(rate * n for rate, n in zip(rates, amounts, strict=True)))
        misses.append(abs(estimate.of(amounts) / counted - 1))
        estimate.learn(amounts, counted)
    assert max(misses[12:]) < 0.15


@pytest.mark.parametrize(("text", "rate"), [(ENGLISH, 0.22), (CHINESE, 2.1), (RUSSIAN, 0.25)])
def test_one_count_is_enough_for_the_same_script(text: str, rate: float):
    """The second prompt of a conversation is within 15 %."""
    estimate = TokenEstimate()
    counted = round(sum(text_amounts(text * 30)) * rate)
    estimate.learn(prompt(text * 30), counted)
    longer = round(sum(text_amounts(text * 50)) * rate)
    assert estimate.of(prompt(text * 30, text * 20)) == pytest.approx(longer, rel=0.15)


def test_a_short_prompt_says_nothing_of_its_script():
    """What a template adds is most of a short prompt: the rest of a long one is counted as ever."""
    estimate = TokenEstimate()
    long = text_amounts(ENGLISH * 100)
    before = estimate.of(long)
    for _ in range(5):
        estimate.learn(prompt("Hello"), 120)
    assert estimate.of(prompt("Hello")) == pytest.approx(120, rel=0.1)
    assert estimate.of(long) == pytest.approx(before, rel=0.1)


@pytest.mark.parametrize("counted", [0, 1, 10**9])
def test_a_count_that_cannot_be_is_not_believed(counted: int):
    """Some servers count only what they had not read before."""
    estimate, amounts = TokenEstimate(), prompt(ENGLISH * 20)
    before = estimate.of(amounts)
    estimate.learn(amounts, counted)
    assert estimate.of(amounts) == before


def test_all_that_a_model_reads_counts():
    """Pictures, reasoning and tool calls as well as text."""
    plain = ChatMessage("assistant", "Hello")
    image = Image("image/png", "aaaa")
    more = [
        ChatMessage("assistant", "Hello", parts=("Hello", image)),
        ChatMessage("assistant", "Hello", reasoning="They greet me."),
        ChatMessage("assistant", "Hello", tool_calls=(ChatToolCall("1", "clock", "{}"),)),
    ]
    estimate = TokenEstimate()
    least = estimate.of(message_amounts(plain))
    assert all(estimate.of(message_amounts(message)) > least for message in more)
    picture = estimate.of(message_amounts(more[0])) - least
    assert picture == pytest.approx(824)


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        # The examples of OpenAI's documentation.
        ("gpt-4o", (1024, 1024), 765),
        ("openai/gpt-4o-2024-11-20", (2048, 4096), 1105),
        ("gpt-4o-mini", (512, 512), 8500),
        ("gpt-4.1-mini", (1024, 1024), 1659),
        ("o4-mini", (1800, 2400), 2497),
        ("gpt-5", (512, 512), 210),
        ("claude-sonnet-4-5", (1000, 1000), 1333),
        ("gemma3:12b", (2048, 100), 256),
        ("qwen2.5vl:7b", (280, 280), 100),
        ("llava", (2048, 2048), 800),
        ("gpt-4o", (None, None), 800),
    ],
)
def test_a_picture_costs_what_its_server_says(
    model: str, size: tuple[int | None, int | None], tokens: int
):
    """By its rule, where it tells one; the estimate adds a little."""
    image = Image("image/png", "aaaa", picture_weight(model, *size))
    plain = ChatMessage("user", "")
    messages = (plain, replace(plain, parts=(image,)))
    counted = [TokenEstimate().of(message_amounts(message)) for message in messages]
    assert (counted[1] - counted[0]) / SPARE == pytest.approx(tokens, abs=1)
