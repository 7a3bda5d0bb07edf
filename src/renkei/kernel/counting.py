"""Where attempts are counted when several processes serve: in Redis, and what if it is away."""

import logging
from time import monotonic
from typing import Any, ClassVar, Final

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 5.0  # until Redis is asked again


class Counting(BaseCache):
    """Counts in Redis; while Redis is away each process counts for itself.

    The limits neither fall away nor shut everybody out: whoever guesses passwords gets as many
    tries more as there are processes, and whoever has to look after a patient gets in.
    """

    _away_until: ClassVar = 0.0

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        waits = {"socket_timeout": 1, "socket_connect_timeout": 1}
        self._shared = RedisCache(location, {**params, "OPTIONS": waits})
        self._own = LocMemCache("counting", {**params, "OPTIONS": {"MAX_ENTRIES": 100_000}})

    def _ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if monotonic() >= Counting._away_until:
            try:
                return getattr(self._shared, method)(*args, **kwargs)
            except RedisError as error:
                log.warning("Redis is away; this process counts alone: %s", type(error).__name__)
                Counting._away_until = monotonic() + AGAIN_SECONDS
        return getattr(self._own, method)(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        """Set a value unless there is one."""
        return self._ask("add", *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """The value, or the default."""
        return self._ask("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        """Set a value."""
        return self._ask("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        """Let a value live on."""
        return self._ask("touch", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Forget a value."""
        return self._ask("delete", *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        """Whether there is a value."""
        return self._ask("has_key", *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        """Count up."""
        return self._ask("incr", *args, **kwargs)

    def clear(self) -> None:
        """Forget everything."""
        self._ask("clear")
