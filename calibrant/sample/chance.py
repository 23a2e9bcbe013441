"""Named random streams: each part of the sample draws from its own, so that changing one leaves the others alone."""

from __future__ import annotations

from random import Random

__all__ = ["count", "maybe", "stream", "wobble"]


def stream(seed: int, *names: str) -> Random:
    """The random stream of this seed and these names, the same on every platform.

    >>> stream(1, "people").random() == stream(1, "people").random()
    True
    >>> stream(1, "people").random() == stream(1, "feedback").random()
    False
    """
    return Random("/".join((str(seed), *names)))


def wobble(rng: Random, half_width: float) -> float:
    """A uniform draw from [-half_width, half_width]."""
    return (2.0 * rng.random() - 1.0) * half_width


def count(rng: Random, median: float, spread: float) -> int:
    """A log-normal count: half of the draws lie below `median`; `spread` is the sd of the logarithm."""
    return round(median * rng.lognormvariate(0.0, spread)) if median > 0 else 0


def maybe(rng: Random, probability: float) -> bool:
    """True with the given probability."""
    return rng.random() < probability
