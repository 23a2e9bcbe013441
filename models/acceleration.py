"""Anderson acceleration of a fixed-point iteration (Walker & Ni 2011, doi:10.1137/10078356X).

Standard deviations and step sizes share one scale, along which plain scoring creeps: the data say little about it. Mixing the last
few iterates so that their residuals cancel takes it there in a tenth of the steps.

Plain scoring climbs, mixing goes wherever residuals look like vanishing: also back to a shelf, where the likelihood hardly rises and
then rises again, round which it would wander for ever. A move that has turned against the residual is therefore not taken; the
iteration strides on uphill instead, twice as far each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Anderson"]

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Anderson:
    """Remembers the last `memory` points and residuals; longest: largest change of any coordinate in one step."""

    memory: int = 5
    longest: float = 0.5
    _points: list[Floats] = field(default_factory=list)
    _residuals: list[Floats] = field(default_factory=list)

    def next(self, point: Floats, mapped: Floats) -> Floats:
        """The next point, after the iteration mapped `point` to `mapped`."""
        residual = mapped - point
        if self._residuals and np.abs(residual).max() > 2.0 * np.abs(self._residuals[-1]).max():
            self._forget()
        self._points.append(point)
        self._residuals.append(residual)
        del self._points[: -self.memory - 1], self._residuals[: -self.memory - 1]
        if len(self._points) < 2:
            return mapped
        move = self._mixed(residual)
        if move @ residual < 0:
            move = self._stride(residual)
            del self._points[:-1], self._residuals[:-1]
        return np.asarray(point + np.clip(move, -self.longest, self.longest))

    def _mixed(self, residual: Floats) -> Floats:
        """The move after which the residuals would cancel, were they linear in the points."""
        steps = np.diff(np.array(self._points), axis=0)
        bends = np.diff(np.array(self._residuals), axis=0)
        ridge = 1e-8 * np.trace(bends @ bends.T)
        share = np.linalg.solve(
            bends @ bends.T + ridge * np.eye(len(bends)) + 1e-30 * np.eye(len(bends)), bends @ residual
        )
        return np.asarray(residual - share @ (steps + bends))

    def _stride(self, residual: Floats) -> Floats:
        """The residual, and twice the last step where that went uphill too."""
        last = self._points[-1] - self._points[-2]
        return np.asarray(residual + 2.0 * last if last @ residual > 0 else residual)

    def _forget(self) -> None:
        self._points.clear()
        self._residuals.clear()
