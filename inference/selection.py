"""Labels are selective: committees look mostly at people somebody nominated. What that does to figures measured on labels.

Four guards, none of which makes up for looking: weights by the inverse of each person's chance of being labelled (clipped, with
the effective number of people they leave), bounds that set everybody unlabelled a level away, the share of people who
are unlike anybody labelled, and the plain word that a blind audit panel is the only cure. The chance is estimated from
what the model says of a person and how much was said about them; role, job level and team are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from inference.levels import PROBABILITIES
from models.decisions import ranked_probability_score

__all__ = ["CLIP", "FEATURES", "Selection", "bounds", "effective_number", "people_features", "selection"]

Floats = NDArray[np.float64]

CLIP: Final = (0.05, 0.95)
"""Ends of the chance of being labelled: nobody counts for more than twenty."""

FEATURES: Final = ("theta", "highest", "sd", "human_raters", "skills")

_LEAST: Final = 10
"""Labelled, and unlabelled, people below which a chance of being labelled is not estimated."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Who was labelled. Counts are people; weight: person -> inverse chance of being labelled, mean 1 over the labelled.

    auc: how well being labelled can be foretold (.5: not at all); None, as weight is empty, where there are too few people.
    effective_people: what the weights leave of the labelled. outside: unlabelled people outside the labelled's support.
    audited: labelled by a blind audit. theta_range: lowest and highest mean theta of somebody labelled.
    """

    people: int
    labelled: int
    audited: int
    auc: float | None
    effective_people: float
    outside: int
    weight: Mapping[str, float]
    theta_range: tuple[float, float] | None

    @property
    def supported(self) -> float:
        """Share of the unlabelled people who are like somebody labelled; 1 where everybody is labelled."""
        unlabelled = self.people - self.labelled
        return 1.0 - self.outside / unlabelled if unlabelled else 1.0


def people_features(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per person with evidence: what foretells being labelled. Index person, sorted; columns FEATURES.

    predictions: rows of `level_table`, one per person and skill. theta: mean over the skills somebody spoke to; highest: the
    largest of them; sd: mean posterior SD; human_raters: log of one plus the most on a skill; skills: how many.
    """
    spoken = predictions[predictions["raters"] > 0]
    by = spoken.groupby("person", sort=True)
    found = pd.DataFrame(
        {
            "theta": by["theta"].mean(),
            "highest": by["theta"].max(),
            "sd": by["sd"].mean(),
            "human_raters": np.log1p(by["human_raters"].max()),
            "skills": by["skill"].nunique().astype(float),
        }
    )
    return found[list(FEATURES)]


def selection(features: pd.DataFrame, labelled: set[str], audited: set[str]) -> Selection:
    """How the labelled differ from the rest.

    features: `people_features`, of the labelled from before their decision and of the others from today. labelled, audited: persons.
    """
    flag = features.index.isin(sorted(labelled))
    count, total = int(flag.sum()), len(features)
    held = len(audited & set(features.index))
    ends = features.loc[flag, "theta"]
    reach = (float(ends.min()), float(ends.max())) if count else None
    if count < _LEAST or total - count < _LEAST:
        return Selection(total, count, held, None, float(count), 0, {}, reach)
    scaled = _scaled(features.to_numpy(dtype=np.float64))
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(scaled, flag)
    chance = fitted.predict_proba(scaled)[:, 1]
    inverse = 1.0 / np.clip(chance[flag], *CLIP)
    weight = inverse / inverse.mean()
    far = _far(scaled, flag) | (chance < CLIP[0])
    return Selection(
        people=total,
        labelled=count,
        audited=held,
        auc=float(roc_auc_score(flag, chance)),
        effective_people=effective_number(weight),
        outside=int((far & ~flag).sum()),
        weight=dict(zip(features.index[flag].astype(str), weight.tolist(), strict=True)),
        theta_range=reach,
    )


def _scaled(values: Floats) -> Floats:
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _far(scaled: Floats, labelled: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Who lies farther from the nearest labelled person than any labelled person lies from the next."""
    known = scaled[labelled]
    apart = np.sqrt(((scaled[:, None, :] - known[None, :, :]) ** 2).sum(axis=2))
    own = np.flatnonzero(labelled)
    apart[own, np.arange(len(own))] = np.inf
    nearest = apart.min(axis=1)
    return np.asarray(nearest > nearest[own].max())


def effective_number(weight: ArrayLike) -> float:
    """Kish's effective sample size: (sum of weights) squared over the sum of squares.

    >>> effective_number([1.0, 1.0, 2.0, 0.0])
    2.6666666666666665
    """
    values = np.asarray(weight, dtype=np.float64)
    return float(values.sum() ** 2 / (values**2).sum())


def bounds(labelled: pd.DataFrame, unlabelled: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Least and largest RPS and accuracy over everybody, if each unlabelled pair's level lay within one of its median.

    labelled: rows with p1 .. p5 and level. unlabelled: rows with p1 .. p5. Accuracy is of the most probable level.
    """
    own = labelled[PROBABILITIES].to_numpy(dtype=np.float64)
    truth = labelled["level"].to_numpy()
    scores = ranked_probability_score(own, truth) if len(own) else np.zeros(0)
    hits = own.argmax(axis=1) + 1 == truth
    other = unlabelled[PROBABILITIES].to_numpy(dtype=np.float64)
    if not len(other):
        return {"rps": (float(scores.mean()),) * 2, "accuracy": (float(hits.mean()),) * 2}
    median = (np.cumsum(other, axis=1) < 0.5).sum(axis=1) + 1
    levels = other.shape[1]
    around = np.array([np.clip(median + step, 1, levels) for step in (-1, 0, 1)])
    possible = np.array([ranked_probability_score(other, levels_) for levels_ in around])
    right = np.array([other.argmax(axis=1) + 1 == levels_ for levels_ in around])
    total = len(own) + len(other)
    return {
        "rps": tuple(
            float((scores.sum() + part.sum()) / total) for part in (possible.min(axis=0), possible.max(axis=0))
        ),  # type: ignore[dict-item]
        "accuracy": tuple(float((hits.sum() + part.sum()) / total) for part in (right.min(axis=0), right.max(axis=0))),  # type: ignore[dict-item]
    }
