"""Records the end of a reply: figures for Prometheus, one line in the log, a usage record."""

import json
import logging
import re

from conversations.usage import services as usage
from streaming import metrics
from streaming.caller import Caller
from streaming.db_threads import db_threads
from streaming.errors import STORE_FAILURES
from streaming.events import End
from streaming.replies.result import Result
from streaming.replies.turn import Turn

logger = logging.getLogger(__name__)

_PLAIN = re.compile(r"[A-Za-z0-9._:/@+-]+")


async def record_end(caller: Caller, end: End, result: Result, turn: Turn | None = None) -> None:
    """Count and log a reply that has ended. A `turn` had its usage recorded with its row; that of
    a stateless reply is recorded here."""
    if turn is None:
        await record_usage(caller, end)
    _count(end, result)
    _log(caller, end, result, turn)


async def record_usage(caller: Caller, end: End) -> None:
    """Record what a request cost. A database that refuses is logged: the reply is good without."""
    tokens = end.tokens or {}
    try:
        async with db_threads.borrow():
            await db_threads.run(
                usage.record,
                user_id=caller.user.pk,
                key_id=caller.key_id,
                model=end.model,
                provider=end.provider_used,
                tokens=tokens,
                source=tokens["source"],
                status=end.status,
                door=caller.door,
            )
    except STORE_FAILURES as error:
        logger.error("usage not recorded (%s)", type(error).__name__)


def _count(end: End, result: Result) -> None:
    provider = end.provider_used
    metrics.running.dec()
    metrics.replies.labels(provider, end.status).inc()
    metrics.duration.labels(provider).observe(result.timings()["total_s"])
    if result.first_token_s is not None:
        metrics.first_token.labels(provider).observe(result.first_token_s)
    metrics.completion_tokens.labels(provider).inc((end.tokens or {}).get("completion", 0))


def _log(caller: Caller, end: End, result: Result, turn: Turn | None) -> None:
    """One line for each reply: figures, never text."""
    tokens = end.tokens or {}
    figures = {
        "id": turn.id if turn else None,
        "conversation": turn.conversation_id if turn else None,
        "user": caller.user.pk,
        "provider": end.provider_used,
        "model": end.model,
        "status": end.status,
        "error": (end.error or {}).get("code"),
        "fallback": str(end.fallback_used).lower(),
        **result.timings(),
        "prompt_tokens": tokens.get("prompt"),
        "completion_tokens": tokens.get("completion"),
        "tokens_from": tokens.get("source"),
        "dropped_messages": (end.context or {}).get("dropped_messages"),
    }
    line = " ".join(
        f"{name}={_quoted(str(value))}" for name, value in figures.items() if value is not None
    )
    logger.info("reply %s", line)


def _quoted(value: str) -> str:
    """The value as it is, or as a JSON string where it could be read as more than one: a model's
    name may have spaces, quotes, line breaks."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value)
