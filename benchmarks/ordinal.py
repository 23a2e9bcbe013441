"""Classifying ordered levels: ranked probability scores and calibration, beside well-known ways, on the same folds.

    python benchmarks/ordinal.py --data DIR [--sets NAME ..] [--folds 5] [--seed 0] [--json]

Every table in DIR is used that has numbers or words as features and whole numbers of 3 to 20 levels in its last column (and at
least 200 rows), with a header or with Ben-David's first line: rows, features, levels. Files that end in .expected.csv and tables
of ratings (a column of raters or ids) are left out. Each way of classifying predicts every fold of a
shuffled k-fold from the others, untuned; whatever a way chooses, it chooses inside the training part. statsmodels and mord take part where they are
installed. Printed per table: RPS (divided by K - 1), its difference to the best peer with the paired standard error, NLL, QWK of the median
level, cumulative ECE beside the mean and 95 % point of what true probabilities would show, coverage of 90 % conformal sets (cut from one random
half, judged on the other, mean of 20) beside the band of one half, and CPU seconds of this process, which keeps to
one thread.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from models.calibration import conformal_band, fit_conformal, reliability, set_coverage
from models.decisions import ranked_probability_score
from models.ordinal import AutoOrdinal, BoostedLevels, CumulativeLogit, FrankHall, clustered_se, spread_over

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Predict = Callable[[Floats, Ints, Floats, int], Floats]

OURS = "automatic choice (ours)"
HALVES = 20
ALPHA = 0.1
RATINGS = ("id", "rater", "judge", "observer", "subject", "worker", "patient", "annotator")


@dataclass(frozen=True, slots=True)
class Table:
    """X: (n, p). level: (n,) from 1. levels: the values they stand for."""

    name: str
    X: Floats
    level: Ints
    levels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way of classifying achieved on one table; gain: its RPS minus the best peer's, with paired standard error."""

    model: str
    peer: bool
    rps: float
    gain: float
    se: float
    nll: float
    qwk: float
    ece: float
    floor: float
    floor_p95: float
    coverage: float
    untied: float
    inside: float
    size: float
    cpu: float
    choices: tuple[str, ...]


def read(path: Path) -> Table | None:
    """The table of a file, or None if it is of another kind."""
    with path.open(encoding="utf-8") as lines:
        first = lines.readline()
    separator = ";" if first.count(";") > first.count(",") else ","
    head = first.strip().split(separator)
    bare = all(part.strip().lstrip("-").isdigit() for part in head)
    frame = pd.read_csv(path, sep=separator, header=None if bare else 0, skiprows=1 if bare else 0)
    if bare and (len(frame), frame.shape[1] - 1) != (int(head[0]), int(head[1])):
        return None
    frame = frame.dropna()
    if len(frame) < 200 or frame.shape[1] < 3 or not pd.api.types.is_numeric_dtype(frame.iloc[:, -1]):
        return None
    target = frame.iloc[:, -1].to_numpy(float)
    values = np.unique(target)
    if not (3 <= len(values) <= 20) or (values != np.round(values)).any():
        return None
    features = frame.iloc[:, :-1]
    if any(str(name).lower().startswith(RATINGS) for name in features.columns):
        return None
    features = features.set_axis([str(name) for name in features.columns], axis=1)
    X = pd.get_dummies(features, drop_first=True).to_numpy(float)
    level = np.searchsorted(values, target) + 1
    return Table(path.stem, X, level, tuple(int(value) for value in values))


def by_estimator(estimator: Any, chosen: list[str] | None = None) -> Predict:
    """Predict with a scikit-learn classifier; levels it has not seen get 0. chosen collects what an `AutoOrdinal` took."""

    def predict(X: Floats, level: Ints, others: Floats, count: int) -> Floats:
        fitted = clone(estimator).fit(X, level)
        if chosen is not None:
            chosen.append(fitted.choice_)
        return spread_over(fitted.predict_proba(others), fitted.classes_, np.arange(1, count + 1))

    return predict


