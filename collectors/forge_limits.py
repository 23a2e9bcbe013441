"""One budget for all that asks a forge with one token: its quotas, its pauses, and a pace of our own below both.

Forges limit twice: a quota per hour or minute, told in headers (GitHub `X-RateLimit-*`, apart for REST and GraphQL; GitLab `RateLimit-*`),
and "secondary" limits against bursts, told only by refusing, with `Retry-After` or without. Both are obeyed: before a request,
`take` waits until it may be made, with a countdown; a wait longer than the bound stops the collection instead (`Incomplete`).

Instants a forge names are compared with the `Date` it named them at, so a clock here that is wrong changes nothing.
Headers that are missing, or say that nothing is limited (a GitHub Enterprise server answers `0` of `0`), never make anyone wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

from db.errors import Incomplete

__all__ = ["Bucket", "Clock", "Quota", "SystemClock", "date_of", "retry_after"]

_SECONDARY: Final = 60.0
"""Seconds to pause after a refusal that does not say for how long; doubled with every further one."""
_DOUBLINGS: Final = 5
_SAME: Final = 10.0
"""Seconds by which two answers may disagree about when one and the same quota ends."""
_LONGEST: Final = 86_400.0
"""Most seconds that a header is believed to ask for: no forge counts by more than the hour, but proxies write anything."""
_TICK: Final = 1.0
_GRAIN: Final = 1e-3
"""Seconds not worth waiting for; without it, rounding could make a wait of nothing endless."""
_HEADERS: Final = ("x-ratelimit-", "ratelimit-")


class Clock(Protocol):
    """The time, and waiting; tests bring their own."""

    def now(self) -> datetime:
        """UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's."""

    def now(self) -> datetime:
        """UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Quota:
    """What a forge last said about one resource. resets: on the monotonic clock; resets_at: for people."""

    limit: int
    remaining: int
    resets: float
    resets_at: datetime


@dataclass
class Bucket:
    """Shared by all threads that use one token.

    max_wait: longest single wait in seconds. per_minute: our own pace per resource, with `burst` requests at once. on_wait: told about every
    second the seconds left and why. Resources: "core" (REST) and "graphql" on GitHub, "core" on GitLab.
    """

    clock: Clock = field(default_factory=SystemClock)
    max_wait: float = 3_900.0
    per_minute: Mapping[str, float] = field(default_factory=lambda: {"core": 800.0, "graphql": 1_500.0})
    burst: int = 20
    on_wait: Callable[[float, str], None] | None = None
    requests: int = 0
    """Requests let through so far."""
    answered: bool = False
    """Whether the forge has answered a request of this run."""
    _quotas: dict[str, Quota] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _not_before: float = 0.0
    _refusals: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, resource: str = "core", cost: int = 1) -> None:
        """Wait until a request of `cost` may be made; one of none is not counted. Raises Incomplete if that takes longer than `max_wait`."""
        while True:
            with self._lock:
                seconds, reason = self._to_wait(resource, cost)
                if seconds <= _GRAIN:
                    self._spend(resource, cost)
                    return
            self.wait(seconds, reason)

    def wait(self, seconds: float, reason: str) -> None:
        """Wait, with a countdown. Raises Incomplete if that is longer than `max_wait`."""
        if seconds > self.max_wait:
            again = (self.clock.now() + timedelta(seconds=seconds)).strftime("%H:%M UTC")
            raise Incomplete(
                f"{reason}; that takes {seconds:,.0f} s, and {self.max_wait:,.0f} s is the longest wait",
                remedy=f"what came so far is kept; run it again after {again}",
            )
        until = self.clock.monotonic() + seconds
        while (left := until - self.clock.monotonic()) > _GRAIN:
            if self.on_wait is not None and seconds >= _TICK:
                self.on_wait(left, reason)
            self.clock.sleep(min(left, _TICK))

    def saw(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer's headers, in lower case; for `guarded_session(on_answer=...)`. Missing ones teach nothing."""
        resource = headers.get("x-ratelimit-resource", "core")
        for prefix in _HEADERS:
            limit, remaining = _number(headers.get(f"{prefix}limit")), _number(headers.get(f"{prefix}remaining"))
            reset = _number(headers.get(f"{prefix}reset"))
            if limit and remaining is not None and reset is not None:
                self._learn(resource, limit, remaining, reset - self._server_now(headers).timestamp())

    def told(self, resource: str, limit: int, remaining: int, resets_at: datetime, server_now: datetime | None) -> None:
        """Learn from an answer's body (GraphQL `rateLimit`). server_now: the answer's `Date`."""
        if limit:
            self._learn(resource, limit, remaining, (resets_at - (server_now or self.clock.now())).total_seconds())

    def refused(self, seconds: float | None) -> None:
        """The forge refused for now. seconds: as it said; None: it did not say, so a minute, and twice that each further time.

        What several threads are told at once is one refusal.
        """
        with self._lock:
            now = self.clock.monotonic()
            if now < self._not_before and seconds is None:
                return
            if seconds is None:
                seconds = _SECONDARY * 2 ** min(self._refusals, _DOUBLINGS)
                self._refusals += 1
            self._not_before = max(self._not_before, now + seconds)

    def succeeded(self) -> None:
        """An answer came: the next refusal begins at a minute again."""
        with self._lock:
            self._refusals = 0
            self.answered = True

    def exhausted(self, resource: str) -> bool:
        """Whether the quota is known to be used up, so that `take` will wait for the next one."""
        with self._lock:
            quota = self._quotas.get(resource)
            return quota is not None and quota.remaining < 1 and quota.resets > self.clock.monotonic()

    def quota(self, resource: str = "core") -> Quota | None:
        """What the forge last said; None: nothing."""
        with self._lock:
            return self._quotas.get(resource)

    def _to_wait(self, resource: str, cost: int) -> tuple[float, str]:
        now = self.clock.monotonic()
        quota = self._quotas.get(resource)
        waits = [(self._not_before - now, "the forge asked for a pause")]
        if quota is not None and quota.remaining < min(cost, quota.limit):
            waits.append((quota.resets - now, f"the token's quota ({quota.limit:,}) is used up"))
        if resource in self._due:
            waits.append((self._due[resource] - now, "not to ask too fast"))
        return max(waits)

    def _spend(self, resource: str, cost: int) -> None:
        self.requests += cost > 0
        now = self.clock.monotonic()
        quota = self._quotas.get(resource)
        if quota is not None:
            if quota.resets <= now:
                del self._quotas[resource]
            else:
                self._quotas[resource] = Quota(quota.limit, quota.remaining - cost, quota.resets, quota.resets_at)
        pace = self.per_minute.get(resource)
        if pace:
            interval = 60.0 / pace
            earliest = now - self.burst * interval
            self._due[resource] = max(self._due.get(resource, earliest), earliest) + interval * cost

    def _learn(self, resource: str, limit: int, remaining: int, seconds: float) -> None:
        seconds = min(seconds, _LONGEST)
        with self._lock:
            resets = self.clock.monotonic() + seconds
            known = self._quotas.get(resource)
            if (
                known is not None and abs(known.resets - resets) < _SAME
            ):  # the same hour: others' requests are under way
                remaining = min(remaining, known.remaining)
            if seconds > 0:
                self._quotas[resource] = Quota(limit, remaining, resets, self.clock.now() + timedelta(seconds=seconds))
            else:
                self._quotas.pop(resource, None)

    def _server_now(self, headers: Mapping[str, str]) -> datetime:
        return date_of(headers) or self.clock.now()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, given as seconds or as a date (taken against the answer's own), a day at most; None
    without one.

    >>> retry_after({"retry-after": "30"})
    30.0
    >>> retry_after({"date": "Fri, 20 Nov 2026 10:00:00 GMT", "retry-after": "Fri, 20 Nov 2026 10:01:00 GMT"})
    60.0
    """
    told = headers.get("retry-after", "")
    seconds = _number(told)
    if seconds is not None:
        return float(min(max(seconds, 0), _LONGEST))
    until, since = _date(told), date_of(headers)
    return min(max((until - since).total_seconds(), 0.0), _LONGEST) if until and since else None


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """When the forge answered, by its own clock: `Date` among headers in lower case; None where it does not say."""
    return _date(headers.get("date"))


def _number(text: str | None) -> int | None:
    """A header's number: whole, or with a fraction as some servers write it."""
    try:
        return int(float(text)) if text else None
    except (ValueError, OverflowError):
        return None


def _date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
