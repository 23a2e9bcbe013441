"""Figures that say how far the levels may be trusted, each with its interval: against decisions, and of the model by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from db.records import LEVELS
from inference.levels import PROBABILITIES
from models.cutpoints import level_set
from models.decisions import decision_quality, ranked_probability_score, sem_at_cuts

__all__ = [
    "TIERS",
    "USES",
    "SetCoverage",
    "SkillQuality",
    "agreement_ceiling",
    "coverage_by_group",
    "set_coverage",
    "skill_gain",
    "skill_quality",
    "weighted_scores",
]

Floats = NDArray[np.float64]

USES: Final[Mapping[str, float]] = {"feedback": 0.7, "development": 0.8, "promotion": 0.9}
"""Reliability that each use asks for."""

TIERS: Final = (
    ("no human rater", 0, 0),
    ("1 or 2 human raters", 1, 2),
    ("3 to 5 human raters", 3, 5),
    ("6 or more", 6, 10**6),
)
"""Tiers of evidence by the number of human raters: name, least, most."""

_BOOTSTRAP: Final = 400

_LEAST_PANELLED: Final = 5
"""People decided on by two panels below which nothing is told of them."""


@dataclass(frozen=True, slots=True)
class SetCoverage:
    """How often the 90 % set of levels held the decided one. stated: the sets' mean probability; held: the share; levels: mean size.

    se: of held less stated, clustered by person, and at least what it would be if the probabilities stated were true (a group in
    which every set held would otherwise have none).
    """

    group: str
    people: int
    labels: int
    stated: float
    held: float
    se: float
    levels: float

    @property
    def agrees(self) -> bool:
        """Whether what was held is within two standard errors of what was stated."""
        return abs(self.held - self.stated) <= 2.0 * self.se + 1e-12


@dataclass(frozen=True, slots=True)
class SkillQuality:
    """One skill over the people somebody has rated on it. reliability: of the EAPs, with its 90 % bootstrap interval; NaN under two people.

    accuracy, consistency: expected, of the most probable level. sem: standard error of measurement at each cut, None where
    nobody is near. uses: those whose reliability it reaches, with the lower end of the interval too.
    """

    skill: str
    people: int
    reliability: float
    interval: tuple[float, float]
    accuracy: float
    consistency: float
    sem: tuple[float | None, ...]

    @property
    def uses(self) -> tuple[str, ...]:
        """The uses whose reliability is surely reached, the least asking first."""
        return tuple(use for use, least in USES.items() if self.reaches(least))

    def reaches(self, least: float) -> bool:
        """Whether the reliability is so high down to the lower end of its interval."""
        return min(self.reliability, self.interval[0]) >= least


def set_coverage(group: str, labelled: pd.DataFrame) -> SetCoverage | None:
    """Coverage of the sets that follow from p1 .. p5 in these rows (person, p1 .. p5, level); None without any."""
    if labelled.empty:
        return None
    sets = [level_set(row) for row in labelled[PROBABILITIES].to_numpy(dtype=np.float64)]
    low, high, mass = (np.array(part, dtype=np.float64) for part in zip(*sets, strict=True))
    level = labelled["level"].to_numpy()
    held = ((low <= level) & (level <= high)).astype(np.float64)
    excess = held - mass
    clusters = pd.Series(excess - excess.mean()).groupby(labelled["person"].to_numpy(), sort=True).sum()
    seen = float(np.sqrt((clusters.to_numpy() ** 2).sum()))
    expected = float(np.sqrt((mass * (1.0 - mass)).sum()))
    return SetCoverage(
        group,
        labelled["person"].nunique(),
        len(labelled),
        float(mass.mean()),
        float(held.mean()),
        max(seen, expected) / len(labelled),
        float((high - low + 1).mean()),
    )


def coverage_by_group(labelled: pd.DataFrame) -> dict[str, list[SetCoverage]]:
    """Coverage over all, by decided level, by tier of evidence, and of nominated people beside blind audits.

    labelled: person, p1 .. p5, level, human_raters, audit. Groups without labels are left out.
    """
    audit = labelled["audit"].to_numpy(dtype=bool)
    groups = {
        "all": [("all", labelled)],
        "level": [(f"decided level {level}", labelled[labelled["level"] == level]) for level in range(1, LEVELS + 1)],
        "tier": [
            (name, labelled[labelled["human_raters"].between(least, most)]) for name, least, most in TIERS
        ],
        "selection": [("nominated", labelled[~audit]), ("blind audit", labelled[audit])],
    }  # fmt: skip
    return {
        kind: [one for one in (set_coverage(name, rows) for name, rows in parts) if one is not None]
        for kind, parts in groups.items()
    }


def skill_gain(labelled: pd.DataFrame, rng: np.random.Generator) -> tuple[float, tuple[float, float]]:
    """RPS skill: 1 less RPS over that of the decided levels' own distribution, with its 90 % interval over redrawn people."""
    score = ranked_probability_score(labelled[PROBABILITIES].to_numpy(dtype=np.float64), labelled["level"].to_numpy())
    level = labelled["level"].to_numpy()
    person = labelled["person"].astype("category").cat.codes.to_numpy()
    rows = [np.flatnonzero(person == code) for code in range(int(person.max()) + 1)]

    def skill(at: NDArray[np.int64]) -> float:
        base = np.bincount(level[at], minlength=LEVELS + 1)[1:] / len(at)
        climate = ranked_probability_score(np.broadcast_to(base, (len(at), LEVELS)), level[at]).mean()
        return float(1.0 - score[at].mean() / climate) if climate > 0 else 0.0

    drawn = [
        skill(np.concatenate([rows[one] for one in rng.integers(0, len(rows), len(rows))])) for _ in range(_BOOTSTRAP)
    ]
    low, high = np.quantile(drawn, [0.05, 0.95])
    return skill(np.arange(len(level))), (float(low), float(high))