def series(estimator: Any) -> Predict:
    """Frank and Hall's series of binary classifiers, differences below zero cut off, as usually done."""

    def predict(X: Floats, level: Ints, others: Floats, count: int) -> Floats:
        above = np.zeros((len(others), count + 1))
        above[:, 0] = 1.0
        for k in range(1, count):
            higher = level > k
            if higher.any() and not higher.all():
                above[:, k] = clone(estimator).fit(X, higher).predict_proba(others)[:, 1]
            else:
                above[:, k] = float(higher[0])
        share = np.clip(-np.diff(above, axis=1), 1e-9, None)
        return np.asarray(share / share.sum(axis=1, keepdims=True))

    return predict


def prior(X: Floats, level: Ints, others: Floats, count: int) -> Floats:
    """The levels' shares in the training part, for everybody."""
    return np.tile(np.bincount(level - 1, minlength=count) / len(level), (len(others), 1))


def ordered_model(X: Floats, level: Ints, others: Floats, count: int) -> Floats:
    """statsmodels' OrderedModel, logit."""
    model = importlib.import_module("statsmodels.miscmodels.ordinal_model").OrderedModel
    place, scale = X.mean(axis=0), np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
    kept = X.std(axis=0) > 0
    seen = np.unique(level)
    Z = ((X - place) / scale)[:, kept]
    fitted = model(np.searchsorted(seen, level), Z, distr="logit").fit(method="bfgs", disp=False, maxiter=500)
    return spread_over(
        fitted.model.predict(fitted.params, ((others - place) / scale)[:, kept]), seen, np.arange(1, count + 1)
    )


def logistic_at(X: Floats, level: Ints, others: Floats, count: int) -> Floats:
    """mord's LogisticAT (all thresholds), little penalty."""
    seen, codes = np.unique(level, return_inverse=True)
    fitted = make_pipeline(StandardScaler(), importlib.import_module("mord").LogisticAT(alpha=1.0)).fit(X, codes)
    return spread_over(fitted.predict_proba(others), seen, np.arange(1, count + 1))


