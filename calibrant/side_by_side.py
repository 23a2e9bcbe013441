"""Several repositories collected at once: workers fetch ahead into bounded queues, one writer takes what they made in order.

A ledger has one writer, and a token one allowance, so there is nothing to gain from more than a few workers; what they hide is
the forge's latency. Every queue holds a few batches only: whoever is far ahead waits, and memory stays bounded.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

__all__ = ["SideBySide"]

_T = TypeVar("_T")

_AHEAD: Final = 1
"""Batches that wait for the writer, beside the one that a worker makes."""
_LOOK_SECONDS: Final = 0.2
"""How often a worker that is ahead looks whether it is still wanted."""


class _End:
    """Nothing more comes."""


class SideBySide(AbstractContextManager["SideBySide[_T]"], Generic[_T]):
    """Runs `makers` in `workers` threads, begun in their order; `items(n)` gives what the n-th makes, as it comes.

    Take them in order: a maker not yet begun waits for one before it to end. Leaving the block sets `stopped`, at which workers
    end with their next item; whatever makes them wait should wait on it.

    >>> with SideBySide([lambda: iter("ab"), lambda: iter("c")], workers=2) as running:
    ...     [list(running.items(n)) for n in range(2)]
    [['a', 'b'], ['c']]
    """

    def __init__(
        self, makers: Sequence[Callable[[], Iterator[_T]]], *, workers: int, stopped: threading.Event | None = None
    ) -> None:
        self._makers = list(makers)
        self._queues: list[queue.Queue[_T | _End]] = [queue.Queue(_AHEAD) for _ in self._makers]
        self._stopped = stopped or threading.Event()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="collect")
        self._runs: list[Future[None]] = []

    def __enter__(self) -> Self:
        self._runs = [self._pool.submit(self._run, number) for number in range(len(self._makers))]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)

    def items(self, number: int) -> Iterator[_T]:
        """What maker `number` makes, until it ends. Raises what it raised, after all it made."""
        while not isinstance(item := self._queues[number].get(), _End):
            yield item
        self._runs[number].result()

    def _run(self, number: int) -> None:
        try:
            for item in self._makers[number]():
                if not self._put(number, item):
                    break
        finally:
            self._put(number, _End())

    def _put(self, number: int, item: _T | _End) -> bool:
        """False if nobody wants it any more."""
        while not self._stopped.is_set():
            try:
                self._queues[number].put(item, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False
