"""Ranking the candidates of a case: a conditional logit, a logit on ranks within the case, or both, chosen by cases nobody is judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from promotion_scores import case_scores
from promotion_set import PromotionSet
from sklearn.linear_model import LogisticRegression

from inference.activity_design import SIGNS, transformed
from inference.folds import fold_of
from models.choice import ConditionalLogit
from models.ordinal import clustered_se

__all__ = ["FORMS", "OWN", "USUAL", "Cases", "Form", "Ranker", "baselines", "choose_form", "out_of_fold"]

Floats = NDArray[np.float64]

OWN = (
    *("own_3", "own_12", "own_36", "part_3", "part_12", "review_12", "subjects_12", "vouched_12", "vouchers_12"),
    *("last", "last_own", "tenure", "everywhere_12", "everywhere_tenure", "areas_12", "focus"),
)
"""What is told of each candidate; beside whom they stand comes from the case itself."""


@dataclass(frozen=True)
class Cases:
    """Candidates of many cases. frame: repo, case, person, promoted, key (repo and case), further (not one of the set's cases). X: transformed features, missing ones usual in the case."""

    frame: pd.DataFrame
    X: Floats

    @classmethod
    def of(cls, sets: Sequence[PromotionSet], *, training: bool = False) -> Cases:
        """The cases of sets. training: also who of an area's people at a new year held a level a year later (task B), as further cases."""
        frames, parts = [], []
        for one in sets:
            asked = [(one.cases[["case", "person", "promoted"]], one.case_features)]
            if training:
                rows = one.candidates()
                case = rows["area"] + "@" + rows["T"].astype("str")
                rows = rows.assign(case=case, promoted=(rows["y"] > 0).astype(int))
                rows = rows[rows.groupby("case")["promoted"].transform("max") > 0]
                asked.append((rows[["case", "person", "promoted"]], one.row_features))
            for further, (frame, features) in enumerate(asked):
                key = one.name + "/" + frame["case"].astype("str")
                frames.append(frame.assign(repo=one.name, key=key, further=bool(further)))
                parts.append(transformed(features.loc[frame.index, list(OWN)]))
        frame, X = pd.concat(frames, ignore_index=True), pd.concat(parts, ignore_index=True)
        return cls(frame, X.fillna(X.groupby(frame["key"]).transform("mean")).fillna(0.0).to_numpy())

    def take(self, rows: NDArray[Any]) -> Cases:
        return Cases(self.frame[rows].reset_index(drop=True), self.X[rows])

    def fold(self) -> NDArray[Any]:
        """Fold of each row: that of the first of the people promoted in its case."""
        promoted = self.frame[self.frame["promoted"] == 1].groupby("key")["person"].min()
        return self.frame["key"].map(promoted).fillna(self.frame["key"]).map(fold_of).to_numpy()

    def weights(self) -> dict[str, float]:
        """By case, so that every set counts the same."""
        cases = self.frame.drop_duplicates("key")
        each = cases["repo"].map(len(cases) / cases["repo"].nunique() / cases["repo"].value_counts())
        return dict(zip(cases["key"], each, strict=True))

    def ranks(self) -> Floats:
        """Distance from the case's mean and percentile in the case, per feature, and the case's size."""
        X, key = pd.DataFrame(self.X), self.frame["key"]
        apart = X - X.groupby(key).transform("mean")
        size = np.log(key.groupby(key).transform("size"))
        return np.column_stack([apart, X.groupby(key).rank(pct=True), size])


@dataclass(frozen=True)
class Form:
    """kind: "choice" (conditional logit), "ranks" (logit on ranks) or "both" (their mean within the case). C: prior variance of slopes."""

    kind: str
    C: float


USUAL = Form("both", 0.01)
"""Taken unless another ranks clearly better where it was not fitted."""

FORMS = tuple(Form(kind, C) for kind in ("both", "choice", "ranks") for C in (0.003, 0.01, 0.03))

MARGIN = 2.0
"""Standard errors a form must gain: eight are tried."""


@dataclass(frozen=True)
class Ranker:
    """A fitted form."""

    form: Form
    choice: ConditionalLogit
    ranks: LogisticRegression
    mean: Floats
    scale: Floats

    @classmethod
    def fit(cls, cases: Cases, form: Form) -> Ranker:
        frame = cases.frame
        weights = cases.weights()
        choice = ConditionalLogit(form.C, monotone=[SIGNS[name] for name in OWN])
        choice.fit(cases.X, frame["promoted"], groups=frame["key"], case_weight=weights)
        R = cases.ranks()
        mean, scale = R.mean(axis=0), R.std(axis=0) + 1e-9
        ranks = LogisticRegression(C=form.C, max_iter=2_000)
        ranks.fit((R - mean) / scale, frame["promoted"], sample_weight=frame["key"].map(weights))
        return cls(form, choice, ranks, mean, scale)

    def score(self, cases: Cases) -> Floats:
        utility = self.choice.decision_function(cases.X)
        by_rank = self.ranks.decision_function((cases.ranks() - self.mean) / self.scale)
        if self.form.kind != "both":
            return np.asarray(utility if self.form.kind == "choice" else by_rank)
        key = cases.frame["key"]
        return _within(utility, key) + _within(by_rank, key)


def _within(score: Floats, key: pd.Series) -> Floats:
    values = pd.Series(score)
    by_case = values.groupby(key.to_numpy())
    spread = by_case.transform("std").fillna(0.0)
    return ((values - by_case.transform("mean")) / spread.where(spread > 0, 1.0)).to_numpy()


def choose_form(cases: Cases) -> tuple[Form, dict[str, list[float]]]:
    """`USUAL`, unless a form is better by more than `MARGIN` standard errors on people left out; and by form mean gain and its standard error.

    The gain is in the mean of AUC and reciprocal rank over the cases, every set counting the same; cases of one promoted person stay together.
    """
    fold = cases.fold()
    scores = {form: _inner(cases, fold, form) for form in FORMS}
    usual = scores[USUAL]
    weight = (len(usual) / usual["repo"].map(usual["repo"].value_counts())).to_numpy()
    gains = {}
    for form, each in scores.items():
        gain = (each["value"] - usual["value"]).to_numpy()
        gains[form] = (float(np.average(gain, weights=weight)), clustered_se(gain, usual["key"], weight))
    best = max(FORMS, key=lambda form: gains[form][0])
    chosen = best if gains[best][0] > MARGIN * gains[best][1] else USUAL
    return chosen, {f"{form.kind} {form.C:g}": [round(v, 4) for v in gains[form]] for form in FORMS}


def _inner(cases: Cases, fold: NDArray[Any], form: Form) -> pd.DataFrame:
    """Scores of real cases by rankers that did not see the people promoted in them."""
    judged = []
    for number in np.unique(fold):
        inside = fold == number
        if inside.all():
            raise ValueError("all promotions fall into one fold: too few promoted people to choose a form by")
        held = cases.take(inside)
        score = Ranker.fit(cases.take(~inside), form).score(held)
        for name in held.frame["repo"].unique():
            rows = ((held.frame["repo"] == name) & ~held.frame["further"]).to_numpy()
            if rows.any():
                judged.append(case_scores(str(name), held.frame[rows], score[rows]))
    found = pd.concat(judged, ignore_index=True)
    return found.assign(value=(found["auc"] + found["mrr"]) / 2)


def out_of_fold(cases: Cases, asked: Cases, form: Form) -> Floats:
    """Scores of `asked` by rankers that did not see the people promoted in them, where there is no other set to learn from."""
    score = np.zeros(len(asked.frame))
    fold, known = asked.fold(), cases.fold()
    for number in np.unique(fold):
        rows = fold == number
        score[rows] = Ranker.fit(cases.take(known != number), form).score(asked.take(rows))
    return score


def baselines(one: PromotionSet, train: Sequence[PromotionSet]) -> dict[str, Floats]:
    """Scores by row of the set's cases. The logistic regressions alone use the ready features of cases.parquet, untuned (C = .3)."""
    cases = one.cases
    found = {
        "commit count": cases["c_all"].to_numpy(dtype=float),
        "degree of authorship": cases["doa_sum"].to_numpy(dtype=float),
        "decayed commits": cases["c_decay"].to_numpy(dtype=float),
        "decayed commits + reviews": one.decayed_with_reviews,
        "recency": -cases["last_days"].to_numpy(dtype=float),
    }
    about = ["case", "area", "cutoff", "person", "promoted", "self_edit", "n_ups"]
    ready = [name for name in cases.columns if name not in about and not name.startswith("ctx_")]
    reviews = ("rev", "ack", "test", "coauth", "pct_rev", "rank_rev")
    for name, columns in {
        "logistic, all ready features": ready,
        "logistic, ready commit features": [column for column in ready if not column.startswith(reviews)],
    }.items():
        if train:
            known = pd.concat([other.cases for other in train])
            found[name] = _logistic(known[columns], known["promoted"], cases[columns])
    return found


def _logistic(known: pd.DataFrame, promoted: pd.Series, asked: pd.DataFrame) -> Floats:
    train, test = (np.sign(X) * np.log1p(np.abs(X)) for X in (known.fillna(0.0), asked.fillna(0.0)))
    mean, scale = train.mean(), train.std() + 1e-9
    model = LogisticRegression(C=0.3, max_iter=5_000).fit((train - mean) / scale, promoted)
    return np.asarray(model.decision_function((test - mean) / scale))


if __name__ == "__main__":
    print(f"{__doc__}\nA part of `python benchmarks/promotion.py`: run that.")
