"""Labelled probabilities without a model: two decided levels a person, drawn from the probabilities or from others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from inference.levels import PROBABILITIES


def labelled(
    people: int = 80, seed: int = 0, *, sure: float = 1.0, shifted: bool = False, idle: bool = False
) -> pd.DataFrame:
    """person, p1 .. p5, level, human_raters, audit. Levels are drawn from true probabilities.

    What is stated are these, sharpened by `sure`, shifted up by a level, or nothing but the average.
    """
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(5, 0.4), 2 * people)
    level = 1 + (rng.random((len(share), 1)) > share.cumsum(axis=1)[:, :-1]).sum(axis=1)
    stated = share**sure / (share**sure).sum(axis=1, keepdims=True)
    if shifted:
        stated = np.column_stack([np.full(len(stated), 0.01), stated[:, :3], stated[:, 3:].sum(axis=1)])
        stated /= stated.sum(axis=1, keepdims=True)
    if idle:
        stated = np.full_like(stated, 0.2)
    return pd.DataFrame(stated, columns=PROBABILITIES).assign(
        person=np.repeat([f"p{n:02d}" for n in range(people)], 2),
        level=level,
        human_raters=rng.integers(0, 8, len(stated)),
        audit=False,
    )
