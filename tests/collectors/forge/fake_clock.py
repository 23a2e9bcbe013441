"""A clock that moves only when somebody sleeps on it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


@dataclass
class FakeClock:
    """slept: every wait. skew: how far its idea of the date is ahead of the world's."""

    skew: timedelta = timedelta()
    slept: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def monotonic(self) -> float:
        return 1e6 + sum(self.slept)

    def world(self) -> datetime:
        return START + timedelta(seconds=sum(self.slept))

    def now(self) -> datetime:
        return self.world() + self.skew

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        with self._lock:
            self.slept.append(seconds)
