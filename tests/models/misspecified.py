"""Ratings that break the model in one way at a time, and what that does to its intervals.

    python -m tests.models.misspecified [--seeds 10]

prints the table of docs/method.md. 300 persons, 45 raters, five raters a person, six items, five categories; theta SD 1.2, severity SD .6, halo SD
.5. Nothing here is known to the model; it is fitted with its defaults.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.facets import FacetsModel

__all__ = ["BREAKS", "measured", "ratings_of"]

Floats = NDArray[np.float64]

PERSONS, RATERS, PER_PERSON, ITEMS = 300, 45, 5, 6
TAU = np.array([-2.0, -0.7, 0.7, 2.0])


class World:
    """What is true of everybody, and the predictor of every rating: eta (persons, raters of a person, items)."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.theta = 1.2 * rng.normal(size=PERSONS)
        self.severity = 0.6 * rng.normal(size=RATERS)
        self.rater = np.array([rng.choice(RATERS, PER_PERSON, replace=False) for _ in range(PERSONS)])
        self.halo = 0.5 * rng.normal(size=self.rater.shape)
        self.item = np.linspace(-0.6, 0.6, ITEMS)
        self.seen = np.ones((PERSONS, PER_PERSON, ITEMS), dtype=bool)
        self.extra = np.zeros(self.seen.shape)
        self.scale = np.ones(self.rater.shape)

    @property
    def eta(self) -> Floats:
        """Predictor of every rating."""
        return (self.theta[:, None] - self.severity[self.rater] - self.halo)[:, :, None] - self.item + self.extra


def _as_assumed(world: World) -> None:
    """Nothing is broken."""


def _heavy_tails(world: World) -> None:
    """Abilities and impressions from Student's t with three degrees of freedom, same SDs."""
    t = world.rng.standard_t
    world.theta = 1.2 * t(3, size=world.theta.shape) / np.sqrt(3)
    world.halo = 0.5 * t(3, size=world.halo.shape) / np.sqrt(3)


def _dependent_criteria(world: World) -> None:
    """Each pair of neighbouring items shares a second impression per person and rater (SD .7)."""
    pairs = 0.7 * world.rng.normal(size=(PERSONS, PER_PERSON, ITEMS // 2))
    world.extra = np.repeat(pairs, 2, axis=2)


def _same_talk(world: World) -> None:
    """All raters of a person share an error (SD .5): what everybody has heard."""
    world.extra = np.broadcast_to(0.5 * world.rng.normal(size=(PERSONS, 1, 1)), world.seen.shape).copy()


def _colluding(world: World) -> None:
    """One person in ten has two raters who give two logits too much."""
    friends = world.rng.random(PERSONS) < 0.1
    world.extra[friends, :2] = 2.0


def _missing_if_low(world: World) -> None:
    """Half of all lowest marks, and a quarter of the second lowest, are not given."""
    score = _drawn(world)
    dropped = world.rng.random(score.shape) < np.select([score == 0, score == 1], [0.5, 0.25], 0.0)
    world.seen &= ~dropped
    world.score = score


def _drift(world: World) -> None:
    """Every rater's severity differs between two halves of their ratings (SD of the difference .7)."""
    change = 0.7 * world.rng.normal(size=RATERS)
    later = world.rng.random(world.rater.shape) < 0.5
    world.extra = world.extra - (change[world.rater] * later)[:, :, None]


def _central_raters(world: World) -> None:
    """Raters use the scale more or less boldly: their steps are stretched by exp(.4 z)."""
    world.scale = np.exp(0.4 * world.rng.normal(size=RATERS))[world.rater]


BREAKS: Mapping[str, Callable[[World], None]] = {
    "as assumed": _as_assumed,
    "heavy tails": _heavy_tails,
    "dependent criteria": _dependent_criteria,
    "same talk": _same_talk,
    "colluding raters": _colluding,
    "missing if low": _missing_if_low,
    "severity drift": _drift,
    "central raters": _central_raters,
}
"""Ways in which ratings may differ from what the model assumes."""


def _drawn(world: World) -> NDArray[np.int64]:
    steps = world.eta[..., None] - world.scale[:, :, None, None] * TAU
    logs = np.concatenate([np.zeros((*steps.shape[:-1], 1)), np.cumsum(steps, axis=-1)], axis=-1)
    return np.asarray((logs + world.rng.gumbel(size=logs.shape)).argmax(axis=-1))


def ratings_of(name: str, seed: int) -> tuple[pd.DataFrame, Floats]:
    """A rating frame broken in the named way, and the true thetas by person number."""
    world = World(np.random.default_rng(seed))
    BREAKS[name](world)
    score = world.score if hasattr(world, "score") else _drawn(world)
    person, place, item = np.nonzero(world.seen)
    table = {"person": person, "rater": world.rater[person, place], "item": item, "score": score[world.seen]}
    return pd.DataFrame(table).assign(categories=len(TAU) + 1, lowest=0), world.theta


def measured(name: str, seeds: range, model: FacetsModel | None = None) -> pd.DataFrame:
    """One row per seed: coverage of 90 % theta intervals, at the top (above 1.5 SDs) too, RMSE over that of the halo-free raw mean, SDs."""
    rows = []
    for seed in seeds:
        ratings, theta = ratings_of(name, seed)
        found = (model or FacetsModel()).fit(ratings).posteriors()
        true = theta[found.keys["person"].to_numpy()]
        error = found.mean[:, 0] - true
        held = np.abs(error) < 1.645 * found.sd[:, 0]
        raw = ratings.groupby("person")["score"].mean().to_numpy()
        top = true > 1.8
        rows.append(
            {
                "coverage": held.mean(),
                "coverage_top": held[top].mean(),
                "rmse": float(np.sqrt((error**2).mean())),
                "bias": float(error.mean()),
                "sd": float(found.sd.mean()),
                "r": float(np.corrcoef(found.mean[:, 0], true)[0, 1]),
                "r_raw": float(np.corrcoef(raw, true)[0, 1]),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    seeds = range(parser.parse_args().seeds)
    table = {name: measured(name, seeds) for name in BREAKS}
    mean = pd.DataFrame({name: rows.mean() for name, rows in table.items()}).T
    error = pd.DataFrame({name: rows.sem() for name, rows in table.items()}).T
    sys.stdout.write(
        f"{mean.round(3).to_string()}\n\nstandard errors over {len(seeds)} seeds\n{error.round(3).to_string()}\n"
    )


if __name__ == "__main__":
    main()
