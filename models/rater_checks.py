"""Statistics of a rater's ways, beside what the model would make of the same design.

=============  =====================================================================================================
outfit, infit  mean squared residual, each over its variance, or all over all: above 1 erratic, below 1 muted
centrality     correlation of residual and expectation: negative where the middle is kept to, positive where ends are sought
entropy        of the marks used, over five equal parts of the scale, 0 (one mark) to 1 (all alike)
halo           correlation of residuals of one person's marks: one impression on all of them
profile        variance of residuals within a person: small where all marks of a person are alike
=============  =====================================================================================================

Infit alone misses centrality and halo, which is why they are looked for apart (Myford & Wolfe 2003, 2004, Journal of Applied Measurement 4:386, 5:189).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.foreseen import Foreseen

__all__ = ["STATISTICS", "rater_checks", "rater_statistics"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STATISTICS = ("outfit", "infit", "centrality", "entropy", "halo", "profile")

_PARTS = 5


def rater_statistics(found: Foreseen, score: Integers) -> dict[str, Floats]:
    """Every statistic of every rater, were these the scores: name -> (raters,). NaN where it is not defined."""
    count, rater = len(found.raters), found.rater
    residual = score - found.expected
    standard = residual / np.sqrt(found.variance)
    n = np.bincount(rater, minlength=count)
    square = np.bincount(rater, weights=standard**2, minlength=count) / n
    infit = np.bincount(rater, weights=residual**2, minlength=count) / np.bincount(
        rater, weights=found.variance, minlength=count
    )
    values = (square, infit, _correlation(rater, count, residual, found.expected), _entropy(found, score))
    return dict(zip(STATISTICS, (*values, *_within_person(found, residual, standard, square)), strict=True))


def rater_checks(found: Foreseen, *, rng: np.random.Generator, replicates: int = 200) -> pd.DataFrame:
    """Every rater's statistics beside those of drawn scores.

    Index rater, statistic. Columns: observed; expected, sd, low, high: mean, standard deviation and 2.5 % and 97.5 % quantiles of the drawn ones; z: how many
    of those deviations the observed one lies off; all NaN where the statistic is not defined.
    """
    observed = rater_statistics(found, found.score)
    drawn: dict[str, list[Floats]] = {name: [] for name in STATISTICS}
    for _ in range(replicates):
        for name, values in rater_statistics(found, found.draw(rng)).items():
            drawn[name].append(values)
    parts = []
    for name in STATISTICS:
        sample = np.array(drawn[name])
        defined = np.isfinite(sample).all(axis=0) & np.isfinite(observed[name])
        sample = np.where(defined, sample, 0.0)
        low, high = np.quantile(sample, [0.025, 0.975], axis=0)
        table = {"expected": sample.mean(axis=0), "sd": sample.std(axis=0, ddof=1), "low": low, "high": high}
        frame = pd.DataFrame({"observed": observed[name], **table}, index=found.raters)
        frame["z"] = (frame["observed"] - frame["expected"]) / frame["sd"].where(frame["sd"] > 0)
        frame[~defined] = np.nan
        parts.append(frame.assign(statistic=name))
    checks = pd.concat(parts).rename_axis("rater").set_index("statistic", append=True)
    return checks.loc[[(rater, name) for rater in found.raters for name in STATISTICS]]


def _correlation(code: Integers, count: int, first: Floats, second: Floats) -> Floats:
    """Correlation of two series within each code."""
    n = np.bincount(code, minlength=count)
    one, other = (values - (np.bincount(code, weights=values, minlength=count) / n)[code] for values in (first, second))
    sums = [np.bincount(code, weights=values, minlength=count) for values in (one * other, one**2, other**2)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(sums[1] * sums[2] > 1e-12, sums[0] / np.sqrt(sums[1] * sums[2]), np.nan))


def _entropy(found: Foreseen, score: Integers) -> Floats:
    part = np.minimum((score + 0.5) / found.categories * _PARTS, _PARTS - 1e-9).astype(np.int64)
    used = np.bincount(found.rater * _PARTS + part, minlength=len(found.raters) * _PARTS).reshape(-1, _PARTS)
    share = used / used.sum(axis=1, keepdims=True)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(-(share * logs).sum(axis=1) / np.log(_PARTS))


def _within_person(found: Foreseen, residual: Floats, standard: Floats, square: Floats) -> tuple[Floats, Floats]:
    """Correlation between, and variance among, the residuals of one person's marks by one rater."""
    count, pairs = len(found.raters), len(found.mean)
    owner = np.zeros(pairs, dtype=np.int64)
    owner[found.pair] = found.rater
    size = np.bincount(found.pair, minlength=pairs)
    total = np.bincount(found.pair, weights=standard, minlength=pairs)
    own = np.bincount(found.pair, weights=standard**2, minlength=pairs)
    products = np.bincount(owner, weights=total**2 - own, minlength=count)
    couples = np.bincount(owner, weights=size * (size - 1.0), minlength=count)
    plain = np.bincount(found.pair, weights=residual, minlength=pairs)
    squares = np.bincount(found.pair, weights=residual**2, minlength=pairs)
    scatter = np.bincount(owner, weights=squares - plain**2 / size, minlength=count)
    freedom = np.bincount(owner, weights=size - 1.0, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(products / couples / square), np.asarray(scatter / freedom)