def weighted_scores(labelled: pd.DataFrame, weight: Mapping[str, float]) -> dict[str, float]:
    """RPS, accuracy and quadratic weighted kappa of the median level, plain and weighted by the inverse chance of being labelled."""
    probabilities = labelled[PROBABILITIES].to_numpy(dtype=np.float64)
    level = labelled["level"].to_numpy()
    score = ranked_probability_score(probabilities, level)
    right = (probabilities.argmax(axis=1) + 1 == level).astype(np.float64)
    median = (np.cumsum(probabilities, axis=1) < 0.5).sum(axis=1) + 1
    found = {"rps": float(score.mean()), "accuracy": float(right.mean()), "qwk": _kappa(level, median, None)}
    if weight:
        share = labelled["person"].astype(str).map(weight).fillna(0.0).to_numpy(dtype=np.float64)
        found["rps_weighted"] = float(np.average(score, weights=share))
        found["accuracy_weighted"] = float(np.average(right, weights=share))
        found["qwk_weighted"] = _kappa(level, median, share)
    return found


def _kappa(first: NDArray[Any], second: NDArray[Any], weight: NDArray[Any] | None) -> float:
    if len(set(first.tolist()) | set(second.tolist())) < 2:
        return float("nan")
    labels = list(range(1, LEVELS + 1))
    return float(cohen_kappa_score(first, second, labels=labels, weights="quadratic", sample_weight=weight))


def agreement_ceiling(doubles: pd.DataFrame, rng: np.random.Generator) -> dict[str, float] | None:
    """Quadratic weighted kappa between two panels on the same case, with its 90 % interval over redrawn people; None under five people.

    doubles: person, first, second. Nothing can agree with one panel better than panels agree with each other, and stay honest.
    """
    if doubles["person"].nunique() < _LEAST_PANELLED:
        return None
    whose = doubles["person"].astype("category").cat.codes.to_numpy()
    rows = [np.flatnonzero(whose == code) for code in range(int(whose.max()) + 1)]
    first, second = doubles["first"].to_numpy(), doubles["second"].to_numpy()
    drawn = []
    for _ in range(_BOOTSTRAP):
        at = np.concatenate([rows[one] for one in rng.integers(0, len(rows), len(rows))])
        drawn.append(_kappa(first[at], second[at], None))
    known = np.array(drawn)[np.isfinite(drawn)]
    low, high = np.quantile(known, [0.05, 0.95]) if len(known) else (np.nan, np.nan)
    return {"cases": len(first), "kappa": _kappa(first, second, None), "low": float(low), "high": float(high)}


def skill_quality(skill: str, rows: pd.DataFrame, cuts: Floats, rng: np.random.Generator) -> SkillQuality:
    """Reliability and decision quality on one skill. rows: of `level_table`, people with evidence on it. cuts: (levels - 1,)."""
    theta, sd = rows["theta"].to_numpy(dtype=np.float64), rows["sd"].to_numpy(dtype=np.float64)
    if len(rows) < 2:
        blank = (float("nan"), float("nan"))
        return SkillQuality(skill, len(rows), float("nan"), blank, float("nan"), float("nan"), (None,) * len(cuts))
    drawn = [_reliability(theta[at], sd[at]) for at in rng.integers(0, len(rows), (_BOOTSTRAP, len(rows)))]
    low, high = np.quantile(drawn, [0.05, 0.95])
    quality = decision_quality(rows[PROBABILITIES].to_numpy(dtype=np.float64))
    sem = tuple(None if np.isnan(value) else float(value) for value in sem_at_cuts(theta, sd, cuts))
    return SkillQuality(
        skill,
        len(rows),
        _reliability(theta, sd),
        (float(low), float(high)),
        quality.accuracy,
        quality.consistency,
        sem,
    )


def _reliability(theta: Floats, sd: Floats) -> float:
    """EAP reliability: variance of the estimates over that plus the mean posterior variance."""
    spread = float(theta.var())
    return spread / (spread + float((sd**2).mean()))
