"""The cache that several processes share, in Redis."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache.backends import redis as django_redis
from redis.exceptions import RedisError

from conversations.errors import CacheAway


def _said_away(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except RedisError as error:
            raise CacheAway(type(error).__name__) from error

    return call


class RedisCache(django_redis.RedisCache):
    """Django's, which raises `CacheAway` while Redis does not answer: who uses the cache need not
    know of Redis, nor load its client where there is none."""

    add = _said_away(django_redis.RedisCache.add)
    get = _said_away(django_redis.RedisCache.get)
    set = _said_away(django_redis.RedisCache.set)
    incr = _said_away(django_redis.RedisCache.incr)
    touch = _said_away(django_redis.RedisCache.touch)
    delete = _said_away(django_redis.RedisCache.delete)
    has_key = _said_away(django_redis.RedisCache.has_key)
    get_many = _said_away(django_redis.RedisCache.get_many)
    set_many = _said_away(django_redis.RedisCache.set_many)


class JsonSerializer:
    """Values are JSON. With Django's own form, pickle, somebody who can write into Redis could run
    code in the server. Numbers stay numbers, so that Redis can count with them."""

    def dumps(self, value: Any) -> int | bytes:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
