"""What is asked of a provider before a reply is asked once, however many turns need it."""

import asyncio

import pytest

from providers import errors
from providers.echo import EchoProvider
from providers.types import Model
from streaming.routing import Router


class Slow(EchoProvider):
    """Lists its models when it may, and counts how often it is asked."""

    def __init__(self, failure: errors.ProviderError | None = None) -> None:
        super().__init__("slow")
        self.asked, self.may_answer, self.failure = 0, asyncio.Event(), failure

    async def list_models(self) -> list[Model]:
        self.asked += 1
        await self.may_answer.wait()
        if self.failure is not None:
            raise self.failure
        return [Model(name="m", label="M")]


async def test_many_at_once_share_an_answer():
    router, provider = Router(), Slow()
    turns = [asyncio.create_task(router.listed(provider)) for _ in range(100)]
    await asyncio.sleep(0)
    turns[0].cancel()  # the one that asked goes away; the others are answered all the same
    await asyncio.sleep(0)
    provider.may_answer.set()
    answers = await asyncio.gather(*turns[1:])
    assert [[model.name for model in answer] for answer in answers] == [["m"]] * 99
    assert provider.asked == 1


async def test_a_failure_is_told_to_all_and_asked_again():
    router, provider = Router(), Slow(errors.ProviderUnavailable("It is away."))
    provider.may_answer.set()
    turns = [asyncio.create_task(router.listed(provider)) for _ in range(3)]
    for turn in turns:
        with pytest.raises(errors.ProviderUnavailable):
            await turn
    with pytest.raises(errors.ProviderUnavailable):
        await router.listed(provider)
    assert provider.asked == 2
