"""Embeddings: makes vectors of texts for a request, and stores only their usage."""

import asyncio
from collections.abc import Sequence
from typing import Any

from conversations.errors import NotAuthenticated
from conversations.people import keys
from conversations.threads.models import Status
from providers.errors import ProviderError
from providers.types import Embeddings
from streaming import revocation
from streaming.caller import Caller
from streaming.events import End
from streaming.limits import Permit
from streaming.replies.accounting import record_usage
from streaming.replies.prompt import estimate_tokens
from streaming.replies.stateless import StatelessReplies


async def embed(
    stateless: StatelessReplies,
    caller: Caller,
    permit: Permit,
    *,
    model: str,
    texts: Sequence[str],
    dimensions: int | None,
) -> tuple[Embeddings, dict[str, Any]]:
    """The vectors of `texts` by the default provider, and the tokens they cost. Releases `permit`.

    Raises:
        Problem: the model is not allowed, or the key or the account stopped counting meanwhile.
        ProviderError: the provider has none.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - this is a coroutine
    revoked = False

    def cut() -> None:
        nonlocal revoked
        if not revoked:
            revoked = True
            task.cancel()

    router = stateless.router
    status, provider_used, embeddings, read = Status.FAILED, "", None, False
    try:
        keys.require_model(caller.key, model, await router.default_name())
        provider, model = await router.resolve(model)
        provider_used = provider.name
        router.require_allowed(provider, model)
        model = await router.listed_name(provider, model)
        with revocation.work_of(caller, cut):
            async with stateless.slots.slot(provider_used, caller.user.pk, model=model):
                read = True
                embeddings = await provider.embed(model, texts, dimensions)
        status = Status.COMPLETED
    except asyncio.CancelledError:
        status = Status.STOPPED
        if revoked and task.uncancel() == 0:
            raise NotAuthenticated from None
        raise
    except ProviderError:
        read = False
        raise
    finally:
        permit.release()
        tokens = _tokens(texts if read else (), embeddings)
        end = End(
            status=str(status),
            finish_reason=None,
            provider_used=provider_used,
            fallback_used=False,
            model=model,
            tokens=tokens,
        )
        await record_usage(caller, end)
    return embeddings, tokens


def _tokens(texts: Sequence[str], embeddings: Embeddings | None) -> dict[str, Any]:
    """The provider's count, or our estimate for the texts that it read."""
    counted = embeddings.prompt_tokens if embeddings else None
    prompt = sum(map(estimate_tokens, texts)) if counted is None else counted
    source = "estimated" if counted is None else "provider"
    return {"prompt": prompt, "completion": 0, "total": prompt, "source": source}
