"""Mixing gets there sooner, and climbs past a shelf instead of looking for a root on it."""

from __future__ import annotations

import numpy as np
import pytest

from models.acceleration import Anderson

SUMMIT = 2.0
Floats = np.ndarray


def slope(point: Floats) -> Floats:
    """Uphill: a shelf at 0, where it hardly rises, on the way from -1 to the summit; the second coordinate creeps to 1."""
    place, other = point
    return np.array([0.2 * (place**2 + 0.01) * (SUMMIT - place), 0.2 * (1.0 - other)])


def climbed(steps: int) -> Floats:
    mixing, point = Anderson(), np.array([-1.0, 0.0])
    for _ in range(steps):
        point = mixing.next(point, point + slope(point))
    return point


@pytest.mark.parametrize("steps", [40, 60, 100])
def test_a_shelf_is_climbed_past(steps: int) -> None:
    assert climbed(steps) == pytest.approx([SUMMIT, 1.0], abs=1e-6)


def test_what_creeps_arrives_in_a_tenth_of_the_steps() -> None:
    rate, target = np.array([0.01, 0.3]), np.array([1.0, -1.0])
    mixing, point = Anderson(longest=np.inf), np.zeros(2)
    for _ in range(8):
        point = mixing.next(point, point + rate * (target - point))
    assert point == pytest.approx(target, abs=1e-6)