def importable(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def peers() -> dict[str, Predict]:
    """Ways that are not ours."""
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    found: dict[str, Predict] = {
        "shares of levels": prior,
        "multinomial logistic regression": by_estimator(logistic),
        "Frank-Hall, logistic regression": series(logistic),
        "HistGradientBoosting": by_estimator(HistGradientBoostingClassifier(random_state=0)),
        "Frank-Hall, HistGradientBoosting": series(HistGradientBoostingClassifier(random_state=0)),
        "RandomForest (300, leaf 3)": by_estimator(
            RandomForestClassifier(300, min_samples_leaf=3, random_state=0, n_jobs=1)
        ),
    }
    if importable("statsmodels.miscmodels.ordinal_model"):
        found["statsmodels OrderedModel"] = ordered_model
    if importable("mord"):
        found["mord LogisticAT"] = logistic_at
    return found


def out_of_fold(table: Table, predict: Predict, folds: int, seed: int) -> tuple[Floats, float]:
    """Probabilities of each row from the other folds, and CPU seconds."""
    count = len(table.levels)
    found = np.empty((len(table.level), count))
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for train, test in KFold(folds, shuffle=True, random_state=seed).split(table.X):
            found[test] = predict(table.X[train], table.level[train], table.X[test], count)
    spent = time.process_time() - started
    found = np.clip(found, 0.0, None)
    return found / found.sum(axis=1, keepdims=True), spent


def halves(share: Floats, level: Ints) -> tuple[float, float, float, float]:
    """Means over random halves: coverage, coverage without ties, share of halves inside their band, size of the sets."""
    table = []
    for seed in range(HALVES):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(level))
        known, others = order[: len(level) // 2], order[len(level) // 2 :]
        parts = (share[known], level[known]), (share[others], level[others])
        found = set_coverage(fit_conformal(*parts[0], alpha=ALPHA), *parts, rng=rng)
        table.append((found.covered, found.untied, float(found.holds), found.size))
    coverage, untied, inside, size = np.mean(table, axis=0)
    return float(coverage), float(untied), float(inside), float(size)


def run(table: Table, folds: int, seed: int) -> list[Figures]:
    """All ways on one table, ours first."""
    chosen: list[str] = []
    ours: dict[str, Predict] = {
        OURS: by_estimator(AutoOrdinal(), chosen),
        "partial proportional odds (ours)": by_estimator(CumulativeLogit(partial=True)),
        "proportional odds (ours)": by_estimator(CumulativeLogit()),
        "Frank-Hall (ours)": by_estimator(FrankHall()),
        "boosting over thresholds (ours)": by_estimator(BoostedLevels()),
    }
    others = peers()
    stated = {name: out_of_fold(table, way, folds, seed) for name, way in {**ours, **others}.items()}
    score = {name: ranked_probability_score(share, table.level) for name, (share, _) in stated.items()}
    best = min(others, key=lambda name: float(score[name].mean()))
    found = []
    for name, (share, spent) in stated.items():
        judged = reliability(share, table.level, rng=np.random.default_rng(0), bootstrap=0)
        coverage, untied, inside, size = halves(share, table.level)
        apart = score[name] - score[best]
        found.append(
            Figures(
                model=name,
                peer=name in others,
                rps=judged.rps,
                gain=float(apart.mean()),
                se=clustered_se(apart),
                nll=judged.nll,
                qwk=judged.qwk,
                ece=judged.cumulative_ece,
                floor=judged.ece_floor_mean,
                floor_p95=judged.ece_floor_p95,
                coverage=coverage,
                untied=untied,
                inside=inside,
                size=size,
                cpu=spent,
                choices=tuple(chosen) if name == OURS else (),
            )
        )
    return found


def text(table: Table, rows: list[Figures]) -> str:
    half = len(table.level) // 2
    low, high = conformal_band(half, len(table.level) - half, ALPHA)
    best = min((row for row in rows if row.peer), key=lambda row: row.rps)
    lines = [
        f"{table.name}: {len(table.level)} rows, {table.X.shape[1]} features, {len(table.levels)} levels; 90 % sets: band of one half {low:.3f}-{high:.3f}",
        f"{'':36}{'RPS':>8}{'- best peer (se)':>20}{'NLL':>8}{'QWK':>7}{'cum. ECE':>10}{'floor, p95':>16}{'covered':>9}{'untied':>8}{'in band':>9}{'size':>6}{'CPU s':>8}",
    ]
    for row in sorted(rows, key=lambda row: (row.peer, row.rps)):
        apart = f"{row.gain:+.5f} ({row.se:.5f})" if row is not best else "best peer"
        lines.append(
            f"{row.model:36}{row.rps:8.5f}{apart:>20}{row.nll:8.4f}{row.qwk:7.3f}{row.ece:10.4f}{f'{row.floor:.4f}, {row.floor_p95:.4f}':>16}"
            f"{row.coverage:9.3f}{row.untied:8.3f}{row.inside:9.2f}{row.size:6.2f}{row.cpu:8.1f}"
        )
    ours = next(row for row in rows if row.model == OURS)
    verdict = "no worse" if ours.gain <= ours.se else "WORSE"
    lines.append(
        f"chosen in the folds: {', '.join(ours.choices)}; {verdict} than the best peer ({best.model}) by more than one paired standard error"
    )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder of csv files")
    parser.add_argument("--sets", nargs="*", help="names of files without .csv; all tables of the kind by default")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    paths = sorted(path for path in asked.data.glob("*.csv") if not path.name.endswith(".expected.csv"))
    if asked.sets:
        paths = [path for path in paths if path.stem in asked.sets]
    if not paths:
        parser.error(f"--data {asked.data}: there is no such folder, or no csv file to read in it")
    result: dict[str, Mapping[str, Any]] = {}
    for path in paths:
        table = read(path)
        if table is None:
            continue
        with threadpool_limits(limits=1):
            rows = run(table, asked.folds, asked.seed)
        result[table.name] = {"rows": len(table.level), "levels": table.levels, "models": [asdict(row) for row in rows]}
        if not asked.json:
            print(text(table, rows), end="\n\n", flush=True)
    if asked.json:
        print(json.dumps(result, indent=1))
    if not result:
        print(f"no table of ordered levels found in {asked.data}", file=sys.stderr)
    return 0 if result else 1


if __name__ == "__main__":
    raise SystemExit(main())
